#pragma once

// A session over fake transports on a fake worker, and what it has handed to its user.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engineio/session.hpp"
#include "engineio/support/fakes.hpp"

namespace fanfare::engineio {

using list = std::vector<std::string>;
using test::fake_exchange;
using test::fake_executor;
using test::fake_websocket;
using test::make_exchange;

class session_fixture : public testing::Test {
 protected:
  ~session_fixture() override {
    if (table) table->clear();
  }
  /// With the options as they stand now.
  void make_table() {
    table = std::make_shared<session_table>(worker, std::make_shared<const server_options>(options), count);
    one = std::make_shared<session>(table, "abcdefghijklmnopqrst", http::request{},
                                    reservation::take(count, options.sessions_max));
    one->on_message([this](socket::message in) { messages.push_back((in.binary ? "b:" : "t:") + in.bytes); });
    one->on_close([this](close_reason reason) { closes.emplace_back(to_string(reason)); });
    one->on_upgrade([this] { ++upgrades; });
    table->insert(one);
  }
  /// Opened by polling, OPEN fetched.
  void open_polling() {
    make_table();
    const auto handshake = make_exchange(worker, "GET");
    one->open_polling(handshake);
    worker.run();
    opened_with = handshake->body();
  }
  void open_websocket() {
    make_table();
    socket = std::make_shared<fake_websocket>(worker);
    one->open_websocket(socket);
    worker.advance(session::write_pause);
    socket->sent.clear();
    socket->batches.clear();
  }
  std::shared_ptr<fake_exchange> get() {
    auto poll = make_exchange(worker, "GET");
    one->on_get(poll);
    worker.run();
    return poll;
  }
  std::shared_ptr<fake_exchange> post(std::string body) {
    auto sent = make_exchange(worker, "POST", std::move(body));
    one->on_post(sent);
    worker.run();
    return sent;
  }
  std::shared_ptr<fake_websocket> probe() {
    auto connection = std::make_shared<fake_websocket>(worker);
    one->on_probe(connection);
    worker.run();
    return connection;
  }
  static double counted(const metrics::cell& cell) { return cell.get(); }

  metrics::registry registry;
  std::shared_ptr<counters> count = std::make_shared<counters>(registry);
  fake_executor worker;
  fake_executor other{1};
  server_options options;
  std::shared_ptr<session_table> table;
  std::shared_ptr<session> one;
  std::shared_ptr<fake_websocket> socket;
  std::string opened_with;
  list messages, closes;
  int upgrades = 0;
};

}  // namespace fanfare::engineio
