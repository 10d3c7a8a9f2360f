// decode(encode(x)) = x; strict decoding takes only what encoding gives; lenient decoding takes at least that.
#include <algorithm>
#include <string>

#include <fanfare/base/base64.hpp>

#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  using fuzz::require;
  const auto bytes = fuzz::as_text(data, size);
  const auto standard = base64_encode(bytes);
  const auto url = base64url_encode(bytes);
  require(standard.size() == (size + 2) / 3 * 4, "four characters for three bytes");
  const auto back = base64_decode(standard);
  require(back.has_value() && *back == bytes, "decode(encode(x)) = x");
  const auto url_back = base64url_decode(url);
  require(url_back.has_value() && *url_back == bytes, "url: decode(encode(x)) = x");
  for (const auto& text : {standard, url}) {
    const auto lenient = base64_decode(text, base64_rule::lenient);
    require(lenient.has_value() && *lenient == bytes, "lenient reads either alphabet");
  }

  if (const auto strict = base64_decode(bytes)) {
    require(base64_encode(*strict) == bytes, "strict takes one spelling only");
    const auto lenient = base64_decode(bytes, base64_rule::lenient);
    require(lenient.has_value() && *lenient == *strict, "lenient takes what strict takes");
  }
  if (const auto strict = base64url_decode(bytes))
    require(base64url_encode(*strict) == bytes, "url: one spelling only");
  if (const auto lenient = base64_decode(bytes, base64_rule::lenient)) {
    require(lenient->size() <= size / 4 * 3 + 2, "never more than three bytes from four characters");
  }
  return 0;
}
