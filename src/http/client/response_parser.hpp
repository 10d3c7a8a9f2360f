#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/http/message.hpp>

// RFC 9112 responses: bytes -> http::response. Pure; the grammar is Boost.Beast's. Inbound next: client.

namespace fanfare::http {

class response_parser {
 public:
  /// `to_head`: the request was a HEAD, so no body follows whatever the header says.
  response_parser(std::size_t header_bytes_max, std::size_t body_bytes_max, bool to_head);
  ~response_parser();

  /// Takes all of `input`. Whether the answer is whole by now. Fails: payload_too_large, protocol_violation (also for
  /// bytes behind the answer, which nobody asked for).
  [[nodiscard]] result<bool> feed(std::string_view input);
  /// The peer has ended its direction. Fails: unavailable, when the answer is not whole.
  [[nodiscard]] result<void> finish();
  /// Once it is whole.
  [[nodiscard]] response take();
  [[nodiscard]] bool keep_alive() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace fanfare::http
