// Each line of the input is parsed and written again, compact or, asked with `pretty`, indented; a line that is no
// JSON gives "refused". A NUL ends each answer, as indented text has line breaks of its own.
#include <iostream>
#include <string>
#include <string_view>

#include <fanfare/base/json.hpp>

int main(int count, char** arguments) {
  const bool pretty = count > 1 && std::string_view(arguments[1]) == "pretty";
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const auto parsed = fanfare::json::parse(line);
    if (!parsed) {
      std::cout << "refused";
    } else {
      std::cout << (pretty ? fanfare::json::write_pretty(*parsed) : fanfare::json::write(*parsed));
    }
    std::cout << '\0';
  }
  return 0;
}
