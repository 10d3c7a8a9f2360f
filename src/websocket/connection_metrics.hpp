#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fanfare/base/metrics.hpp>

// What one connection counts, in the registry of options::metrics; without one nothing is counted.

namespace fanfare::websocket {

/// Why a connection ended, as the label `cause` of fanfare_websocket_closes_total.
enum class close_cause : std::uint8_t {
  peer,             // the peer's close frame came first
  local,            // ours did
  protocol_error,   // the peer broke RFC 6455 or 7692
  invalid_payload,  // not UTF-8, or nothing that inflates
  too_big,          // message_bytes_max or fragments_max
  lost,             // the stream ended or failed without a close frame
  timeout,          // no answer to our close frame within close_timeout
  overload,         // send_queue_bytes_max
  terminated,       // terminate()
  handler_error,    // a handler threw
};
[[nodiscard]] std::string_view label(close_cause cause) noexcept;

class connection_metrics {
 public:
  explicit connection_metrics(metrics::registry* registry);

  void received(std::size_t bytes) noexcept { count(messages_in_, bytes_in_, bytes); }
  void sent(std::size_t bytes) noexcept { count(messages_out_, bytes_out_, bytes); }
  void closed(close_cause cause);

 private:
  static void count(metrics::cell* messages, metrics::cell* total, std::size_t bytes) noexcept {
    if (messages == nullptr) return;
    messages->add();
    total->add(static_cast<double>(bytes));
  }

  metrics::registry* registry_;
  metrics::cell *messages_in_ = nullptr, *messages_out_ = nullptr, *bytes_in_ = nullptr, *bytes_out_ = nullptr;
};

}  // namespace fanfare::websocket
