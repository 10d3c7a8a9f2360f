#pragma once

// Commands that travel together, written as RESP when they are added. Pure. Inbound: callers of client. Outbound:
// connection_fsm sends the bytes; topology looks at the slot and at MULTI.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fanfare::redis {

/// One or more commands. The server may serve other connections between two of them, unless the first is MULTI and the
/// last EXEC.
class batch {
 public:
  batch() = default;
  batch(std::initializer_list<std::string_view> command) { add(command); }

  /// Words may hold any byte; the first is the command's name.
  batch& add(std::initializer_list<std::string_view> command) {
    return add(std::span(command.begin(), command.size()));
  }
  batch& add(std::span<const std::string_view> command);
  /// The key, or any key of the same slot, that says which node of a cluster is asked (Cluster specification, "Key
  /// distribution model"). Without one any node is.
  batch& at_key(std::string_view key);
  batch& at_slot(std::uint16_t slot) {
    slot_ = slot;
    return *this;
  }

  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }  // commands, so replies
  [[nodiscard]] bool empty() const noexcept { return ends_.empty(); }
  [[nodiscard]] std::optional<std::uint16_t> slot() const noexcept { return slot_; }
  [[nodiscard]] bool transaction() const noexcept { return transaction_; }  // begins with MULTI

  /// The same commands with ASKING before each (Cluster specification, "ASK redirection"): twice as many replies, of
  /// which the first, third, … say OK.
  [[nodiscard]] batch asking() const;

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::optional<std::uint16_t> slot_;
  bool transaction_ = false;
};

}  // namespace fanfare::redis
