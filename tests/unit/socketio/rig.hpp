// An Engine.IO session without a network, and a Socket.IO server on workers without threads: what the tests of this
// floor script. Texts sent are kept as they would stand on the wire ("40{…}"), bytes as "b" + hex.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "socketio/server_core.hpp"
#include "socketio/socket_impl.hpp"
#include "support/fake_executor.hpp"

namespace fanfare::socketio::test {

inline std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

inline std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

inline std::string on_wire(const engineio::outbound& frame) {
  return frame->binary() ? "b" + to_hex(frame->message()) : std::string(frame->message());
}

inline std::vector<std::string> on_wire(const std::vector<engineio::outbound>& frames) {
  std::vector<std::string> texts;
  for (const auto& frame : frames) texts.push_back(on_wire(frame));
  return texts;
}

class fake_engine final : public engineio::socket {
 public:
  explicit fake_engine(executor& worker, http::request request = {}) : worker_(worker), request_(std::move(request)) {}

  [[nodiscard]] const std::string& id() const noexcept override { return id_; }
  [[nodiscard]] executor& worker() noexcept override { return worker_; }
  [[nodiscard]] const http::request& request() const noexcept override { return request_; }
  [[nodiscard]] const http::request& carrier() const noexcept override { return request_; }
  [[nodiscard]] std::string_view transport() const noexcept override { return "websocket"; }
  void on_message(std::function<void(message)> work) override { message_ = std::move(work); }
  void on_close(std::function<void(engineio::close_reason)> work) override { close_ = std::move(work); }
  void on_upgrade(std::function<void()>) override {}
  void send(engineio::outbound packet, const engineio::send_options& options) override {
    sent.push_back(on_wire(packet));
    frames.push_back(std::move(packet));
    how.push_back(options);
    if (fails_on_send) end(engineio::close_reason::overload);
  }
  void send(const std::vector<engineio::outbound>& packets, const engineio::send_options& options) override {
    for (const auto& packet : packets) send(packet, options);
  }
  void close(bool) override {
    closed = true;
    end(engineio::close_reason::forced_close);
  }
  void close_transport() override { transport_closed = true; }
  [[nodiscard]] std::size_t queued_bytes() const noexcept override { return 7; }
  void when_drained(std::function<void()> work) override { drained = std::move(work); }
  [[nodiscard]] bool writable() const noexcept override { return true; }

  void receive(std::string text) { message_({false, std::move(text)}); }
  void receive_bytes(std::string bytes) { message_({true, std::move(bytes)}); }
  /// The session ends; again: nothing.
  void end(engineio::close_reason reason) {
    if (const auto work = std::exchange(close_, nullptr)) work(reason);
  }
  /// What was sent since the last call.
  std::vector<std::string> take() { return std::exchange(sent, {}); }

  std::vector<std::string> sent;
  std::vector<engineio::outbound> frames;
  std::vector<engineio::send_options> how;
  std::function<void()> drained;
  bool closed = false, transport_closed = false, fails_on_send = false;

 private:
  executor& worker_;
  http::request request_;
  std::string id_ = "engine-io-session-id";
  std::function<void(message)> message_;
  std::function<void(engineio::close_reason)> close_;
};
using fake_engine_ptr = std::shared_ptr<fake_engine>;

/// Ids are "id1", "id2", … in the order they are made; the clock says `now_ms`.
class rig {
 public:
  /// `seed`: of fake_pool.
  explicit rig(server_options options = {}, unsigned workers = 1, std::optional<std::uint64_t> seed = {})
      : pool(workers, seed),
        core(std::make_shared<server_core>(
            pool, numbers, std::move(options),
            surroundings{[this] { return "id" + std::to_string(++ids); }, [this] { return now_ms; }})) {
    core->of("/");
  }
  ~rig() { core->clear(); }

  fake_engine_ptr connect(unsigned worker = 0, http::request request = {}) {
    auto engine = std::make_shared<fake_engine>(pool.at(worker), std::move(request));
    core->accept(engine);
    return engine;
  }
  /// A connection that has joined a namespace; its socket is the newest of `joined`.
  fake_engine_ptr join(const std::string& nsp = "/", unsigned worker = 0) {
    auto engine = connect(worker);
    pool.at(worker).post([engine, nsp] { engine->receive(nsp == "/" ? "0" : "0" + nsp + ","); });
    pool.run();
    engine->take();
    return engine;
  }
  /// Keeps every socket of the namespace that connects.
  void watch(const std::string& nsp = "/") {
    core->of(nsp).on_connection([this](const socket_ptr& socket) { joined.push_back(socket); });
  }
  [[nodiscard]] double metric(std::string_view name, std::string_view label = {}) const {
    double sum = 0;
    for (const auto& sample : numbers.collect()) {
      bool chosen = sample.name == name;
      if (chosen && !label.empty()) {
        chosen = false;
        for (const auto& [key, content] : sample.labelled) chosen = chosen || content == label;
      }
      if (chosen) sum += sample.amount;
    }
    return sum;
  }

  fanfare::test::fake_pool pool;
  metrics::registry numbers;
  std::int64_t now_ms = 1700000000000;
  int ids = 0;
  std::shared_ptr<server_core> core;
  std::vector<socket_ptr> joined;
};

}  // namespace fanfare::socketio::test
