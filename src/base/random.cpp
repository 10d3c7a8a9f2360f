#include <algorithm>
#include <stdexcept>

#include <openssl/rand.h>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/random.hpp>

namespace fanfare {

void random_bytes(std::span<unsigned char> out) {
  while (!out.empty()) {
    const auto part = out.first(std::min<std::size_t>(out.size(), 1 << 20));  // RAND_bytes counts in int
    if (RAND_bytes(part.data(), static_cast<int>(part.size())) != 1) throw std::runtime_error("no randomness");
    out = out.subspan(part.size());
  }
}

std::string random_id(std::size_t bytes) {
  std::string raw(bytes, '\0');
  random_bytes({reinterpret_cast<unsigned char*>(raw.data()), raw.size()});
  return base64url_encode(raw);
}

}  // namespace fanfare
