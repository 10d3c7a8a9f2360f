#include <algorithm>
#include <stdexcept>

#include <openssl/rand.h>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/world.hpp>

namespace fanfare {

namespace {

class machine final : public world {
 public:
  [[nodiscard]] std::chrono::system_clock::time_point now() const override { return std::chrono::system_clock::now(); }
  [[nodiscard]] steady_time steady_now() const override { return std::chrono::steady_clock::now(); }
  void random_bytes(std::span<unsigned char> out) const override {
    while (!out.empty()) {
      const auto part = out.first(std::min<std::size_t>(out.size(), 1 << 20));  // RAND_bytes counts in int
      if (RAND_bytes(part.data(), static_cast<int>(part.size())) != 1) throw std::runtime_error("no randomness");
      out = out.subspan(part.size());
    }
  }
};

}  // namespace

std::string world::random_id(std::size_t bytes) const {
  std::string raw(bytes, '\0');
  random_bytes({reinterpret_cast<unsigned char*>(raw.data()), raw.size()});
  return base64url_encode(raw);
}

const world& real_world() noexcept {
  static const machine only;
  return only;
}

}  // namespace fanfare
