#pragma once

// The driver of connection_fsm: one byte_stream, one timer, on one worker. Inbound: link, sentinel_locator. Outbound:
// net/connector and net/byte_stream.

#include <functional>
#include <memory>
#include <string>

#include <fanfare/base/executor.hpp>
#include <fanfare/net/byte_stream.hpp>
#include <fanfare/net/connector.hpp>

#include "redis/connection_fsm.hpp"

namespace fanfare::redis {

/// From the connect to the end; never comes back, link makes another. Thread: `home`'s.
class connection final : public std::enable_shared_from_this<connection>, private connection_fsm::actions {
 public:
  struct events {
    std::function<void()> ready;
    std::function<void(reply message)> push;      // may be empty
    std::function<void(const error& why)> ended;  // once, also when nothing was ever connected
  };

  /// `home` and `connector` must outlive it.
  [[nodiscard]] static std::shared_ptr<connection> open(executor& home, net::connector& connector,
                                                        const net::endpoint& to, milliseconds connect_timeout,
                                                        connection_terms terms, events told);
  ~connection() override;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Sent when what is ready now has been handled, so that a burst leaves in one write. False unless ready.
  [[nodiscard]] bool submit(exchange&& work);
  /// No event runs any more; exchanges under way are told closed.
  void close();
  /// No event runs any more; closes once what is under way has been answered.
  void retire();

  [[nodiscard]] bool ready_now() const noexcept { return fsm_.now_in() == connection_fsm::state::ready; }
  [[nodiscard]] bool resp3() const noexcept { return fsm_.resp3(); }
  [[nodiscard]] std::size_t in_flight() const noexcept { return fsm_.in_flight(); }
  [[nodiscard]] const net::endpoint& peer() const noexcept { return peer_; }

 private:
  connection(executor& home, net::endpoint to, connection_terms terms, events told);
  void adopt(std::unique_ptr<net::byte_stream> stream);
  void read();
  void write();
  void keep_time();
  void settle();

  void send(std::string_view bytes) override;
  void ready() override;
  void push(reply message) override;
  void ended(const error& why) override;

  executor& home_;
  const net::endpoint peer_;
  const connection_terms terms_;
  std::shared_ptr<const events> told_;  // shared: it may be dropped while one of them runs
  connection_fsm fsm_;
  std::shared_ptr<void> connecting_;
  std::unique_ptr<net::byte_stream> stream_;
  // What the stream was offered must be offered again unchanged (byte_stream::write_some): new bytes gather aside.
  std::string offered_, gathered_;
  std::size_t taken_ = 0;  // of offered_
  bool writing_ = false, flush_due_ = false, retiring_ = false;
  timer_id timer_ = 0;
  steady_time timer_at_;
};

}  // namespace fanfare::redis
