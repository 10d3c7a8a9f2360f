// Any text either fails to parse or comes back the same from its own writing, plain and pretty.
#include <string>

#include <fanfare/base/json.hpp>
#include <fanfare/base/utf8.hpp>

#include "fuzz_input.hpp"

using fanfare::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fanfare::fuzz::as_text(data, size);
  const auto first = fanfare::json::parse(text);
  if (!first) return 0;
  require(fanfare::is_valid_utf8(text), "what parses is UTF-8");
  require(!first->has_binary(), "no text makes binary");

  const std::string written = fanfare::json::write(*first);
  require(fanfare::is_valid_utf8(written), "what is written is UTF-8");
  const auto second = fanfare::json::parse(written);
  require(second.has_value(), "what is written parses");
  require(*second == *first, "parse(write(x)) = x");
  require(fanfare::json::write(*second) == written, "writing is stable");

  const auto pretty = fanfare::json::parse(fanfare::json::write_pretty(*first));
  require(pretty.has_value() && *pretty == *first, "parse(write_pretty(x)) = x");
  require(fanfare::json::write(*pretty) == written, "pretty printing changes white space alone");
  return 0;
}
