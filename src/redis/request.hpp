#pragma once

// What a caller asks, how much may be asked at once, and how long to wait between attempts. Pure.
// Inbound: callers of client; outbound: client, link.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>

#include "redis/batch.hpp"
#include "redis/resp_codec.hpp"

namespace fanfare::redis {

/// One reply for each command, in order; those that the server refused are replies of kind error.
using answered = std::function<void(result<std::vector<reply>>)>;

struct request {
  std::shared_ptr<const batch> commands;
  steady_time deadline;
  /// Running it twice does what running it once does. Only then is it sent again when a connection is lost after it was
  /// sent: nobody can tell whether the server ran it.
  bool repeatable = false;
  answered done;
};

/// Attempt n waits base * 2^n, at most max; half of that is drawn, so that many clients of one server that restarted do
/// not come back at the same instant.
struct backoff {
  milliseconds base{50}, max{5000};
  /// `draw` in [0, 1).
  [[nodiscard]] milliseconds delay(unsigned attempt, double draw) const noexcept {
    constexpr unsigned shift_max = 20;
    const auto whole = std::min<std::int64_t>(max.count(), base.count() << std::min(attempt, shift_max));
    const auto half = whole / 2;
    return milliseconds{half + static_cast<std::int64_t>(static_cast<double>(whole - half) * draw)};
  }
};

/// Bounds what a client holds: requests that wait, are under way, or will be sent again. Thread: one.
class intake {
 public:
  struct bounds {
    std::size_t count_max = 65536;
    std::size_t bytes_max = 67108864;  // of commands as they are sent
  };
  explicit intake(bounds most) : most_(most) {}

  /// Counts the request until its `done` has run. False: it does not fit, and was left as it is.
  [[nodiscard]] bool admit(request& wanted) {
    const auto size = wanted.commands->bytes().size();
    if (used_->count >= most_.count_max || size > most_.bytes_max - std::min(most_.bytes_max, used_->bytes))
      return false;
    ++used_->count;
    used_->bytes += size;
    wanted.done = [used = used_, size, done = std::move(wanted.done)](result<std::vector<reply>> outcome) {
      --used->count;
      used->bytes -= size;
      done(std::move(outcome));
    };
    return true;
  }
  /// The request made of these and admitted; nothing when it has been answered: there is no command, or overload.
  [[nodiscard]] std::optional<request> take(batch commands, answered done, steady_time deadline, bool repeatable) {
    request wanted{std::make_shared<const batch>(std::move(commands)), deadline, repeatable, std::move(done)};
    if (wanted.commands->empty())
      wanted.done(std::vector<reply>());
    else if (!admit(wanted))
      wanted.done(error{errc::overload, "redis: too much is under way", {}});
    else
      return wanted;
    return std::nullopt;
  }
  [[nodiscard]] std::size_t count() const noexcept { return used_->count; }
  [[nodiscard]] std::size_t bytes() const noexcept { return used_->bytes; }

 private:
  struct usage {
    std::size_t count = 0, bytes = 0;
  };
  bounds most_;
  std::shared_ptr<usage> used_ = std::make_shared<usage>();
};

}  // namespace fanfare::redis
