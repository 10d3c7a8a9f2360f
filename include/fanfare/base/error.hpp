#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace fanfare {

/// Every way in which a data path can fail. The table in src/base/error.cpp maps each to a metric label,
/// an HTTP status (RFC 9110), a WebSocket close code (RFC 6455 §7.4) and a client code (contract).
enum class errc : std::uint8_t {
  bad_request,   // malformed bytes or arguments
  unauthorized,  // no acceptable credential
  token_missing,
  token_invalid,
  token_expired,
  forbidden,
  unknown_room,
  not_found,
  method_not_allowed,
  unsupported_media_type,
  idempotency_mismatch,  // an Idempotency-Key seen before, with another request
  payload_too_large,     // a body, message, frame or attachment past its bound
  header_too_large,
  over_limit,  // a count past its bound: connections, rooms, namespaces, attachments
  rate_limited,
  overload,  // a queue past its bound
  draining,
  unavailable,  // a back-end that this needs is down
  timeout,
  protocol_violation,  // the peer broke its protocol's rules
  invalid_utf8,
  too_deep,  // nesting past its bound
  closed,    // the connection ended first
  internal,
};

/// One row of the error table. Fixed text only: it tells a stranger no more than the code.
struct error_row {
  errc code;                      // which failure
  std::string_view client_code;   // contract: what `error.code` says
  std::string_view metric_label;  // its value in metrics
  unsigned http_status;           // what HTTP answers with
  std::uint16_t websocket_close;  // what a WebSocket is closed with
  std::string_view message;       // for people
};

[[nodiscard]] const error_row& describe(errc code) noexcept;

/// A failure with what its author may be told: `detail` goes to the sender of a bad request (a JSON Pointer,
/// a reason) and to the log, never to a stranger whose credential failed.
struct error {                 // NOLINT(clang-analyzer-core.uninitialized.Assign): it loses sight of result's variant
  errc code = errc::internal;  // which failure
  std::string detail;
  std::string pointer;  // RFC 6901 place of the fault in a JSON document; "" is the whole
};

/// A value or an error. Data paths return it; exceptions are for starting up.
template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  // NOLINTNEXTLINE(google-explicit-constructor)
  result(fanfare::error failure) : state_(std::in_place_index<1>, std::move(failure)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  result(errc code) : state_(std::in_place_index<1>, fanfare::error{code, {}, {}}) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Throws std::logic_error when it holds an error: that is a bug of the caller.
  [[nodiscard]] T& value() & { return check(), std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return check(), std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return check(), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] const fanfare::error& error() const { return std::get<1>(state_); }

 private:
  void check() const {
    if (!has_value()) throw std::logic_error("result holds an error: " + std::get<1>(state_).detail);
  }
  std::variant<T, fanfare::error> state_;
};

/// Success without a value, or a failure.
template <>
class [[nodiscard]] result<void> {
 public:
  result() = default;
  // NOLINTNEXTLINE(google-explicit-constructor)
  result(fanfare::error failure) : failure_(std::move(failure)), failed_(true) {}
  result(errc code) : failure_{code, {}, {}}, failed_(true) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool has_value() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return !failed_; }
  [[nodiscard]] const fanfare::error& error() const { return failure_; }

 private:
  fanfare::error failure_;
  bool failed_ = false;
};

}  // namespace fanfare
