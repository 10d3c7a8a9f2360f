#include <fanfare/socketio/event.hpp>

#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

TEST(handshake, says_what_the_request_said) {
  test::rig io;
  io.watch();
  http::request request;
  request.target = "/socket.io/?EIO=4&transport=websocket&a=b%20c&a=d";
  request.query = "EIO=4&transport=websocket&a=b%20c&a=d";
  request.remote_address = "10.0.0.1";
  request.secure = true;
  request.headers.add("Host", "x");
  request.headers.add("Origin", "http://y");
  request.headers.add("Accept", "1");
  request.headers.add("accept", "2");
  const auto engine = io.connect(0, request);
  engine->receive(R"(0{"token":"t"})");
  const auto& said = io.joined.at(0)->handshake();
  EXPECT_EQ(said.query_value("a"), "b c");
  EXPECT_EQ(said.query_value("none"), "");
  constexpr auto* expected =
      R"X({"headers":{"host":"x","origin":"http://y","accept":"1, 2"},)X"
      R"X("time":"Tue Nov 14 2023 22:13:20 GMT+0000 (Coordinated Universal Time)","address":"10.0.0.1",)X"
      R"X("xdomain":true,"secure":true,"issued":1700000000000,)X"
      R"X("url":"/socket.io/?EIO=4&transport=websocket&a=b%20c&a=d",)X"
      R"X("query":{"EIO":"4","transport":"websocket","a":"d"},"auth":{"token":"t"}})X";
  EXPECT_EQ(json::write(said.to_value()), expected);
}

}  // namespace
}  // namespace fanfare::socketio
