#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/base/value.hpp>
#include <fanfare/http/message.hpp>

namespace fanfare::socketio {

/// Answers an event whose sender asked for an acknowledgement. A second call is ignored, as is one after the
/// socket has gone. Thread: any. Beware `{list}` for one argument that is an array: compilers differ on whether it
/// means the list itself (CWG 2137); write `make_args(list)`.
using ack = std::function<void(array args)>;

/// One event as a listener gets it.
struct event {
  std::string name;   // of the event
  array args;         // after the name
  socketio::ack ack;  // empty when none was asked for
};

/// What a connection said of itself when it came (Node: socket.handshake).
struct handshake {
  http::fields headers;                                    // of the handshake's request
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  value auth = object{};                                   // the CONNECT payload
  /// IP of the peer, without port.
  std::string address;
  std::string url;             // path and query of the request
  bool secure = false;         // over TLS
  std::int64_t issued_ms = 0;  // Unix time
  /// The first of that name; "" without.
  [[nodiscard]] std::string_view query_value(std::string_view name) const noexcept;
  /// The same as an object with Node's member names, for echoing to a client.
  [[nodiscard]] value to_value() const;
};

/// What middleware refuses with: becomes CONNECT_ERROR {message, data}, or the listener's on_error for events.
struct rejection {
  std::string message;  // what the client reads
  value data;           // null: left out
};

/// Which sockets, and how. Empty `rooms` means the whole namespace.
struct broadcast_options {
  std::vector<std::string> rooms;   // in any of them
  std::vector<std::string> except;  // in none of them
  bool is_volatile = false;         // may be left out where it would have to wait
  bool compress = true;             // where the transport can
  bool local = false;               // this node only
  std::string conflate_key;         // see engineio::send_options
  std::uint64_t sequence = 0;  // position in a log; sockets that joined a room `after` it or later skip it. 0: none
  bool ordered = false;        // queued with those that have a sequence
};

/// A socket of this process or another, as fetch_sockets() lists it.
struct remote_socket {
  std::string id;                  // the socket's
  socketio::handshake handshake;   // what it came with
  std::vector<std::string> rooms;  // those it is in
  value data;
};

template <class... Args>
[[nodiscard]] array make_args(Args&&... args) {
  array list;
  list.reserve(sizeof...(args));
  (list.emplace_back(std::forward<Args>(args)), ...);
  return list;
}

}  // namespace fanfare::socketio
