#pragma once

// What a session has still to send, with the policy of who gives way: the byte bound, conflation, batches. Pure.
// Inbound: socket::send. Outbound next: polling_transport and websocket_transport, which take batches.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fanfare/engineio/packet.hpp>

namespace fanfare::engineio {

class send_queue {
 public:
  /// A queue of many small packets holds its bookkeeping as well: the bound counts it.
  static constexpr std::size_t entry_overhead_bytes = 64;

  /// One group: a packet and its attachments, which stay together. An unsent group of the same key goes first, so
  /// that the newest of a key stands at its own place in time and cursors rise along the queue.
  /// Returns how many packets were conflated away.
  std::size_t push(const std::vector<outbound>& group, bool compress, std::string_view conflate_key = {});
  /// `pause_after`: see send_options.
  std::size_t push(outbound packet, bool compress, std::string_view conflate_key = {}, bool pause_after = false);

  struct batch {
    std::vector<outbound> packets;
    bool compress = false;
    bool pause_after = false;  // of its last packet; those before it may have it too
  };
  /// How the packets are counted against bytes_max.
  using cost_of = std::size_t (*)(const websocket::framed_message&) noexcept;
  /// Packets from the front, at least one, none past either bound. With `uniform`, all of one `compress` and none
  /// behind a pause; else the batch's `compress` is set when any packet's is.
  [[nodiscard]] batch take(std::size_t bytes_max, std::size_t packets_max, cost_of cost, bool uniform);

  void clear() noexcept;
  [[nodiscard]] bool empty() const noexcept { return live_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return live_; }
  /// Payload bytes, without the bookkeeping.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// Whether what is queued, with `more` bytes in `packets` packets, would pass the bound.
  [[nodiscard]] bool would_pass(std::size_t bound, std::size_t more, std::size_t packets) const noexcept {
    return bytes_ + more + (live_ + packets) * entry_overhead_bytes > bound;
  }

 private:
  struct entry {
    outbound packet;          // empty: conflated away
    std::string key;          // of the first packet of a keyed group
    std::uint32_t group = 0;  // packets of the group, on its first; 0 on the rest
    bool compress = true;
    bool pause_after = false;
  };

  std::size_t conflate(std::string_view key);
  void append(outbound packet, bool compress, std::string_view key, std::uint32_t group, bool pause_after);
  void skip_holes() noexcept;
  void compact();

  std::vector<entry> entries_;
  std::size_t head_ = 0;            // entries before it have left
  std::uint64_t front_number_ = 0;  // number of entries_[0], counted from the queue's beginning
  std::size_t live_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, std::uint64_t> keyed_;  // key -> number of its group's first entry
};

}  // namespace fanfare::engineio
