#pragma once

#include <atomic>
#include <chrono>
#include <random>

#include <fanfare/base/world.hpp>

namespace fanfare::test {

/// A world of a test's own: its time stands still until told, its chance comes from a seed.
class fake_world : public world {
 public:
  explicit fake_world(std::uint64_t seed = 1) : random_(seed) {}
  [[nodiscard]] std::chrono::system_clock::time_point now() const override { return now_; }
  [[nodiscard]] steady_time steady_now() const override { return steady_now_; }
  void random_bytes(std::span<unsigned char> out) const override {
    for (auto& byte : out) byte = static_cast<unsigned char>(random_());
  }
  void pass(std::chrono::milliseconds span) {
    now_ += span;
    steady_now_ += span;
  }

 private:
  std::chrono::system_clock::time_point now_{std::chrono::seconds{1700000000}};
  steady_time steady_now_{std::chrono::hours{1}};
  mutable std::mt19937_64 random_;
};

/// The real one, whose clocks a test sets forward.
class shifted_world : public world {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point now() const override {
    return real_world().now() + std::chrono::seconds(ahead_s.load());
  }
  [[nodiscard]] steady_time steady_now() const override {
    return real_world().steady_now() + std::chrono::seconds(steady_ahead_s.load());
  }
  void random_bytes(std::span<unsigned char> out) const override { real_world().random_bytes(out); }
  std::atomic<int> ahead_s{0}, steady_ahead_s{0};
};

}  // namespace fanfare::test
