#pragma once

// Keys -> slots -> masters, as the Redis Cluster specification has it. Pure. Inbound: batch, cluster_client.
// Outbound: cluster_client picks a connection.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>

#include "redis/resp_codec.hpp"
#include "redis/url.hpp"

namespace fanfare::redis {

constexpr std::uint16_t slot_count = 16384;

/// CRC-16/XMODEM, as in the specification's appendix A.
[[nodiscard]] std::uint16_t crc16(std::string_view bytes) noexcept;
/// The slot of a key or a shard channel, 0 to 16383: of what stands between its first { and the next }, if that is
/// not empty ("Hash tags").
[[nodiscard]] std::uint16_t slot_of(std::string_view key) noexcept;

/// Which master serves which slot. Thread: one.
class slot_map {
 public:
  /// From the answer to CLUSTER SHARDS (Redis 7) or CLUSTER SLOTS. `asked` stands in where a node does not know its own
  /// host ("" or null), `secure` takes a shard's tls-port. Fails: protocol_violation.
  [[nodiscard]] static result<slot_map> from_shards(const reply& answer, const endpoint& asked, bool secure);
  [[nodiscard]] static result<slot_map> from_slots(const reply& answer, const endpoint& asked);

  /// nullptr: nobody serves it.
  [[nodiscard]] const endpoint* master_of(std::uint16_t slot) const noexcept;
  /// What one MOVED says.
  void move(std::uint16_t slot, const endpoint& to);
  /// In order of first mention, each once.
  [[nodiscard]] const std::vector<endpoint>& masters() const noexcept { return masters_; }
  [[nodiscard]] bool complete() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return masters_.empty(); }

 private:
  [[nodiscard]] std::uint16_t index_of(const endpoint& node);
  [[nodiscard]] result<void> assign(std::int64_t first, std::int64_t last, const endpoint& node);

  std::vector<endpoint> masters_;
  std::array<std::uint16_t, slot_count> owners_{};  // 0: nobody, else an index into masters_ and one
};

}  // namespace fanfare::redis
