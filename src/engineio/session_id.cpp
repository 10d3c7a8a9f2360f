#include "engineio/session_id.hpp"

#include <array>
#include <cstddef>
#include <span>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/world.hpp>

namespace fanfare::engineio {

namespace {

constexpr std::size_t id_bytes = 15;
constexpr std::size_t place_byte = 12;  // node (high byte first), worker
constexpr std::size_t mask_byte = 5;    // and the two behind it

}  // namespace

std::string make_session_id(session_place owner, const world& around) {
  std::array<unsigned char, id_bytes> bytes{};
  around.random_bytes(std::span(bytes).first(place_byte));
  bytes[place_byte] = static_cast<unsigned char>((owner.node >> 8U) ^ bytes[mask_byte]);
  bytes[place_byte + 1] = static_cast<unsigned char>((owner.node & 0xFFU) ^ bytes[mask_byte + 1]);
  bytes[place_byte + 2] = static_cast<unsigned char>(owner.worker ^ bytes[mask_byte + 2]);
  return base64url_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<session_place> place_of(std::string_view session_id) noexcept {
  if (session_id.size() != id_bytes * 4 / 3) return std::nullopt;
  const auto bytes = base64url_decode(session_id);
  if (!bytes || (*bytes).size() != id_bytes) return std::nullopt;
  const auto unmasked = [&text = *bytes](std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(text[place_byte + at] ^ text[mask_byte + at]));
  };
  return session_place{static_cast<std::uint16_t>(unmasked(0) << 8U | unmasked(1)), unmasked(2)};
}

}  // namespace fanfare::engineio
