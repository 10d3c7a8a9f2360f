// A cursor has one spelling: what parses is what to_text gives.
#include <string>

#include "fuzz_input.hpp"
#include "history/cursor.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  const auto text = fuzz::as_text(data, size);
  const auto read = history::parse_cursor(text);
  if (!read) return 0;
  fuzz::require(history::to_text(read->epoch, read->position) == text, "to_text(parse(x)) = x");
  return 0;
}
