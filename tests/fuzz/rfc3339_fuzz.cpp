// A time that parses comes back the same from its own text.
#include <fanfare/base/rfc3339.hpp>

#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  const auto text = fuzz::as_text(data, size);
  const auto time = parse_rfc3339(text);
  fuzz::require(is_rfc3339(text) == time.has_value(), "is_rfc3339 agrees with parse_rfc3339");
  if (!time) return 0;
  const auto written = format_rfc3339(*time);
  const auto again = parse_rfc3339(written);
  fuzz::require(again.has_value(), "what is written parses");
  // An offset may carry a time out of the years that four digits spell; those are clamped.
  if (*again != *time) {
    const auto first = parse_rfc3339("0000-01-01T00:00:00Z"), last = parse_rfc3339("9999-12-31T23:59:59.999Z");
    fuzz::require(*time < *first || *time > *last, "parse(format(x)) = x");
  }
  return 0;
}
