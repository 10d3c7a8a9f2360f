#pragma once

#include <string>
#include <string_view>

namespace fanfare {

/// Raw digests, as many bytes as the algorithm gives. SHA-1 is for the WebSocket handshake (RFC 6455 §4.2.2) and
/// nothing else. All throw std::runtime_error when OpenSSL refuses (its provider lacks the algorithm, no memory).
/// Thread: any.
[[nodiscard]] std::string sha1(std::string_view message);                               // 20 bytes
[[nodiscard]] std::string sha256(std::string_view message);                             // 32 bytes
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view message);  // 32 bytes, RFC 2104

/// Lower-case hexadecimal.
[[nodiscard]] std::string hex(std::string_view bytes);
[[nodiscard]] std::string sha256_hex(std::string_view message);

/// Takes as long whether and wherever the texts differ, so that a secret cannot be guessed byte by byte. Only
/// the lengths show.
[[nodiscard]] bool constant_time_equal(std::string_view a, std::string_view b) noexcept;

}  // namespace fanfare
