#pragma once

// An HTTP exchange and a WebSocket without a network, for tests of what stands on them.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fanfare/http/exchange.hpp>
#include <fanfare/websocket/connection.hpp>

#include "support/fake_executor.hpp"

namespace fanfare::test {

class fake_exchange final : public http::exchange {
 public:
  fake_exchange(executor& worker, http::request request) : worker_(worker), request_(std::move(request)) {}

  [[nodiscard]] const http::request& request() const noexcept override { return request_; }
  [[nodiscard]] executor& worker() noexcept override { return worker_; }
  void respond(http::response answer, bool compress) override {
    if (answered) return;
    answered = std::move(answer);
    compressed = compress;
    if (const auto work = std::exchange(answered_work, nullptr)) work();
  }
  void respond_and_close(http::response answer) override {
    respond(std::move(answer), false);
    closed = true;
  }
  void on_abort(std::function<void()> work) override { abort_work_ = std::move(work); }
  void read_body(body_reader) override {}
  void upgrade(executor&, upgraded) override {}

  void abort() {
    if (auto work = std::exchange(abort_work_, nullptr); work && !answered) worker_.post(std::move(work));
  }
  /// The body answered; "(nothing)" while there is no answer.
  [[nodiscard]] std::string body() const { return answered ? std::string(answered->body.view()) : "(nothing)"; }
  [[nodiscard]] unsigned status() const { return answered ? answered->status : 0; }

  std::optional<http::response> answered;
  bool compressed = false;
  bool closed = false;
  std::function<void()> answered_work;  // what a pipelined request does: it comes with the answer to this one

 private:
  executor& worker_;
  http::request request_;
  std::function<void()> abort_work_;
};

inline std::shared_ptr<fake_exchange> make_exchange(executor& worker, std::string method, std::string body = {}) {
  http::request request;
  request.method = std::move(method);
  request.path = "/engine.io/";
  request.body = std::move(body);
  return std::make_shared<fake_exchange>(worker, std::move(request));
}

class fake_websocket final : public websocket::connection {
 public:
  explicit fake_websocket(executor& worker) : worker_(worker) {}

  void on_message(std::function<void(message)> work) override { message_work_ = std::move(work); }
  void on_close(std::function<void(std::uint16_t, std::string_view)> work) override { close_work_ = std::move(work); }
  void on_drain(std::function<void()> work) override { drain_work_ = std::move(work); }
  void send(websocket::framed_message_ptr message, bool compress) override {
    record(*message);
    batches.push_back({1, compress});
    written();
  }
  void send(const std::vector<websocket::framed_message_ptr>& messages, bool compress) override {
    for (const auto& one : messages) record(*one);
    batches.push_back({messages.size(), compress});
    written();
  }
  bool write_now() override {
    if (!stalled_) queued_ = 0;
    return !stalled_;
  }
  void ping(std::string_view) override {}
  void close(std::uint16_t code, std::string_view) override { close_codes.push_back(code); }
  void terminate() override { terminated = true; }
  [[nodiscard]] std::size_t queued_bytes() const noexcept override { return queued_; }
  [[nodiscard]] const http::request& request() const noexcept override { return request_; }
  [[nodiscard]] executor& worker() noexcept override { return worker_; }
  [[nodiscard]] std::string_view protocol() const noexcept override { return {}; }

  // The peer's side.
  void receive(std::string text, bool binary = false) {
    const auto keep = shared_from_this();
    const auto work = message_work_;
    if (work) work({binary, std::move(text)});
  }
  void end(std::uint16_t code) {
    const auto keep = shared_from_this();
    if (auto work = std::exchange(close_work_, nullptr)) work(code, {});
  }
  /// The kernel takes nothing more until drain().
  void stall() { stalled_ = true; }
  void drain() {
    stalled_ = false;
    take();
  }
  /// The kernel takes what is queued, and then nothing more if it was stalled.
  void take() {
    queued_ = 0;
    if (const auto work = drain_work_) work();
  }

  struct batch {
    std::size_t packets;
    bool compress;
  };
  std::vector<std::string> sent;
  std::vector<batch> batches;
  std::vector<std::uint16_t> close_codes;
  bool terminated = false;
  http::request request_;

 private:
  void record(const websocket::framed_message& message) {
    sent.push_back((message.binary() ? "[binary]" : "") + std::string(message.message()));
    queued_ += message.frame().size();
  }
  void written() {
    if (stalled_) return;
    worker_.defer([weak = weak_from_this()] {
      if (const auto one = weak.lock()) static_cast<fake_websocket&>(*one).drain();
    });
  }

  executor& worker_;
  std::size_t queued_ = 0;
  bool stalled_ = false;
  std::function<void(message)> message_work_;
  std::function<void(std::uint16_t, std::string_view)> close_work_;
  std::function<void()> drain_work_;
};

}  // namespace fanfare::test
