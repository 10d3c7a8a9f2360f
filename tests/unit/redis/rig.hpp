#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fanfare/net/connector.hpp>

#include "net/memory_stream.hpp"
#include "redis/resp_codec.hpp"
#include "support/fake_executor.hpp"

namespace fanfare::redis::test {

/// One command as it is sent.
inline std::string wire(std::initializer_list<std::string_view> words) {
  std::string out;
  write_command(out, std::span(words.begin(), words.size()));
  return out;
}

/// A reply as short text: "+OK", "-ERR x", ":1", "$text", "_", "[:1 $a]", "{…}", ">[…]".
inline std::string shown(const reply& each) {
  const auto list = [&](std::string open, std::string_view close) {
    for (const auto& item : each.elements) {
      if (&item != &each.elements.front()) open += ' ';
      open += shown(item);
    }
    return open.append(close);
  };
  switch (each.type) {
    case reply::kind::null:
      return "_";
    case reply::kind::status:
      return "+" + each.text;
    case reply::kind::error:
      return "-" + each.text;
    case reply::kind::integer:
      return ":" + std::to_string(each.integer);
    case reply::kind::real:
      return "," + std::to_string(each.real);
    case reply::kind::boolean:
      return each.integer != 0 ? "#t" : "#f";
    case reply::kind::bulk:
      return "$" + each.text;
    case reply::kind::array:
      return list("[", "]");
    case reply::kind::map:
      return list("{", "}");
    case reply::kind::set:
      return list("~[", "]");
    case reply::kind::push:
      return list(">[", "]");
  }
  return "?";
}

/// An outcome as short text: the replies, or "!label".
inline std::string shown(const result<std::vector<reply>>& outcome) {
  if (!outcome) return "!" + std::string(describe(outcome.error().code).metric_label);
  std::string out;
  for (const auto& each : *outcome) out += (out.empty() ? "" : " ") + shown(each);
  return out;
}

inline const std::string hello3 = "%2\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n";

/// The server's end of one scripted connection.
struct scripted_peer {
  net::endpoint at;
  std::unique_ptr<net::memory_stream> stream;

  /// What has come since the last call.
  std::string received() {
    std::string out;
    std::array<char, 4096> part;
    for (;;) {
      const auto got = stream->read_some(part);
      if (got.status != net::io_status::ok) return out;
      out.append(part.data(), got.bytes);
    }
  }
  void send(std::string_view bytes) { static_cast<void>(stream->write_some(std::span(&bytes, 1))); }
  void drop() { stream->close(); }
};

/// Gives memory streams instead of sockets; keeps the servers' ends.
class scripted_connector final : public net::connector {
 public:
  std::shared_ptr<void> connect(executor& home, const net::endpoint& to, milliseconds, connected done) override {
    auto alive = std::make_shared<int>(0);
    asked.push_back(to);
    home.post([this, &home, to, weak = std::weak_ptr(alive), done = std::move(done)] {
      if (weak.expired()) return;
      if (std::find(refusing.begin(), refusing.end(), to) != refusing.end() || refuse_all) {
        return done(error{errc::unavailable, "refused", {}});
      }
      auto made = net::memory_stream::make(home, home, 1U << 24);
      made.first->state()->fail_at = fail_at;
      peers.push_back({to, std::move(made.second)});
      done(std::unique_ptr<net::byte_stream>(std::move(made.first)));
    });
    return alive;
  }
  scripted_peer& last() { return peers.back(); }
  /// The newest connection to that port.
  scripted_peer& to(std::uint16_t port) {
    for (auto at = peers.rbegin(); at != peers.rend(); ++at) {
      if (at->at.port == port) return *at;
    }
    throw std::out_of_range("nobody connected there");
  }

  std::vector<net::endpoint> asked, refusing;
  std::vector<scripted_peer> peers;
  bool refuse_all = false;
  std::size_t fail_at = 0;  // the read or write of a new connection that fails
};

}  // namespace fanfare::redis::test
