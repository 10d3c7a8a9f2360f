#pragma once

// Asks sentinels for the master, one after the other. Inbound: link, before each connect. Outbound: connection, one a
// question: failovers are rare, and a fresh one finds out whether that sentinel lives.

#include <memory>

#include "redis/link.hpp"
#include "redis/topology.hpp"
#include "redis/url.hpp"

namespace fanfare::redis {

/// Thread: the executor's.
class sentinel_locator final : public locator, public std::enable_shared_from_this<sentinel_locator> {
 public:
  /// Sentinels get the URL's sentinel_user and sentinel_password. References must outlive it.
  [[nodiscard]] static std::shared_ptr<sentinel_locator> make(executor& home, net::connector& connector,
                                                              const url& where, const link_options& options);
  ~sentinel_locator() override;
  sentinel_locator(const sentinel_locator&) = delete;
  sentinel_locator& operator=(const sentinel_locator&) = delete;

  /// Questions that come while one is asked share its answer. Fails: unavailable, with the last sentinel's reason.
  void locate(located done) override;
  [[nodiscard]] const sentinel_search& search() const noexcept { return search_; }

 private:
  sentinel_locator(executor& home, net::connector& connector, const url& where, const link_options& options);
  void ask();
  void question();
  void fail(const std::string& why);
  void settle(const result<net::endpoint>& outcome);

  executor& home_;
  net::connector& connector_;
  sentinel_search search_;
  connection_terms terms_;
  milliseconds timeout_;
  std::vector<located> waiting_;
  std::shared_ptr<connection> current_;
};

}  // namespace fanfare::redis
