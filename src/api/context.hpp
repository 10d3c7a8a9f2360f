#pragma once

// Floor 7. What every endpoint and connection works with. Floor 8 makes one, fills it in and keeps it alive past the
// servers; `settings` is the part that SIGHUP replaces.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>
#include <fanfare/base/world.hpp>
#include <fanfare/http/server.hpp>
#include <fanfare/socketio/server.hpp>

#include "api/authenticator.hpp"
#include "api/connection_table.hpp"
#include "api/log_sink.hpp"
#include "api/recovery.hpp"
#include "domain/access/access_policy.hpp"
#include "domain/access/rate_limits.hpp"
#include "domain/catalogue/catalogue.hpp"
#include "domain/feed.hpp"
#include "domain/github_events.hpp"
#include "domain/presence_notices.hpp"
#include "domain/publishing.hpp"
#include "domain/replay.hpp"
#include "history/log.hpp"

namespace fanfare::api {

struct github_settings {
  std::vector<std::string> secrets;  // any of them signs; none: deliveries are refused
  domain::repository_map repositories;
};

/// Immutable; replaced as a whole.
struct settings {
  bool query_token = false;
  std::chrono::seconds refresh_grace{25};
  std::chrono::seconds expiry_warning{60};
  connection_limits connections{10000, 100, 0};
  std::size_t rooms_per_connection_max = 1000;
  std::size_t members_per_room_max = 0;  // 0: no limit
  double commands_per_second = 50;
  double commands_burst = 200;
  github_settings github;
};

/// Asks the back-end whether `who` may do `action` ("join", "presence", "history") in `room`; `done` once, from any
/// thread, with false on any failure.
using authorization_hook = std::function<void(const domain::principal& who, const std::string& room,
                                              std::string_view action, std::function<void(bool)> done)>;

/// A document that never changes, written when it is first asked for. Thread: any.
class written_once {
 public:
  template <class Write>
  const shared_bytes& get(Write write) {
    std::call_once(once_, [&] { text_ = shared_bytes(write()); });
    return text_;
  }

 private:
  std::once_flag once_;
  shared_bytes text_;
};

struct context {
  context(http::server& web_server, socketio::server& io_server, domain::publishing& publishing, domain::feed& feed,
          history::log& event_log, const domain::catalogue& catalogue, authenticator& authentication,
          domain::rate_limits& publish_limits)
      : web(web_server),
        io(io_server),
        publisher(publishing),
        events(feed),
        log(event_log),
        types(catalogue),
        tokens(authentication),
        publish_rate(publish_limits) {}

  http::server& web;
  socketio::server& io;
  domain::publishing& publisher;
  domain::feed& events;
  history::log& log;
  const domain::catalogue& types;
  authenticator& tokens;
  domain::rate_limits& publish_rate;
  domain::rate_limits connect_rate{{0, 1}};       // by address; 0 a second: no limit
  domain::rate_limits user_command_rate{{0, 1}};  // by user
  domain::access_policy policy;
  std::optional<milliseconds> presence_window;  // news of a room are gathered for this long; nothing: not told
  domain::presence_notices presence;
  connection_table connections;
  std::unique_ptr<api::recovery> recovery;  // of sessions; null: there is none
  log_sink log_to = [](severity, std::string_view, const log_fields&) {};
  authorization_hook hook;  // empty: ask_hook is forbidden
  std::string version;
  milliseconds heartbeat{25000};  // Engine.IO's ping interval, told to clients
  std::size_t batch_max = 1000;
  std::size_t last_events_max = 1000;   // of one `last`
  domain::replay_bounds replays;        // of one `since` or `last`
  std::size_t held_bytes_max = 524288;  // of broadcasts to one connection while it is brought what it missed
  std::size_t publish_body_bytes_max = 8000000;
  std::size_t event_bytes_max = 1000000;  // of a line of a streamed publish; publishing holds the event to it
  domain::envelope_limits envelope;
  written_once openapi, asyncapi;
  steady_time started = web.around().steady_now();
  std::atomic<bool> draining{false};

  /// Thread (both): any.
  [[nodiscard]] std::shared_ptr<const settings> current() const {
    const std::lock_guard lock(mutex_);
    return settings_;
  }
  void replace(settings next) {
    auto made = std::make_shared<const settings>(std::move(next));
    const std::lock_guard lock(mutex_);
    settings_ = std::move(made);
  }

  [[nodiscard]] metrics::registry& metrics() noexcept { return web.metrics(); }
  /// Its clocks are the tokens' and the limits' too.
  [[nodiscard]] const world& around() const noexcept { return web.around(); }
  [[nodiscard]] domain::system_time now() const { return around().now(); }
  [[nodiscard]] std::int64_t now_ms() const { return around().unix_ms(); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const settings> settings_ = std::make_shared<const settings>();
};

/// Why somebody may not, for the one who runs the server: who is refused learns the code alone.
inline void log_refusal(context& shared, const domain::principal& who, domain::room_action action,
                        std::string_view room, std::string_view why) {
  shared.log_to(severity::info, "access refused",
                {{"user", who.sub}, {"action", domain::to_text(action)}, {"room", room}, {"why", why}});
}

/// The source of events that the server makes itself.
inline constexpr std::string_view own_source = "/fanfare";

}  // namespace fanfare::api
