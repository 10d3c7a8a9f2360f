// JSON text: what parses is written, and what was written parses to the same value and is written the same again.

#include <cstdlib>

#include <fanfare/base/json.hpp>

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  const auto first = fanfare::json::parse({data, size});
  if (!first) return 0;
  const std::string text = fanfare::json::write(first.value());
  const auto second = fanfare::json::parse(text);
  if (!second || !(second.value() == first.value()) || fanfare::json::write(second.value()) != text) std::abort();
  return 0;
}
