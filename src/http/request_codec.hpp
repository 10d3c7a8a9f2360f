#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fanfare/http/message.hpp>

#include "http/chunked_codec.hpp"

// RFC 9112 requests: bytes -> http::request. Pure. Inbound next: connection, router. The grammar is Boost.Beast's
// parser's; what that takes and a proxy in front may read otherwise (request smuggling) is refused around it.

namespace fanfare::http {

/// Why a request was refused: the answer's status, the metric label, and what its sender may read.
struct request_failure {
  unsigned status = 400;
  std::string_view cause = "malformed";
  std::string_view detail;
};

class request_codec {
 public:
  enum class step : std::uint8_t {
    need_more,
    head,      // the header is whole: look at head(), then call begin_body()
    complete,  // the request is whole: take() it, then reset()
    failed,    // see failure(); the connection is of no further use
  };

  request_codec(std::size_t header_bytes_max, std::size_t target_bytes_max)
      : header_bytes_max_(header_bytes_max), target_bytes_max_(target_bytes_max) {}

  /// Takes bytes off the front of `input`.
  [[nodiscard]] step feed(std::string_view& input);
  /// Decides by Content-Length, before any of the body is read, whether it may come (413).
  [[nodiscard]] step begin_body(std::size_t body_bytes_max);
  /// For bodies that are streamed, with a bound of `unbounded`: what of it has been fed since the last call.
  [[nodiscard]] std::string take_body() { return std::exchange(request_.body, {}); }
  static constexpr std::size_t unbounded = static_cast<std::size_t>(-1);

  [[nodiscard]] const request& head() const noexcept { return request_; }
  [[nodiscard]] request take() { return std::exchange(request_, {}); }
  [[nodiscard]] const request_failure& failure() const noexcept { return failure_; }
  /// Whether a byte of a request has come since reset().
  [[nodiscard]] bool started() const noexcept { return state_ != state::head || !raw_.empty(); }
  [[nodiscard]] bool head_done() const noexcept { return state_ != state::head; }
  [[nodiscard]] bool http_1_0() const noexcept { return http_1_0_; }
  [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
  /// The peer waits for "100 Continue" before it sends the body (RFC 9110 §10.1.1).
  [[nodiscard]] bool expects_continue() const noexcept { return expects_continue_; }
  /// The same, once.
  [[nodiscard]] bool take_expectation() noexcept { return std::exchange(expects_continue_, false); }
  /// Makes ready for the next request on the same connection.
  void reset();

 private:
  enum class state : std::uint8_t { head, decided, fixed_body, chunked_body, done, failed };

  step fail(unsigned status, std::string_view cause, std::string_view detail);
  [[nodiscard]] bool scan(char c);
  step finish_head();
  [[nodiscard]] bool read_fields(bool http_1_1);
  [[nodiscard]] bool read_framing(bool http_1_1);
  [[nodiscard]] bool read_target();
  step feed_body(std::string_view& input);

  std::size_t header_bytes_max_, target_bytes_max_;
  std::string raw_;              // the header as it came
  std::size_t line_bytes_ = 0;   // of the line at hand
  std::size_t blank_lines_ = 0;  // before the request line (RFC 9112 §2.2)
  std::size_t target_bytes_ = 0;
  unsigned spaces_ = 0;  // in the request line so far
  bool first_line_ = true;
  state state_ = state::head;

  request request_;
  std::uint64_t content_length_ = 0;  // in a body: what is left of it
  bool chunked_ = false;
  bool http_1_0_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
  std::optional<chunked_codec> chunks_;
  request_failure failure_;
};

}  // namespace fanfare::http
