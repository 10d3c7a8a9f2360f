#pragma once

// Floor 8. Structured logs: one line an event with named fields, JSON for machines or text for people, over spdlog.
// Inbound: service, api through api::log_sink. Outbound: standard error.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/report.hpp"

namespace fanfare::server {

enum class log_format : std::uint8_t { json, text };

/// Everything that reaches a line is escaped, so no field can forge another line or field, and a text of a client
/// cannot move a terminal's cursor. Thread: any.
class log {
 public:
  /// Writes whole lines to standard error, or to `to` (tests).
  explicit log(log_format format, std::string_view level = "info", std::function<void(std::string_view line)> to = {});
  ~log();

  void write(api::severity level, std::string_view message, const api::log_fields& fields = {});
  void trace(std::string_view message, const api::log_fields& fields = {}) {
    write(api::severity::trace, message, fields);
  }
  void info(std::string_view message, const api::log_fields& fields = {}) {
    write(api::severity::info, message, fields);
  }
  void warn(std::string_view message, const api::log_fields& fields = {}) {
    write(api::severity::warn, message, fields);
  }
  void error(std::string_view message, const api::log_fields& fields = {}) {
    write(api::severity::error, message, fields);
  }

  /// "trace", "debug", "info", "warn", "error" or "off".
  void set_level(std::string_view level);
  [[nodiscard]] api::log_sink sink();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// What a failure says to a person: of a system error its message alone, without what a library appends to it.
[[nodiscard]] std::string in_words(const std::exception& fault);

/// A URL with the values of token-like query parameters replaced, for logging.
[[nodiscard]] std::string redacted(std::string_view target);

}  // namespace fanfare::server
