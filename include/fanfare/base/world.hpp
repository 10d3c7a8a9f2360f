#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include <fanfare/base/executor.hpp>

namespace fanfare {

/// What a program takes from outside beside its peers: time and chance. A test or a simulation gives its own; timers
/// are the executor's. Thread: any.
class world {
 public:
  virtual ~world() = default;

  /// The calendar's time, which may be set.
  [[nodiscard]] virtual std::chrono::system_clock::time_point now() const = 0;
  /// Time that only grows, as the workers count it.
  [[nodiscard]] virtual steady_time steady_now() const = 0;
  /// Unpredictable bytes: fit for session ids and secrets. Throws std::runtime_error when there is no randomness, which
  /// nothing can go on from.
  virtual void random_bytes(std::span<unsigned char> out) const = 0;

  /// `bytes` of randomness as base64url: 15 make the 20 characters of a Socket.IO id.
  [[nodiscard]] std::string random_id(std::size_t bytes = 15) const;
  /// now() as Unix time.
  [[nodiscard]] std::int64_t unix_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count();
  }
};

/// The machine's clocks and OpenSSL's generator.
[[nodiscard]] const world& real_world() noexcept;

}  // namespace fanfare
