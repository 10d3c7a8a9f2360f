#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <fanfare/http/exchange.hpp>

#include <fanfare/net/byte_stream.hpp>
#include "http/compression.hpp"
#include "http/request_codec.hpp"
#include "http/shard.hpp"

// The driver: performs what request_codec, router and handlers ask for on one byte_stream. Inbound: server;
// outbound: route handlers, through live_exchange.

namespace fanfare::http {

/// One client connection speaking HTTP/1.1. It answers one request at a time, in order. Thread: its shard's worker.
class connection : public std::enable_shared_from_this<connection> {
 public:
  /// Serves `stream` until one side ends it; the shard keeps it alive.
  static void serve(shard& home, std::unique_ptr<net::byte_stream> stream);
  /// Answers 503 without reading, and closes.
  static void refuse(shard& home, std::unique_ptr<net::byte_stream> stream);

  connection(shard& home, std::unique_ptr<net::byte_stream> stream);
  ~connection();

  /// These four are live_exchange's.
  void answer(response content, bool compress, bool close_after);
  void read_body(const std::shared_ptr<const request>& of, exchange::body_reader next);
  void set_abort(std::function<void()> work);
  void upgrade(executor& target, exchange::upgraded taken);

  void drain();
  void close();

 private:
  enum class phase : std::uint8_t { reading, handling, writing, lingering, closed };

  struct coded_body {
    explicit coded_body(coding which) : decoder(which) {}
    body_decoder decoder;
    std::string bytes;      // what came last
    std::string_view rest;  // of it, not yet decoded
    bool more = false;      // the decoder has more to give
  };

  void on_readable();
  void received(net::io_result got, std::string_view bytes);
  void drive();
  [[nodiscard]] bool advance();
  [[nodiscard]] request_codec::step begin_body();
  [[nodiscard]] std::size_t body_bytes_max() const noexcept;
  void invite_body();
  void dispatch();
  [[nodiscard]] result<void> decode_body(request& taken) const;
  [[nodiscard]] result<void> begin_decoding(request& taken);
  void refuse_body(const error& why);
  void give_decoded();
  [[nodiscard]] bool advance_body();
  void give(const result<body_part>& part);
  void refuse_request();
  [[nodiscard]] bool flush();
  void written();
  void wait_for_bytes();
  void decorate(response& content, bool compress);

  void set_deadline(milliseconds span);
  void arm_timer(milliseconds span);
  void on_timer();
  void expired();

  shard& home_;
  std::unique_ptr<net::byte_stream> stream_;
  request_codec codec_;
  router::match route_;
  std::shared_ptr<const request> asked_;  // the request being answered; shared with its exchange
  std::function<void()> abort_;
  exchange::body_reader reader_;       // who waits for the next part of a streamed body
  std::unique_ptr<coded_body> coded_;  // of a streamed body in a coding
  std::string input_;                  // read and not yet parsed
  std::string out_;                    // heads; body_ follows it
  shared_bytes body_;
  std::size_t sent_ = 0;  // of out_ and body_ together
  std::size_t discarded_ = 0;
  steady_time deadline_ = steady_time::max();
  steady_time timer_at_ = steady_time::max();
  timer_id timer_ = 0;
  phase phase_ = phase::reading;
  bool driving_ = false;
  bool asked_once_ = false;
  bool close_after_ = false;
  bool peer_ended_ = false;
  bool timing_head_ = false, timing_body_ = false;
  bool streaming_ = false;  // a handler has the request, and of its body more is to come
};

}  // namespace fanfare::http
