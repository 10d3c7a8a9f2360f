#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/engineio/server.hpp>
#include <fanfare/socketio/adapter.hpp>
#include <fanfare/socketio/broadcast_operator.hpp>
#include <fanfare/socketio/packet.hpp>
#include <fanfare/socketio/socket.hpp>

namespace fanfare::socketio {

/// Connection state recovery (Socket.IO 4.6), kept in memory on this node.
struct recovery_options {
  milliseconds disconnection_max{120000};  // how long a lost connection's state and packets are kept
  bool skip_middlewares = false;           // Node's default is true; here a recovered connection is authenticated too
  std::size_t bytes_max = 16777216;        // packets kept, per namespace; older ones go first
  std::size_t sessions_max = 10000;        // kept at once
};

/// Of a Socket.IO server.
struct server_options {
  engineio::server_options engine;                  // paths empty: "/socket.io/"
  milliseconds connect_timeout{45000};              // a client that joins no namespace by then is closed
  packet_limits packets;                            // bounds on what a client sends
  std::size_t namespaces_per_connection_max = 100;  // that one client may join
  std::size_t rooms_per_socket_max = 1000;          // past it join() fails
  std::size_t pending_acks_max = 10000;             // per socket, asked of the client and not yet answered
  bool cleanup_empty_child_namespaces = false;      // dynamic ones end with their last socket
  std::optional<recovery_options> recovery;         // empty: none
  std::shared_ptr<const parser_factory> parser;     // nullptr: json_parser()
  /// Wraps the one-node adapter of each namespace, as a fleet needs; empty: none.
  std::function<std::shared_ptr<socketio::adapter>(name_space&, std::shared_ptr<socketio::adapter> node)> adapter;
};

/// One namespace: middleware, listeners and the sockets in it. Thread: set up before the server starts; broadcasts
/// from any thread.
class name_space {
 public:
  virtual ~name_space() = default;
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;  // "/", "/chat"

  /// Runs for every CONNECT, in order, on the connection's worker; call `next` once, from any thread.
  using next = std::function<void(std::optional<rejection>)>;
  using middleware = std::function<void(const socket_ptr&, name_space::next)>;  // see next
  /// Adds one; they run in the order they were added.
  virtual void use(middleware work) = 0;
  /// Runs for each socket that has joined.
  virtual void on_connection(std::function<void(const socket_ptr&)> work) = 0;
  /// Events that other nodes sent with server_side_emit.
  virtual void on(std::string name, std::function<void(event)> work) = 0;

  /// For adapters: an event that another node sent with server_side_emit; calls the listeners of on(). Thread: any.
  virtual void deliver_server_side(event sent) = 0;

  [[nodiscard]] virtual std::shared_ptr<socketio::adapter> adapter() const = 0;  // what delivers to the other nodes
  /// All sockets of the namespace.
  [[nodiscard]] broadcast_operator all() const { return broadcast_operator(adapter()); }
  /// Those in the room; in() is the same.
  [[nodiscard]] broadcast_operator to(std::string room) const { return all().to(std::move(room)); }
  [[nodiscard]] broadcast_operator in(std::string room) const { return to(std::move(room)); }  // the same as to()
  /// All but those in the room.
  [[nodiscard]] broadcast_operator except(std::string room) const { return all().except(std::move(room)); }
  [[nodiscard]] broadcast_operator local() const { return all().local(); }  // those of this node
  /// To all sockets of the namespace.
  template <class... Args>
  void emit(std::string_view event_name, Args&&... args) const {
    all().emit(event_name, std::forward<Args>(args)...);
  }
  /// To the other nodes' name_space::on(event_name).
  void server_side_emit(std::string_view event_name, const array& args) const {
    adapter()->server_side_emit(event_name, args);
  }
  /// Sockets connected here, on this node. Thread: any.
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;
};

/// A Socket.IO v5 server on an HTTP server. Thread: set up before http::server::start(); broadcasts from any.
///
///     fanfare::http::server web({.listen = {"127.0.0.1:3000"}});
///     fanfare::socketio::server io(web);
///     io.on_connection([](const auto& socket) { … });
///     web.run();
class server {
 public:
  explicit server(http::server& web, server_options options = {});
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// The namespace of that name ("/", "/chat"), made on first use.
  name_space& of(std::string_view name);
  /// Dynamic namespaces: names that match come to be when a client asks for them. What is set up on the result
  /// holds for each of them (Node: parent namespace).
  name_space& of(const std::regex& pattern);
  /// Decides whether a name is a namespace; `next` is called once.
  using namespace_matcher =
      std::function<void(const std::string& name, const value& auth, std::function<void(bool allow)> next)>;
  /// Dynamic namespaces, as of(pattern).
  name_space& of(namespace_matcher matches);
  /// Runs for each dynamic namespace made, before anybody is in it. With cleanup_empty_child_namespaces the reference
  /// ends with the namespace.
  void on_new_namespace(std::function<void(name_space&)> work);

  void use(name_space::middleware work) { of("/").use(std::move(work)); }                                      // of "/"
  void on_connection(std::function<void(const socket_ptr&)> work) { of("/").on_connection(std::move(work)); }  // of "/"
  [[nodiscard]] broadcast_operator to(std::string room) { return of("/").to(std::move(room)); }                // of "/"
  /// To all sockets of "/".
  template <class... Args>
  void emit(std::string_view event_name, Args&&... args) {
    of("/").emit(event_name, std::forward<Args>(args)...);
  }

  [[nodiscard]] engineio::server& engine() noexcept;  // the one below
  [[nodiscard]] http::server& web() noexcept;         // the one it is on
  /// Disconnects every client ("server shutting down"). The HTTP server goes on.
  void close();

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace fanfare::socketio
