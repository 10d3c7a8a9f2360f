// Each line of the input is parsed and written again, compact or, asked with `pretty`, indented; a line that is no
// JSON gives "refused". Asked with `doubles`, numbers are written as the doubles they are, not as they were spelt.
// A NUL ends each answer, as indented text has line breaks of its own.
#include <iostream>
#include <string>
#include <string_view>

#include <fanfare/base/json.hpp>

int main(int count, char** arguments) {
  const std::string_view mode = count > 1 ? arguments[1] : "compact";
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const auto parsed = fanfare::json::parse(line);
    if (!parsed) {
      std::cout << "refused";
    } else if (mode == "pretty") {
      std::cout << fanfare::json::write_pretty(*parsed);
    } else if (mode == "doubles") {
      std::cout << fanfare::json::write(parsed->as_double());
    } else {
      std::cout << fanfare::json::write(*parsed);
    }
    std::cout << '\0';
  }
  return 0;
}
