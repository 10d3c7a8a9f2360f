#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>

// How many TCP connections are open, upgraded ones included: each stream holds a token. Inbound: server.

namespace fanfare::http {

/// Thread: any. Tokens may outlive the server that gave them.
class open_count : public std::enable_shared_from_this<open_count> {
 public:
  enum class decision : std::uint8_t { serve, refuse, drop };
  struct admission {
    decision verdict;
    std::shared_ptr<void> token;
  };

  /// `keep` is the registry when nobody else owns it.
  open_count(metrics::registry& metrics, std::shared_ptr<metrics::registry> keep, std::size_t connections_max);

  [[nodiscard]] admission admit();
  void set_max(std::size_t connections_max) noexcept { connections_max_ = connections_max; }
  [[nodiscard]] std::size_t now() const noexcept { return open_; }
  /// Waits until no connection is open, or the time has come.
  void wait_for_none(steady_time until);

  /// Connections past the bound that are told so with a 503 at a time; further ones are dropped unheard.
  static constexpr std::size_t refusals_max = 64;

 private:
  void left(std::atomic<std::size_t>& count);

  std::shared_ptr<metrics::registry> keep_;
  metrics::cell& gauge_;
  metrics::cell& refused_;
  std::atomic<std::size_t> connections_max_;
  std::atomic<std::size_t> open_ = 0, refusing_ = 0;
  std::mutex mutex_;
  std::condition_variable none_;
};

}  // namespace fanfare::http
