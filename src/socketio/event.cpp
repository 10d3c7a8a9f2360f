// What a program learns of a connection. Pure.
#include <fanfare/socketio/event.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <ctime>

namespace fanfare::socketio {
namespace {

/// ECMA-262 Date.prototype.toString in UTC, as Node prints handshake.time.
std::string javascript_time(std::int64_t unix_ms) {
  static constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 96> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%s %s %02d %04d %02d:%02d:%02d GMT+0000 (Coordinated Universal Time)",
                    days[static_cast<std::size_t>(utc.tm_wday)], months[static_cast<std::size_t>(utc.tm_mon)],
                    utc.tm_mday, utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::string_view handshake::query_value(std::string_view name) const noexcept {
  const auto found = std::find_if(query.begin(), query.end(), [name](const auto& pair) { return pair.first == name; });
  return found == query.end() ? std::string_view{} : std::string_view(found->second);
}

value handshake::to_value() const {
  object header_fields, parameters;
  for (const auto& [name, content] : headers) {
    const auto key = lower_case(name);
    // As Node joins repeated fields.
    if (auto* there = header_fields.find(key)) {
      *there = std::string(there->as_string()) + (key == "cookie" ? "; " : ", ") + content;
    } else {
      header_fields.append(key, content);
    }
  }
  for (const auto& [name, content] : query) parameters.set(name, content);
  return object{{"headers", std::move(header_fields)},
                {"time", javascript_time(issued_ms)},
                {"address", address},
                {"xdomain", headers.get("origin").has_value()},
                {"secure", secure},
                {"issued", issued_ms},
                {"url", url},
                {"query", std::move(parameters)},
                {"auth", auth}};
}

}  // namespace fanfare::socketio
