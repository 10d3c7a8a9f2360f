#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace fanfare {

/// Unpredictable bytes (OpenSSL's generator): fit for session ids and secrets. Throws std::runtime_error when the
/// system has no randomness, which nothing can go on from. Thread: any.
void random_bytes(std::span<unsigned char> out);

/// `bytes` of randomness as base64url: 15 make the 20 characters of a Socket.IO id. Thread: any.
[[nodiscard]] std::string random_id(std::size_t bytes = 15);

}  // namespace fanfare
