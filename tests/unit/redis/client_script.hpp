#pragma once

#include <gtest/gtest.h>

#include "redis/client.hpp"
#include "redis/rig.hpp"

namespace fanfare::redis::test {

/// A client on scripted connections and a clock that stands still; pauses are half of their full length.
struct scripted_client : testing::Test {
  ~scripted_client() override {
    asker.reset();
    home.run();
  }
  void make(const std::string& text) {
    options.connection.draw = [] { return 0.0; };
    options.connection.pause = {milliseconds{100}, milliseconds{1000}};
    options.connection.terms.ping_interval = milliseconds{0};
    asker = make_client(home, connector, *parse_url(text), options);
    asker->on_state = [this](const std::string& reason) { states += (reason.empty() ? "ready" : reason) + ";"; };
    home.run();
  }
  /// Answers the newest connection's HELLO, and gives what it had sent.
  std::string greet(const std::string& more = {}) {
    auto& peer = connector.last();
    const auto sent = peer.received();
    peer.send(hello3);
    home.run();
    if (!more.empty()) {
      peer.received();
      peer.send(more);
      home.run();
    }
    return sent;
  }
  void ask(const std::string& name, batch commands, request_options how = {}) {
    asker->submit(
        std::move(commands),
        [this, name](const result<std::vector<reply>>& outcome) {
          said += name + "=" + shown(outcome) + ";";
          if (!outcome) detail = outcome.error().detail;
        },
        how);
    home.run();
  }
  void ask(const std::string& key, request_options how = {}) { ask(key, batch{"GET", key}, how); }
  void hear(scripted_peer& from, const std::string& bytes) {
    from.send(bytes);
    home.run();
  }
  void drop() {
    connector.last().drop();
    home.run();
  }
  std::string take() { return std::exchange(said, {}); }

  fanfare::test::fake_executor home;
  scripted_connector connector;
  client_options options;
  std::unique_ptr<client> asker;
  std::string said, detail, states;
};

}  // namespace fanfare::redis::test
