#pragma once

// What the server counts, by the names of the metrics page, and how many sessions there are. Thread: any.

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>

#include <fanfare/base/metrics.hpp>
#include <fanfare/engineio/server.hpp>

namespace fanfare::engineio {

/// Why a request or a payload was not served: the label of fanfare_engineio_errors_total.
enum class cause : std::uint8_t {
  transport_unknown,
  session_unknown,
  bad_handshake_method,
  bad_request,
  forbidden,
  unsupported_protocol_version,
  over_limit,  // sessions_max, or packets_per_poll_max
  payload_too_large,
  parse_error,
  overlap,
  upgrade_refused,
  upgrade_timeout,
};
constexpr std::size_t cause_count = 12;
constexpr std::size_t reason_count = 7;

struct counters {
  explicit counters(metrics::registry& registry);

  void failed(cause why) noexcept { errors[static_cast<std::size_t>(why)]->add(); }
  void closed(close_reason reason) noexcept { closes[static_cast<std::size_t>(reason)]->add(); }

  metrics::cell& opened;
  metrics::cell& upgrades;
  metrics::cell& packets_in;
  metrics::cell& packets_out;
  metrics::cell& volatile_dropped;
  metrics::cell& conflated;
  metrics::cell& polling_gauge;
  metrics::cell& websocket_gauge;
  std::array<metrics::cell*, cause_count> errors{};
  std::array<metrics::cell*, reason_count> closes{};

  std::atomic<std::size_t> reserved{0};  // sessions, and handshakes under way: what sessions_max bounds
  std::atomic<std::size_t> polling{0};
  std::atomic<std::size_t> websocket{0};
};

/// A place among sessions_max, from the handshake to the session's end. Kept by whoever is on the way to a session,
/// so that a handshake that fails anywhere gives it back.
class reservation {
 public:
  /// nullptr when all places are taken.
  [[nodiscard]] static std::shared_ptr<reservation> take(const std::shared_ptr<counters>& count, std::size_t bound);
  explicit reservation(std::shared_ptr<counters> count) : count_(std::move(count)) {}
  ~reservation() { count_->reserved.fetch_sub(1, std::memory_order_relaxed); }
  reservation(const reservation&) = delete;
  reservation& operator=(const reservation&) = delete;

 private:
  std::shared_ptr<counters> count_;
};

}  // namespace fanfare::engineio
