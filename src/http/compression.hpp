#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>

// Content codings (RFC 9110 §8.4.1, §12.5.3): Accept-Encoding -> coding, body <-> coded body. Pure. Inbound:
// connection.

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
/// Never makes more than `bytes_max`. Fails: payload_too_large past it, bad_request (malformed, or cut short),
/// overload (no memory).
[[nodiscard]] result<std::string> decompress(coding which, std::string_view body, std::size_t bytes_max);

}  // namespace fanfare::http
