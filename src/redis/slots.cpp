#include "redis/slots.hpp"

#include <algorithm>
#include <optional>

namespace fanfare::redis {

namespace {

constexpr std::uint16_t polynomial = 0x1021;

constexpr auto crc_table = [] {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned rest = byte << 8;
    for (int bit = 0; bit < 8; ++bit) rest = (rest & 0x8000U) != 0 ? (rest << 1) ^ polynomial : rest << 1;
    table[byte] = static_cast<std::uint16_t>(rest);
  }
  return table;
}();

error malformed(std::string_view what) { return {errc::protocol_violation, "redis: " + std::string(what), {}}; }

// A node that does not know its own name answers "" or null: it is the one that was asked, by the name it was asked by.
std::optional<endpoint> node_at(const reply* host, const reply* port, const endpoint& asked) {
  if (port == nullptr || port->type != reply::kind::integer || port->integer < 1 || port->integer > 65535) return {};
  const bool known = host != nullptr && !host->text.empty() && host->text != "?";
  return endpoint{known ? host->text : asked.host, static_cast<std::uint16_t>(port->integer)};
}

std::optional<endpoint> master_in(const reply& nodes, const endpoint& asked, bool secure) {
  for (const auto& node : nodes.elements) {
    const auto* const role = node.find("role");
    if (role == nullptr || role->text != "master") continue;
    const auto* const health = node.find("health");
    if (health != nullptr && health->text == "fail") continue;
    const auto* host = node.find("endpoint");
    if (host == nullptr || host->text.empty() || host->text == "?") host = node.find("ip");
    const auto* port = secure ? node.find("tls-port") : nullptr;
    if (port == nullptr) port = node.find("port");
    return node_at(host, port, asked);
  }
  return {};
}

}  // namespace

std::uint16_t crc16(std::string_view bytes) noexcept {
  unsigned crc = 0;
  for (const unsigned char byte : bytes) crc = ((crc << 8) ^ crc_table[((crc >> 8) ^ byte) & 0xFFU]) & 0xFFFFU;
  return static_cast<std::uint16_t>(crc);
}

std::uint16_t slot_of(std::string_view key) noexcept {
  if (const auto open = key.find('{'); open != std::string_view::npos) {
    const auto close = key.find('}', open + 1);
    if (close != std::string_view::npos && close != open + 1) key = key.substr(open + 1, close - open - 1);
  }
  return crc16(key) % slot_count;
}

result<slot_map> slot_map::from_shards(const reply& answer, const endpoint& asked, bool secure) {
  slot_map out;
  if (answer.type != reply::kind::array) return malformed("CLUSTER SHARDS is no list");
  for (const auto& shard : answer.elements) {
    const auto* const ranges = shard.find("slots");
    const auto* const nodes = shard.find("nodes");
    if (ranges == nullptr || nodes == nullptr) return malformed("a shard lacks slots or nodes");
    const auto master = master_in(*nodes, asked, secure);
    if (!master) continue;  // its slots have nobody until a replica takes over
    for (std::size_t i = 0; i + 1 < ranges->elements.size(); i += 2) {
      const auto done = out.assign(ranges->elements[i].integer, ranges->elements[i + 1].integer, *master);
      if (!done) return done.error();
    }
  }
  return out;
}

result<slot_map> slot_map::from_slots(const reply& answer, const endpoint& asked) {
  slot_map out;
  if (answer.type != reply::kind::array) return malformed("CLUSTER SLOTS is no list");
  for (const auto& range : answer.elements) {
    if (range.elements.size() < 3 || range.elements[2].elements.size() < 2)
      return malformed("a slot range is too short");
    const auto& node = range.elements[2].elements;
    const auto master = node_at(&node[0], &node[1], asked);
    if (!master) return malformed("a node has no port");
    const auto done = out.assign(range.elements[0].integer, range.elements[1].integer, *master);
    if (!done) return done.error();
  }
  return out;
}

const endpoint* slot_map::master_of(std::uint16_t slot) const noexcept {
  const auto owner = slot < slot_count ? owners_[slot] : 0;
  return owner == 0 ? nullptr : &masters_[owner - 1U];
}

void slot_map::move(std::uint16_t slot, const endpoint& to) {
  if (slot < slot_count) owners_[slot] = index_of(to);
}

bool slot_map::complete() const noexcept {
  return std::none_of(owners_.begin(), owners_.end(), [](auto owner) { return owner == 0; });
}

std::uint16_t slot_map::index_of(const endpoint& node) {
  auto found = std::find(masters_.begin(), masters_.end(), node);
  if (found == masters_.end()) found = masters_.insert(found, node);
  return static_cast<std::uint16_t>(found - masters_.begin() + 1);
}

result<void> slot_map::assign(std::int64_t first, std::int64_t last, const endpoint& node) {
  if (first < 0 || last < first || last >= slot_count) return malformed("a slot range is out of range");
  const auto owner = index_of(node);
  std::fill(owners_.begin() + first, owners_.begin() + last + 1, owner);
  return {};
}

}  // namespace fanfare::redis
