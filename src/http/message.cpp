#include <fanfare/http/message.hpp>

#include <algorithm>

#include <fanfare/base/json.hpp>

#include "http/token.hpp"

namespace fanfare::http {

void fields::set(std::string_view name, std::string content) {
  const auto same = [&](const field& each) { return iequals(each.first, name); };
  const auto first = std::find_if(fields_.begin(), fields_.end(), same);
  if (first == fields_.end()) return add(std::string(name), std::move(content));
  first->second = std::move(content);
  fields_.erase(std::remove_if(first + 1, fields_.end(), same), fields_.end());
}

void fields::remove(std::string_view name) {
  std::erase_if(fields_, [&](const field& each) { return iequals(each.first, name); });
}

std::optional<std::string_view> fields::get(std::string_view name) const noexcept {
  for (const auto& each : fields_) {
    if (iequals(each.first, name)) return each.second;
  }
  return std::nullopt;
}

bool fields::has_token(std::string_view name, std::string_view token) const noexcept {
  for (const auto& each : fields_) {
    if (!iequals(each.first, name)) continue;
    std::string_view rest = each.second;
    while (!rest.empty()) {
      if (iequals(trim(take_until(rest, ',')), token)) return true;
    }
  }
  return false;
}

std::string_view request::param(std::string_view name) const noexcept {
  for (const auto& [key, content] : params) {
    if (key == name) return content;
  }
  return {};
}

response response::text(unsigned status, std::string body) {
  response answer{status, {}, shared_bytes(std::move(body))};
  answer.headers.add("Content-Type", "text/plain; charset=utf-8");
  return answer;
}

response response::json(unsigned status, std::string body) {
  response answer{status, {}, shared_bytes(std::move(body))};
  answer.headers.add("Content-Type", "application/json");
  return answer;
}

response response::problem(unsigned status, std::string_view title, std::string_view code, std::string_view detail,
                           std::string_view pointer) {
  object body{{"type", "about:blank"}, {"title", title}, {"status", status}};
  if (!code.empty()) body.append("code", code);
  if (!detail.empty()) body.append("detail", detail);
  if (!pointer.empty()) body.append("pointer", pointer);
  response answer{status, {}, shared_bytes(json::write(value(std::move(body))))};
  answer.headers.add("Content-Type", "application/problem+json");
  return answer;
}

std::string percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    auto part = take_until(query, '&');
    if (part.empty()) continue;
    const auto name = take_until(part, '=');
    pairs.emplace_back(percent_decode(name, true), percent_decode(part, true));
  }
  return pairs;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    auto part = take_until(query, '&');
    if (part.empty()) continue;
    if (percent_decode(take_until(part, '='), true) == name) return percent_decode(part, true);
  }
  return std::nullopt;
}

std::string_view reason_phrase(unsigned status) noexcept {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

}  // namespace fanfare::http
