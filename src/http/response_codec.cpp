#include "http/response_codec.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "http/token.hpp"

namespace fanfare::http {

namespace {

bool framing_field(std::string_view name) {
  return iequals(name, "Content-Length") || iequals(name, "Transfer-Encoding") || iequals(name, "Connection") ||
         iequals(name, "Date") || iequals(name, "Keep-Alive");
}

// Content that came from outside must not start a field or a message of its own (response splitting).
void append_field(std::string& out, std::string_view name, std::string_view content) {
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_char)) return;
  out.append(name).append(": ");
  for (const char c : content) out.push_back(is_control(c) ? ' ' : c);
  out.append("\r\n");
}

}  // namespace

bool status_has_body(unsigned status) noexcept { return status >= 200 && status != 204 && status != 304; }

std::string serialize_head(const response& answer, const response_framing& framing) {
  std::string out;
  out.reserve(256);
  out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ").append(reason_phrase(answer.status));
  out.append("\r\n");
  for (const auto& [name, content] : answer.headers) {
    if (!framing_field(name)) append_field(out, name, content);
  }
  if (!framing.date.empty()) append_field(out, "Date", framing.date);
  if (status_has_body(answer.status)) append_field(out, "Content-Length", std::to_string(answer.body.size()));
  if (!framing.keep_alive)
    append_field(out, "Connection", "close");
  else if (framing.http_1_0)
    append_field(out, "Connection", "keep-alive");
  return out.append("\r\n");
}

std::string http_date(long long unix_seconds) {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm at{};
  ::gmtime_r(&seconds, &at);
  const auto two = [](int number) { return std::string(number < 10 ? "0" : "") + std::to_string(number); };
  return std::string(days[static_cast<std::size_t>(at.tm_wday)]) + ", " + two(at.tm_mday) + " " +
         months[static_cast<std::size_t>(at.tm_mon)] + " " + std::to_string(at.tm_year + 1900) + " " + two(at.tm_hour) +
         ":" + two(at.tm_min) + ":" + two(at.tm_sec) + " GMT";
}

}  // namespace fanfare::http
