#pragma once

// Floor 7. One client in one namespace: its rooms, its commands and its token's life.
// Inbound: gateway, the socket's events. Outbound: subscriptions, publishing, connection_table, envelopes to this
// socket.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/token_bucket.hpp>
#include <fanfare/socketio/socket.hpp>

#include "api/gateway/gateway.hpp"
#include "api/gateway/subscriptions.hpp"
#include "domain/access/principal.hpp"

namespace fanfare::api {

/// Kept alive by the socket's listeners. Thread: the socket's worker.
class gateway_session : public std::enable_shared_from_this<gateway_session> {
 public:
  /// Joins user:<sub> and global, sends connection.established and listens; disconnects when a limit was reached
  /// since the CONNECT was checked.
  /// `pid`: of its session in gateway::recovery, "" for none; `seen`: when it comes back, up to where its client has
  /// all.
  static void start(gateway& at, const socketio::socket_ptr& socket, domain::principal who, std::string pid,
                    std::uint64_t seen);

  gateway_session(gateway& at, const socketio::socket_ptr& socket, domain::principal who, std::string pid);
  ~gateway_session();

 private:
  /// One command under way: what was asked and how to answer.
  struct command {
    std::string name;
    std::string reply;  // the event that answers without an ack
    value asked;        // its argument, an object
    socketio::ack ack;
  };
  using command_ptr = std::shared_ptr<const command>;

  void open(std::uint64_t seen);
  [[nodiscard]] bool enter_rooms(const recovery::session& before, std::uint64_t seen);
  void greet(const std::vector<std::string>& rooms, std::string offset);
  void close(std::string_view reason);
  void listen(const socketio::socket_ptr& socket);
  void handle(std::string_view name, std::string_view reply, void (gateway_session::*work)(const command_ptr&));

  // gateway_commands.cpp
  void subscribe(const command_ptr& given);
  void unsubscribe(const command_ptr& given);
  void ping(const command_ptr& given);
  void refresh(const command_ptr& given);
  void presence(const command_ptr& given);
  void publish(const command_ptr& given);
  void refreshed(const command_ptr& given, result<domain::principal> who);

  /// Asks the policy, and the hook where the policy says so, about every room; `done` runs on the worker, unless the
  /// session ended first, with the first refusal.
  void authorize(std::vector<std::string> rooms, domain::room_action action, std::function<void(result<void>)> done);

  void answer(const command& given, object fields);
  void fail(const command& given, const error& why, std::int64_t retry_after_ms = 0);
  /// `offset`: what the client is to hand back when it comes again, "" none.
  void send(std::string_view type, object data, std::string offset = {});
  void arm_expiry();

  gateway& at_;
  std::weak_ptr<socketio::socket> socket_;
  std::shared_ptr<const domain::principal> who_;  // never null
  token_bucket rate_;
  std::shared_ptr<subscriptions> rooms_;  // while open
  const std::string pid_;
  connection_table::key row_ = 0;
  timer_id expiry_timer_ = 0;
  bool warned_ = false;
  bool refreshing_ = false;
  bool open_ = false;
};

}  // namespace fanfare::api
