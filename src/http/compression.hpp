#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>

// Content codings (RFC 9110 §8.4.1, §12.5.3): Accept-Encoding -> coding, body <-> coded body. Pure. Inbound:
// connection.

struct z_stream_s;  // zlib's

namespace fanfare::http {

enum class coding : std::uint8_t { identity, gzip, deflate };

/// The coding the peer likes best; of equals gzip, then deflate.
[[nodiscard]] coding choose_coding(std::string_view accept_encoding) noexcept;
[[nodiscard]] std::string_view to_string(coding which) noexcept;
/// nullopt when zlib has no memory: the body then goes as it is.
[[nodiscard]] std::optional<std::string> compress(coding which, std::string_view body);

/// What a request's Content-Encoding names. Fails: unsupported_media_type for any other coding, or more than one.
[[nodiscard]] result<coding> parse_coding(std::string_view content_encoding) noexcept;
/// The codings that parse_coding() knows, as Accept-Encoding tells them.
inline constexpr std::string_view accepted_codings = "gzip, deflate";

/// A coded body, decoded as it comes. Holds zlib's state, 40 kB or so.
class body_decoder {
 public:
  explicit body_decoder(coding which);
  /// Appends what the front of `input` decodes to, `bytes_max` at most, and takes that front off. True while there is
  /// more to come of what was given so far. Fails: bad_request (malformed, or it goes on after its end), overload (no
  /// memory).
  [[nodiscard]] result<bool> decode(std::string_view& input, std::string& out, std::size_t bytes_max);
  /// Whether the body may end here. Fails: bad_request, cut short.
  [[nodiscard]] result<void> finish() const;

 private:
  struct inflate_end {
    void operator()(z_stream_s* stream) const noexcept;
  };
  coding which_;
  std::unique_ptr<z_stream_s, inflate_end> stream_;
  bool ended_ = false;    // at the end of a member
  bool pending_ = false;  // zlib holds output back
};

/// Never makes more than `bytes_max`. Fails: payload_too_large past it, bad_request (malformed, or cut short),
/// overload (no memory).
[[nodiscard]] result<std::string> decompress(coding which, std::string_view body, std::size_t bytes_max);

}  // namespace fanfare::http
