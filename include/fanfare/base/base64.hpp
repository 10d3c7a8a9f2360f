#pragma once

#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>

namespace fanfare {

/// RFC 4648 §4: the standard alphabet, padded.
[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// RFC 4648 §5: safe in URLs and file names, without padding (as RFC 7515 writes it).
[[nodiscard]] std::string base64url_encode(std::string_view bytes);

enum class base64_rule : unsigned char {
  strict,   // §4 to the letter: padded, no other character, no bit set past the last byte
  lenient,  // as Node's Buffer reads: either alphabet, padding or none, white space skipped, spare bits ignored
};

/// Fails: bad_request.
[[nodiscard]] result<std::string> base64_decode(std::string_view text, base64_rule rule = base64_rule::strict);
/// §5 without padding, strict. Fails: bad_request.
[[nodiscard]] result<std::string> base64url_decode(std::string_view text);

}  // namespace fanfare
