#include <gtest/gtest.h>

#include <fanfare/websocket/connection.hpp>

#include "net/memory_stream.hpp"
#include "support/fake_executor.hpp"
#include "websocket/scripted_client.hpp"

namespace fanfare::websocket {
namespace {

using namespace test;
using fanfare::test::fake_executor;

class scripted_exchange final : public http::exchange {
 public:
  scripted_exchange(executor& worker, bool good) : worker_(worker) {
    request_.method = "GET";
    request_.path = "/chat";
    request_.headers.add("Upgrade", "websocket");
    request_.headers.add("Connection", "Upgrade");
    request_.headers.add("Sec-WebSocket-Version", "13");
    if (good) request_.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  }
  const http::request& request() const noexcept override { return request_; }
  executor& worker() noexcept override { return worker_; }
  void respond(http::response answer, bool) override { status = answer.status; }
  void respond_and_close(http::response answer) override { status = answer.status; }
  void on_abort(std::function<void()>) override {}
  void read_body(body_reader) override {}
  void upgrade(executor& target, upgraded work) override {
    upgraded_to = &target;
    taken = std::move(work);
  }

  unsigned status = 0;
  executor* upgraded_to = nullptr;
  upgraded taken;

 private:
  executor& worker_;
  http::request request_;
};

TEST(accept, refuses_a_bad_handshake) {
  fake_executor worker;
  auto exchange = std::make_shared<scripted_exchange>(worker, false);
  accept(exchange, worker, {}, [](connection_ptr) { FAIL(); });
  EXPECT_EQ(exchange->status, 400U);
  EXPECT_EQ(exchange->upgraded_to, nullptr);
}

TEST(accept, opens_the_connection_on_the_worker_asked_for) {
  fake_executor first(0), second(1);
  auto exchange = std::make_shared<scripted_exchange>(first, true);
  std::string got, path;
  connection_ptr held;
  accept(exchange, second, {}, [&](connection_ptr connection) {
    held = connection;
    path = connection->request().path;
    connection->on_message([&](connection::message item) { got += item.bytes; });
  });
  ASSERT_EQ(exchange->upgraded_to, &second);
  auto pair = net::memory_stream::make(second, second);
  const auto taken = std::move(exchange->taken);
  exchange.reset();  // the connection keeps its own copy of the request
  taken(std::move(pair.first), text_frame("early"));
  second.run();
  EXPECT_EQ(path, "/chat");
  EXPECT_EQ(got, "early");
  EXPECT_EQ(&held->worker(), &second);
  EXPECT_TRUE(pair.second->state()->inbox.starts_with("HTTP/1.1 101 "));
  held->terminate();
  second.run();
}

}  // namespace
}  // namespace fanfare::websocket
