// One Engine.IO connection as Socket.IO sees it: decodes its messages and hands the packets to the namespace they
// name. Inbound: engineio::socket. Inbound next: socket_impl. Outbound next: engineio::socket. Thread: owning worker.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fanfare/engineio/server.hpp>

#include "socketio/context.hpp"

namespace fanfare::socketio {

class server_core;
class socket_impl;

class client : public std::enable_shared_from_this<client> {
 public:
  client(std::shared_ptr<server_core> core, engineio::socket_ptr engine);

  /// Sets the handlers and starts waiting for the first CONNECT.
  void start();
  [[nodiscard]] bool open() const noexcept { return open_; }
  [[nodiscard]] executor& worker() noexcept { return engine_->worker(); }
  [[nodiscard]] engineio::socket& engine() noexcept { return *engine_; }
  [[nodiscard]] const context_ptr& shared() const noexcept { return shared_; }

  void send(const packet& out, const engineio::send_options& how = {});
  void write(const std::vector<engineio::outbound>& frames, const engineio::send_options& how);
  /// CONNECT_ERROR; `cause` is for the metrics.
  void refuse(const std::string& nsp, std::string_view cause, object why);

  /// The socket has joined its namespace, or left it.
  void attach(std::shared_ptr<socket_impl> joined);
  void detach(const std::string& nsp);
  /// The CONNECT to this namespace has been answered, either way.
  void settle(const std::string& nsp) { pending_.erase(nsp); }
  /// Leaves every namespace, then ends the connection.
  void disconnect();
  /// Ends the connection; its sockets see "forced server close".
  void close();
  /// Lets go of its sockets without a word: the workers have ended. Thread: none other may run.
  void drop();
  /// What the program learns of the connection; `auth` is filled in by the CONNECT.
  [[nodiscard]] handshake shake_hands(value auth) const;

 private:
  void on_message(engineio::socket::message in);
  void on_packet(packet in);
  void on_close(std::string_view reason);
  void connect(const std::string& name, value auth);
  [[nodiscard]] std::vector<std::shared_ptr<socket_impl>> sockets() const;

  const std::shared_ptr<server_core> core_;
  const context_ptr shared_;
  const engineio::socket_ptr engine_;
  std::unique_ptr<parser> parser_;
  bool open_ = true;
  timer_id connect_timer_ = 0;
  std::map<std::string, std::shared_ptr<socket_impl>, std::less<>> sockets_;  // by namespace
  std::set<std::string, std::less<>> pending_;                                // CONNECTs not yet answered
};

}  // namespace fanfare::socketio
