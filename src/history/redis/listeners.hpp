#pragma once

// Who is told of a log, one thing after another. Inbound: redis_log. Outbound: feed, and whoever watches facts.

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "history/log.hpp"

namespace fanfare::history {

/// No two calls at once; set to nothing, the former has returned for the last time. Thread: any.
class listeners {
 public:
  void observe(log::observer work) { set(observer_, std::move(work)); }
  void on_break(std::function<void()> work) { set(broken_, std::move(work)); }
  void watch_facts(log::fact_watcher watcher) { set(facts_, std::move(watcher)); }

  void event(const entry& item) { tell(observer_, item); }
  void broke() { tell(broken_); }
  void fact_heard(const fact& item) { tell(facts_.heard, item); }
  void facts_reread(const std::vector<fact>& all) { tell(facts_.reread, all); }

 private:
  template <class Listener>
  void set(Listener& which, Listener to) {
    const std::lock_guard in_order(order_);
    which = std::move(to);
  }
  template <class Work, class... Args>
  void tell(const Work& work, const Args&... args) {
    const std::lock_guard in_order(order_);
    if (work) work(args...);
  }

  std::mutex order_;  // held while one of them is told
  log::observer observer_;
  std::function<void()> broken_;
  log::fact_watcher facts_;
};

}  // namespace fanfare::history
