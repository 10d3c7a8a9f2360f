#include "engineio/session_id.hpp"

#include <array>
#include <cstddef>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/world.hpp>

namespace fanfare::engineio {

namespace {
constexpr std::size_t id_bytes = 15;
constexpr std::size_t worker_byte = 14;
constexpr std::size_t mask_byte = 5;
}  // namespace

std::string make_session_id(unsigned worker, const world& around) {
  std::array<unsigned char, id_bytes> bytes{};
  around.random_bytes(bytes);
  bytes[worker_byte] = static_cast<unsigned char>(worker ^ bytes[mask_byte]);
  return base64url_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<unsigned> worker_of(std::string_view session_id) noexcept {
  if (session_id.size() != id_bytes * 4 / 3) return std::nullopt;
  const auto bytes = base64url_decode(session_id);
  if (!bytes || (*bytes).size() != id_bytes) return std::nullopt;
  return static_cast<unsigned char>((*bytes)[worker_byte]) ^ static_cast<unsigned char>((*bytes)[mask_byte]);
}

}  // namespace fanfare::engineio
