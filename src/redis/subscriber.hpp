#pragma once

// A connection that subscribes, and subscribes again after each loss. Inbound: floors above name channels. Outbound:
// link; messages come back as they are published, at most once.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fanfare/base/error.hpp>

#include "redis/link.hpp"

namespace fanfare::redis {

/// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE.
enum class subscription : std::uint8_t { channel, pattern, shard };

struct published {
  subscription kind = subscription::channel;
  std::string pattern;  // of kind pattern: the one that matched
  std::string channel;
  std::string payload;
};

struct subscriber_options {
  link_options connection;                 // its terms' ping_interval is the probe of silence
  milliseconds confirm_timeout{5000};      // for SUBSCRIBE and its kin; past it the connection is given up
  std::size_t names_max = 100000;          // of channels and patterns
  std::size_t names_bytes_max = 16777216;  // all names together
};

/// Where the locator leads is the caller's: client::locate_subscriptions(). All shard channels of one subscriber must
/// lie in one slot (Cluster specification, "Sharded pub/sub"). Thread: the executor's.
class subscriber final : public std::enable_shared_from_this<subscriber> {
 public:
  struct events {
    std::function<void(published message)> message;
    /// Every name is subscribed again. What was published since `lost` is gone: read it elsewhere now.
    std::function<void()> resumed;
    std::function<void(const error& why)> lost;
    /// The server will not have this name any more (an ACL has changed); it is dropped.
    std::function<void(subscription kind, const std::string& name, const error& why)> refused;
  };

  /// References must outlive it; close() it before it goes.
  [[nodiscard]] static std::shared_ptr<subscriber> make(executor& home, net::connector& connector,
                                                        std::shared_ptr<locator> where, subscriber_options options,
                                                        events told);

  /// `done` runs once: when the server has confirmed, however many connections that takes. Fails: forbidden (the ACL),
  /// overload (the bounds), closed.
  void subscribe(subscription kind, std::string name, std::function<void(result<void>)> done = nullptr);
  void unsubscribe(subscription kind, const std::string& name);
  void close();

  /// Whether every name is confirmed on the connection there is.
  [[nodiscard]] bool ready() const noexcept { return link_->ready() && resumed_ && unconfirmed_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
  [[nodiscard]] bool resp3() const noexcept { return link_->resp3(); }

 private:
  using key = std::pair<subscription, std::string>;
  struct entry {
    bool confirmed = false;
    std::vector<std::function<void(result<void>)>> done;
  };
  subscriber(executor& home, subscriber_options options, events told);

  void on_ready();
  void on_lost(const error& why);
  void on_push(reply message);
  void send(subscription kind, std::vector<std::string> names);
  void on_confirmed(subscription kind, const std::vector<std::string>& names, const std::vector<reply>& replies);
  void refuse(const key& which, const reply& why);
  void see_whether_resumed();

  executor& home_;
  subscriber_options options_;
  events told_;
  std::shared_ptr<link> link_;
  std::map<key, entry> names_;
  std::size_t names_bytes_ = 0;
  std::size_t unconfirmed_ = 0;
  bool resumed_ = false;  // since the last loss
  bool closed_ = false;
};

}  // namespace fanfare::redis
