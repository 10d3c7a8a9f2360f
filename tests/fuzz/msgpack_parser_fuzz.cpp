// socket.io-msgpack-parser: what decodes, encoded, decodes to the same packet. An input is one binary message.
#include "packet_round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  const socketio::packet_limits limits{.attachments_max = 3, .attachment_bytes_max = 256};
  const auto factory = socketio::msgpack_parser();
  const auto decoded = factory->make(limits)->decode(std::string(fuzz::as_text(data, size)), true);
  if (decoded && *decoded) fuzz::check_packet(*factory, **decoded, limits);
  return 0;
}
