#include <chrono>
#include <ctime>
#include <string>

#include "fixture.hpp"

namespace fanfare::fixture {

namespace {

// ECMA-262 Date.prototype.toISOString of this instant.
std::string iso_date() {
  const auto now = std::chrono::system_clock::now();
  const auto ms = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &utc);
  const auto fraction = std::to_string(1000 + ms % 1000).substr(1);
  return std::string(text, length) + fraction + "Z";
}

const value& first(const socketio::event& received) {
  static const value none;
  return received.args.empty() ? none : received.args.front();
}

bool is_greeting_with_bytes(const value& item) {
  const auto* bytes = item.find("message");
  return item.find("hello") != nullptr && item.find("hello")->as_string() == "lol" && bytes != nullptr &&
         bytes->if_binary() != nullptr && item.find("goodbye") != nullptr &&
         item.find("goodbye")->as_string() == "gotcha";
}

void serve_text(socketio::socket& socket) {
  socket.on("hi", [&socket](const socketio::event&) { socket.emit("hi"); });
  socket.on("echo", [](const socketio::event& received) {
    if (received.ack) received.ack({first(received)});
  });
  socket.on("ack", [&socket](const socketio::event&) {
    socket.emit_with_ack("ack", {}, milliseconds{0}, [weak = socket.weak_from_this()](const result<array>& answer) {
      const auto asker = weak.lock();
      if (!asker || !answer || answer->size() < 2) return;
      const auto* test = (*answer)[1].find("test");
      if ((*answer)[0] == value(5) && test != nullptr && test->as_bool()) asker->emit("got it");
    });
  });
  socket.on("getAckDate", [](const socketio::event& received) {
    if (received.ack) received.ack({iso_date()});
  });
  socket.on("getDate", [&socket](const socketio::event&) { socket.emit("takeDate", iso_date()); });
  socket.on("getDateObj", [&socket](const socketio::event&) {
    socket.emit("takeDateObj", object{{"date", iso_date()}});
  });
  socket.on("getUtf8", [&socket](const socketio::event&) {
    for (const auto* text : {"てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"}) {
      socket.emit("takeUtf8", text);
    }
  });
  socket.on("burst", [&socket](const socketio::event& received) {
    const auto count = static_cast<int>(first(received).find("count")->as_double());
    const auto bytes = static_cast<std::size_t>(first(received).find("bytes")->as_double());
    for (int i = 0; i < count; ++i) socket.emit("burst", i, std::string(bytes, 'x'));
  });
  socket.on("false", [&socket](const socketio::event&) { socket.emit("false", false); });
  socket.on("getHandshake", [&socket](const socketio::event& received) {
    if (received.ack) received.ack({socket.handshake().to_value()});
  });
}

void serve_id(socketio::socket& socket) {
  socket.on("getId", [&socket](const socketio::event& received) {
    if (received.ack) received.ack({socket.id()});
  });
}

void serve_binary(socketio::socket& socket) {
  const auto bytes = shared_bytes::copy("asdfasdf");
  socket.on("doge", [&socket, bytes](const socketio::event&) { socket.emit("doge", bytes); });
  socket.on("getbin", [&socket, bytes](const socketio::event&) { socket.emit("takebin", bytes); });
  const auto answer_bytes = [&socket](const char* name, const char* answer) {
    socket.on(name, [&socket, answer](const socketio::event& received) {
      if (first(received).if_binary() != nullptr) socket.emit(answer);
    });
  };
  answer_bytes("buffa", "buffack");
  answer_bytes("blob", "back");
  const auto answer_greeting = [&socket](const char* name, const char* answer) {
    socket.on(name, [&socket, answer](const socketio::event& received) {
      if (is_greeting_with_bytes(first(received))) socket.emit(answer);
    });
  };
  answer_greeting("jsonbuff", "jsonbuff-ack");
  answer_greeting("jsonblob", "jsonblob-ack");
}

// Events that must arrive in the order they were sent: `seen` counts those that did.
void serve_sequences(socketio::socket& socket) {
  const auto buffers = std::make_shared<int>(0);
  socket.on("abuff1", [buffers](const socketio::event& received) {
    if (first(received).if_binary() != nullptr) *buffers = 1;
  });
  socket.on("abuff2", [&socket, buffers](const socketio::event&) {
    if (*buffers == 1) socket.emit("abuff2-ack");
  });
  const auto blobs = std::make_shared<int>(0);
  socket.on("blob1", [blobs](const socketio::event& received) {
    if (first(received).if_binary() != nullptr) *blobs = 1;
  });
  socket.on("blob2", [blobs](const socketio::event& received) {
    if (*blobs == 1 && first(received).as_string() == "second") *blobs = 2;
  });
  socket.on("blob3", [&socket, blobs](const socketio::event& received) {
    if (*blobs == 2 && first(received).if_binary() != nullptr) socket.emit("blob3-ack");
  });
}

}  // namespace

std::shared_ptr<void> client_lab(http::server& web, const options& with) {
  socketio::server_options options;
  if (with.deflate) options.engine.deflate.emplace();
  if (with.msgpack) options.parser = socketio::msgpack_parser();
  options.engine.ping_interval = milliseconds{2000};
  options.engine.max_payload_bytes = with.max_payload_bytes;
  options.recovery.emplace();
  // A client's connect timeout is tested against a handshake that takes a little while.
  options.engine.allow_request = [&web](const http::request&, const auto& done) {
    web.workers().current()->after(milliseconds{10}, [done] { done(std::nullopt); });
  };
  auto io = std::make_shared<socketio::server>(web, options);
  for (const auto* name : {"/timeout_socket", "/valid", "/asd"}) io->of(name);
  io->of("/foo").on_connection([](const socketio::socket_ptr& socket) { serve_id(*socket); });
  io->of("/abc").on_connection(
      [](const socketio::socket_ptr& socket) { socket->emit("handshake", socket->handshake().to_value()); });
  io->of("/no").use([](const socketio::socket_ptr&, const auto& next) {
    next(socketio::rejection{"Auth failed (custom namespace)", {}});
  });
  io->use([](const socketio::socket_ptr& socket, const auto& next) {
    if (socket->handshake().query_value("fail").empty()) return next(std::nullopt);
    next(socketio::rejection{"Auth failed (main namespace)", {}});
  });
  io->on_connection([](const socketio::socket_ptr& socket) {
    serve_text(*socket);
    serve_id(*socket);
    serve_binary(*socket);
    serve_sequences(*socket);
  });
  return io;
}

}  // namespace fanfare::fixture
