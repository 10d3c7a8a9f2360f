#include "socketio/counters.hpp"

namespace fanfare::socketio {

counters::counters(metrics::registry& numbers)
    : sockets(numbers.gauge("fanfare_socketio_sockets", "Sockets connected, over all namespaces")),
      handler_errors(numbers.counter("fanfare_socketio_handler_errors_total", "Handlers that threw")),
      numbers_(numbers) {
  static constexpr std::array<const char*, 7> types = {"connect",       "disconnect",   "event",     "ack",
                                                       "connect_error", "binary_event", "binary_ack"};
  static constexpr std::array<const char*, 2> directions = {"in", "out"};
  for (std::size_t way = 0; way < directions.size(); ++way) {
    // Parsers hand over binary packets as events and acks: five types are counted.
    for (std::size_t type = 0; type < 5; ++type) {
      packets_[way][type] = &numbers.counter("fanfare_socketio_packets_total", "Socket.IO packets",
                                             {{"direction", directions[way]}, {"type", types[type]}});
    }
    packets_[way][5] = packets_[way][2];
    packets_[way][6] = packets_[way][3];
  }
}

void counters::refused(std::string_view cause) {
  numbers_.counter("fanfare_socketio_refused_total", "What was refused, by cause", {{"cause", std::string(cause)}})
      .add();
}

void counters::connect_error(std::string_view cause) {
  numbers_
      .counter("fanfare_socketio_connect_errors_total", "CONNECT packets refused, by cause",
               {{"cause", std::string(cause)}})
      .add();
}

}  // namespace fanfare::socketio
