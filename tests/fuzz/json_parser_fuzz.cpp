// Socket.IO v5 text packets: what decodes, encoded, decodes to the same packet. An input is Engine.IO messages
// separated by U+001E, the binary ones with a "b" before their bytes.
#include "packet_round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fanfare::fuzz::round_trip_packets(*fanfare::socketio::json_parser(), fanfare::fuzz::as_text(data, size), '\x1e');
  return 0;
}
