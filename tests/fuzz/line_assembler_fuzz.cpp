// The same lines however the bytes are cut, each as splitting the whole text at its newlines would find it, none past
// the bound, and no more held than one.
#include <string>
#include <vector>

#include "api/publish/line_assembler.hpp"
#include "fuzz_input.hpp"

namespace {

using namespace fanfare;
using fuzz::require;

constexpr std::size_t line_bytes_max = 16;

struct found {
  std::uint64_t number;
  std::string text;
  bool too_long;
  bool operator==(const found&) const = default;
};

std::vector<found> split(std::string_view text) {
  std::vector<found> out;
  for (std::uint64_t number = 1; !text.empty(); ++number) {
    auto line = fuzz::take_until(text, '\n');
    if (line.size() > line_bytes_max) {
      out.push_back({number, {}, true});
      continue;
    }
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) continue;
    out.push_back({number, std::string(line.substr(first, line.find_last_not_of(" \t\r") - first + 1)), false});
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::as_text(data, size);
  const auto wanted = split(bytes);
  for (const auto how : fuzz::cuts) {
    api::line_assembler lines(line_bytes_max);
    std::vector<found> seen;
    const auto add = [&seen](const auto& line) {
      seen.push_back({line.number, std::string(line.text), line.too_long});
    };
    fuzz::feed_in_parts(bytes, how, [&](const char* part, std::size_t length) {
      std::string_view input(part, length);
      while (const auto line = lines.next(input)) add(*line);
      require(input.empty(), "what holds no line is taken whole");
      return true;
    });
    if (const auto line = lines.finish()) add(*line);
    require(!lines.finish(), "the last line comes once");
    require(seen == wanted, "the same lines however the bytes are cut");
  }
  return 0;
}
