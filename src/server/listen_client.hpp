#pragma once

// Floor 8. A Socket.IO v5 client over WebSocket, as small as `fanfare listen` needs: connects, subscribes, hands out
// events and comes back with the last cursor when the connection is lost.
// Inbound: commands. Outbound: Boost.Beast's WebSocket client.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare::server {

struct listen_options {
  std::string url = "http://127.0.0.1:8000";
  std::string token;
  std::vector<std::string> rooms;                  // beyond the ones the server joins by itself
  std::string since;                               // "": from now on
  std::optional<std::size_t> last = std::nullopt;  // without `since`: the newest so many come first
  std::optional<unsigned> retries = std::nullopt;  // after a failure; without: for ever
  milliseconds retry_min{1000};
  milliseconds retry_max{10000};
  std::function<void(const value& event)> on_event;      // one whole envelope
  std::function<void(std::string_view text)> on_notice;  // connected, lost, refused: for standard error
  std::function<void()> on_subscribed;
};

/// Thread: run() on one; stop() from any, also before run().
class listen_client {
 public:
  explicit listen_client(listen_options options);
  ~listen_client();
  /// Listens until stop(), or until the server refuses for good (token or room) or the retries are used up: then false,
  /// after on_notice said why.
  [[nodiscard]] bool run();
  void stop();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace fanfare::server
