#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/memory_stream.hpp"
#include "support/fake_executor.hpp"
#include "websocket/close_payload.hpp"
#include "websocket/connection_driver.hpp"
#include "websocket/frame_codec.hpp"
#include "websocket/masking.hpp"

// What a client sends, as bytes; and a connection with the peer's end of its stream.

namespace fanfare::websocket::test {

struct frame_shape {
  bool fin = true;
  bool rsv1 = false;
  bool masked = true;
  masking_key key = {0x37, 0xfa, 0x21, 0x3d};
};

inline std::string client_frame(opcode code, std::string_view payload, const frame_shape& shape = {}) {
  frame_header header{shape.fin, shape.rsv1, code, shape.masked, payload.size(), shape.key};
  char encoded[header_bytes_max];
  std::string frame(encoded, encode_header(header, encoded));
  std::string body(payload);
  if (shape.masked) apply_mask(body, shape.key, 0);
  return frame + body;
}

inline std::string text_frame(std::string_view payload) { return client_frame(opcode::text, payload); }
inline std::string part(opcode code, std::string_view payload, bool fin) {
  return client_frame(code, payload, {.fin = fin});
}
inline std::string compressed_frame(opcode code, std::string_view payload, bool fin = true) {
  return client_frame(code, payload, {.fin = fin, .rsv1 = true});
}
inline std::string close_frame(std::uint16_t code, std::string_view reason = {}) {
  return client_frame(opcode::close, std::string{static_cast<char>(code >> 8), static_cast<char>(code)}.append(reason));
}

using fanfare::test::fake_executor;
using log = std::vector<std::string>;

// A connection and the peer's end of its stream, in one thread on one fake clock.
struct harness {
  fake_executor worker;
  metrics::registry registry;
  options settings;
  log events;
  std::shared_ptr<connection> server;
  std::unique_ptr<net::memory_stream> peer;
  std::shared_ptr<net::memory_stream::end_state> ours, theirs;
  bool peer_ended = false, peer_failed = false;

  harness() { settings.metrics = &registry; }
  ~harness() {
    if (server) server->terminate();
    worker.run();
  }

  std::shared_ptr<connection_driver> make(handshake agreed = {"HEAD", "", {}}, std::size_t capacity = 65536) {
    auto pair = net::memory_stream::make(worker, worker, capacity);
    ours = pair.first->state();
    theirs = pair.second->state();
    peer = std::move(pair.second);
    return std::make_shared<connection_driver>(std::move(pair.first), worker, http::request{}, settings,
                                               std::move(agreed));
  }
  void listen(const connection_ptr& connection) {
    server = connection;
    connection->on_message(
        [this](connection::message item) { events.push_back((item.binary ? "binary " : "text ") + item.bytes); });
    connection->on_close([this](std::uint16_t code, std::string_view reason) {
      events.push_back("close " + std::to_string(code) + " " + std::string(reason));
    });
    connection->on_drain([this] { events.push_back("drain"); });
  }
  void open(handshake agreed = {"HEAD", "", {}}, std::size_t capacity = 65536, std::string leftover = {}) {
    auto driver = make(std::move(agreed), capacity);
    driver->start([this](connection_ptr connection) { listen(connection); }, std::move(leftover));
    driver.reset();
    worker.run();
  }
  void write(const std::string& bytes) {
    const std::string_view buffer = bytes;
    EXPECT_EQ(peer->write_some({&buffer, 1}).bytes, bytes.size());
    worker.run();
  }
  // All that has come for the peer.
  std::string read() {
    std::string all;
    for (;;) {
      worker.run();
      char buffer[1000];
      const auto got = peer->read_some(buffer);
      peer_ended = peer_ended || got.status == net::io_status::end;
      peer_failed = peer_failed || got.status == net::io_status::failed;
      if (got.status != net::io_status::ok) return all;
      all.append(buffer, got.bytes);
    }
  }
  double closes(const char* cause) {
    return registry.counter("fanfare_websocket_closes_total", "", {{"cause", cause}}).get();
  }
};

inline std::string server_frame(opcode code, std::string_view payload) {
  return client_frame(code, payload, {.masked = false});
}
inline std::string server_close(std::uint16_t code, std::string_view reason = {}) {
  return server_frame(opcode::close, encode_close(code, reason));
}

}  // namespace fanfare::websocket::test
