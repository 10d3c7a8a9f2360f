// The property of every Socket.IO parser: bounds are kept, and a packet that decodes survives encode and decode.
#pragma once

#include <fanfare/socketio/packet.hpp>

#include "fuzz_input.hpp"

namespace fanfare::fuzz {

inline void check_packet(const socketio::parser_factory& make, const socketio::packet& first,
                         const socketio::packet_limits& limits) {
  using socketio::packet_type;
  require(first.type != packet_type::binary_event && first.type != packet_type::binary_ack,
          "the binary types exist on the wire alone");
  require(first.nsp.size() <= limits.namespace_bytes_max, "the namespace is within its bound");

  // One attachment may stand in several places, and is then sent as often.
  socketio::packet_limits wide = limits;
  wide.attachments_max = 100000;
  wide.attachment_bytes_max = std::size_t{1} << 40;
  const auto parser = make.make(wide);
  const auto frames = parser->encode(first);
  require(!frames.empty(), "a packet is at least one message");
  for (std::size_t i = 0; i < frames.size(); ++i) {
    // Without the "4" of Engine.IO's MESSAGE, which text alone has.
    const auto message = frames[i]->message().substr(frames[i]->binary() ? 0 : 1);
    const auto decoded = parser->decode(std::string(message), frames[i]->binary());
    require(decoded.has_value(), "what was encoded decodes");
    require((*decoded).has_value() == (i + 1 == frames.size()), "it is whole with its last attachment");
    if (!*decoded) continue;
    const auto& second = **decoded;
    require(second.type == first.type && second.nsp == first.nsp && second.id == first.id, "decode(encode(x)) = x");
    // By their bytes, as NaN is not equal to itself.
    const auto again = parser->encode(second);
    require(again.size() == frames.size(), "decode(encode(x)) = x, its attachments");
    for (std::size_t j = 0; j < again.size(); ++j) {
      require(again[j]->message() == frames[j]->message(), "decode(encode(x)) = x, its data");
    }
  }
}

/// Decodes the messages of `input`, checking each packet that comes of them.
inline void round_trip_packets(const socketio::parser_factory& make, std::string_view input, char separator) {
  const socketio::packet_limits limits{.attachments_max = 3, .attachment_bytes_max = 256};
  const auto parser = make.make(limits);
  for (bool more = true; more;) {
    more = input.find(separator) != std::string_view::npos;
    auto message = take_until(input, separator);
    const bool binary = message.starts_with('b');
    if (binary) message.remove_prefix(1);
    const auto decoded = parser->decode(std::string(message), binary);
    if (!decoded) return;  // the connection is over
    if (*decoded) check_packet(make, **decoded, limits);
  }
}

}  // namespace fanfare::fuzz
