#pragma once

// RESP2 and RESP3 <-> reply. Pure. Inbound: connection_fsm feeds what the server sends. Outbound: batch writes
// commands. Debian 12's hiredis (0.14) reads RESP2 alone, so both are read here.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>

namespace fanfare::redis {

/// One value of the RESP3 specification. RESP2's null bulk and null array are `null` too; a verbatim string is a
/// `bulk` without its format; a big number is a `bulk` of its digits; attributes are dropped.
struct reply {
  enum class kind : std::uint8_t { null, status, error, integer, real, boolean, bulk, array, map, set, push };
  kind type = kind::null;
  std::string text;             // status, error, bulk
  std::int64_t integer = 0;     // integer; boolean: 0 or 1
  double real = 0;              // real
  std::vector<reply> elements;  // array, set, push; map: key, value, key, value

  [[nodiscard]] bool is_error() const noexcept { return type == kind::error; }
  [[nodiscard]] bool is_null() const noexcept { return type == kind::null; }
  /// Whether it is an error of that code, its first word: "MOVED", "READONLY", "ERR".
  [[nodiscard]] bool is_error(std::string_view code) const noexcept;
  /// The value of a textual key in a map, or in RESP2's flat array of keys and values; nullptr when it is not there.
  [[nodiscard]] const reply* find(std::string_view key) const noexcept;
};

/// What a server may make us hold for one reply.
struct reply_limits {
  std::size_t bytes_max = 67108864;    // all of one reply, as it came
  std::size_t elements_max = 1048576;  // all of one reply, nested ones too
  std::size_t depth_max = 8;           // aggregates within aggregates
  std::size_t line_bytes_max = 65536;  // a status, an error, a number, a length
};

/// Takes bytes in any portions, gives whole replies. After a failure it stays failed. Thread: one.
class resp_reader {
 public:
  explicit resp_reader(reply_limits limits = {}) : limits_(limits) {}

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  /// The next whole reply, or nothing until more bytes come. Fails: protocol_violation, payload_too_large, over_limit,
  /// too_deep.
  [[nodiscard]] result<std::optional<reply>> next();
  /// Bytes that are held for a reply that is not whole yet, parsed or not.
  [[nodiscard]] std::size_t held_bytes() const noexcept { return consumed_ + buffer_.size() - at_; }

 private:
  // An aggregate under construction.
  struct frame {
    reply made;
    std::size_t missing = 0;
    bool attribute = false;  // dropped when whole; the reply it belongs to follows
  };
  enum class step : std::uint8_t { more, whole, failed };

  step fail(errc code, std::string_view why);
  step read_item();
  step read_line(std::string_view& line);
  step read_blob(std::string_view line, reply::kind as, bool verbatim);
  step read_scalar(char mark, std::string_view line);
  step open_aggregate(char mark, std::string_view line);
  step place(reply made);
  [[nodiscard]] bool read_count(std::string_view line, std::int64_t& count);

  reply_limits limits_;
  std::string buffer_;
  std::size_t at_ = 0;        // parsed up to here
  std::size_t scanned_ = 0;   // no CRLF before here
  std::size_t consumed_ = 0;  // bytes of the reply under construction that are parsed
  std::size_t elements_ = 0;  // of the reply under construction
  std::vector<frame> open_;
  std::optional<reply> whole_;
  std::optional<error> failure_;
};

/// Appends one command as an array of bulk strings, the only form that carries any byte.
void write_command(std::string& out, std::span<const std::string_view> words);

}  // namespace fanfare::redis
