#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>
#include <fanfare/engineio/packet.hpp>

namespace fanfare::socketio {

/// Socket.IO protocol v5 packet types; the binary ones exist on the wire alone.
enum class packet_type : std::uint8_t {
  connect = 0,
  disconnect = 1,
  event = 2,
  ack = 3,
  connect_error = 4,
  binary_event = 5,
  binary_ack = 6
};

/// One Socket.IO packet.
struct packet {
  packet_type type = packet_type::event;  // what it is for
  std::string nsp = "/";                  // its namespace
  std::optional<std::uint64_t> id;        // of the acknowledgement asked for, or given
  value data;  // event and ack: an array (an event's starts with its name); connect, connect_error: an object or null
};

/// Bounds on what a peer may send in one packet.
struct packet_limits {
  std::size_t attachments_max = 10;             // as Node since CVE-2026-33151
  std::size_t attachment_bytes_max = 16777216;  // all attachments of one packet
  std::size_t event_name_bytes_max = 256;       // of an event's name
  std::size_t namespace_bytes_max = 256;        // of a namespace's name
  unsigned depth_max = 64;                      // of arrays and objects in each other
};

/// Turns packets into Engine.IO messages and back. One of a kind per connection: decoding keeps the state of a packet
/// whose attachments are still coming. Encoding keeps none.
class parser {
 public:
  virtual ~parser() = default;
  /// One packet as the Engine.IO packets it takes, in order.
  [[nodiscard]] virtual std::vector<engineio::outbound> encode(const packet& out) const = 0;
  /// Takes one Engine.IO message; gives a packet when one is whole, nothing while attachments are missing.
  /// Fails: bad_request, too_deep, over_limit, payload_too_large, protocol_violation; the connection is then over.
  [[nodiscard]] virtual result<std::optional<packet>> decode(std::string bytes, bool binary) = 0;
};

/// Makes parsers; a server has one.
class parser_factory {
 public:
  virtual ~parser_factory() = default;
  /// One for a connection.
  [[nodiscard]] virtual std::unique_ptr<parser> make(const packet_limits& limits) const = 0;
};

/// socket.io-parser 4: text with attachments. The default.
[[nodiscard]] std::shared_ptr<const parser_factory> json_parser();
/// socket.io-msgpack-parser 3: every packet one binary message.
[[nodiscard]] std::shared_ptr<const parser_factory> msgpack_parser();

}  // namespace fanfare::socketio
