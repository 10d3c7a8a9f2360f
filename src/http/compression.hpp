#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Content codings (RFC 9110 §8.4.1, §12.5.3): Accept-Encoding -> coding, body -> coded body. Pure. Inbound: connection.

namespace fanfare::http {

enum class coding : std::uint8_t { identity, gzip, deflate };

/// The coding the peer likes best; of equals gzip, then deflate.
[[nodiscard]] coding choose_coding(std::string_view accept_encoding) noexcept;
[[nodiscard]] std::string_view to_string(coding which) noexcept;
/// nullopt when zlib has no memory: the body then goes as it is.
[[nodiscard]] std::optional<std::string> compress(coding which, std::string_view body);

}  // namespace fanfare::http
