// The metrics of one Socket.IO server: what each part counts, with its labels. Thread: any.
#pragma once

#include <array>
#include <string_view>

#include <fanfare/base/metrics.hpp>
#include <fanfare/socketio/packet.hpp>

namespace fanfare::socketio {

class counters {
 public:
  explicit counters(metrics::registry& numbers);

  void received(packet_type type) { packets_[0].at(static_cast<std::size_t>(type))->add(); }
  /// One broadcast reaches many: count once for all of a worker.
  void sent(packet_type type, std::size_t times = 1) {
    packets_[1].at(static_cast<std::size_t>(type))->add(static_cast<double>(times));
  }
  /// A bound was reached or a rule broken; `cause` is one of few fixed words.
  void refused(std::string_view cause);
  void connect_error(std::string_view cause);

  metrics::cell& sockets;
  metrics::cell& handler_errors;

 private:
  metrics::registry& numbers_;
  std::array<std::array<metrics::cell*, 7>, 2> packets_{};
};

}  // namespace fanfare::socketio
