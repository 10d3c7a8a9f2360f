// GCC 12 sees uninitialised functions inside libstdc++'s <regex> when sanitizers are on (GCC bug 105562).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <fanfare/socketio/server.hpp>

#include <gtest/gtest.h>

#include <future>

#include "http/blocking_client.hpp"

namespace fanfare::socketio {
namespace {

/// A client that speaks Engine.IO by long-polling, one request at a time.
class polling_client {
 public:
  explicit polling_client(std::uint16_t port, std::string path = "/socket.io/")
      : client_(port), path_(std::move(path)) {
    const auto opened = get();
    const auto from = opened.find("\"sid\":\"") + 7;
    query_ += "&sid=" + opened.substr(from, opened.find('"', from) - from);
  }
  std::string get() {
    client_.send("GET " + path_ + query_ + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto answer = client_.read_response();
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }
  void post(const std::string& body) {
    client_.send("POST " + path_ + query_ + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
                 "\r\n\r\n" + body);
    client_.read_response();
  }

 private:
  fanfare::test::blocking_client client_;
  std::string path_, query_ = "?EIO=4&transport=polling";
};

TEST(socketio_server, serves_over_http) {
  http::server web({.listen = {"127.0.0.1:0"}, .workers = 2});
  server io(web);
  std::promise<std::string> ended;
  io.use([](const socket_ptr&, const name_space::next& next) { next(std::nullopt); });
  io.on_connection([&](const socket_ptr& socket) {
    EXPECT_EQ(socket->id().size(), 20U);
    EXPECT_GT(socket->handshake().issued_ms, 1700000000000);
    socket->on("echo", [](const event& in) { in.ack(in.args); });
    EXPECT_TRUE(socket->join("r"));
    socket->on_disconnect([&](std::string_view reason) { ended.set_value(std::string(reason)); });
  });
  io.of("/chat").on_connection([](const socket_ptr& socket) { socket->emit("welcome"); });
  io.of(std::regex("^/dyn-")).on_connection([](const socket_ptr&) {});
  io.of([](const std::string& name, const value&, const std::function<void(bool)>& next) { next(name == "/fn"); });
  int made = 0;
  io.on_new_namespace([&](name_space&) { ++made; });
  web.start();
  EXPECT_EQ(&io.web(), &web);

  polling_client client(web.port());
  client.post("40");
  EXPECT_EQ(client.get().substr(0, 10), R"(40{"sid":")");
  client.post(R"(421["echo",1,"two"])");
  EXPECT_EQ(client.get(), R"(431[1,"two"])");
  io.to("r").emit("news", 5);
  EXPECT_EQ(client.get(), R"(42["news",5])");
  io.emit("all");
  EXPECT_EQ(client.get(), R"(42["all"])");
  client.post("40/chat,");
  const auto welcome = client.get();
  EXPECT_EQ(welcome.substr(welcome.find('\x1e') + 1), R"(42/chat,["welcome"])");
  for (const auto* name : {"/dyn-1", "/fn"}) {
    client.post("40" + std::string(name) + ",");
    EXPECT_EQ(client.get().substr(0, 3), "40/");
  }
  EXPECT_EQ(made, 2);
  EXPECT_EQ(io.engine().sessions(), 1U);

  io.close();
  EXPECT_EQ(ended.get_future().get(), "server shutting down");
  web.stop();
}

TEST(socketio_server, ends_with_the_http_server) {
  http::server web({.listen = {"127.0.0.1:0"}, .workers = 1});
  server_options options;
  options.engine.paths = {"/a/", "/b/"};
  server io(web, options);
  std::promise<std::string> ended;
  io.on_connection([&](const socket_ptr& socket) {
    socket->on_disconnect([&](std::string_view reason) { ended.set_value(std::string(reason)); });
  });
  web.start();
  polling_client client(web.port(), "/b/");
  client.post("40");
  client.get();
  web.stop();
  EXPECT_EQ(ended.get_future().get(), "server shutting down");
}

}  // namespace
}  // namespace fanfare::socketio
