#include "websocket/handshake.hpp"

#include <algorithm>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/digest.hpp>

namespace fanfare::websocket {
namespace {

constexpr std::string_view accept_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // §1.3

http::response refuse(std::string_view detail) {
  return http::response::problem(400, "Bad Request", "bad_request", detail);
}

/// The only field of that name; nullopt when there is none or more than one.
std::optional<std::string_view> only(const http::fields& headers, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& field : headers) {
    if (!equals_without_case(field.first, name)) continue;
    if (found) return std::nullopt;
    found = field.second;
  }
  return found;
}

// §4.2.1: base64 of 16 bytes, which is 22 characters and two of padding.
bool is_key(std::string_view key) noexcept {
  if (key.size() != 24 || key.substr(22) != "==") return false;
  return std::all_of(key.begin(), key.begin() + 22, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  });
}

std::optional<std::vector<std::string>> parse_protocols(const http::fields& headers) {
  std::vector<std::string> wanted;
  for (const auto& [name, content] : headers) {
    if (!equals_without_case(name, "Sec-WebSocket-Protocol")) continue;
    std::string_view rest = content;
    for (;;) {
      const auto comma = std::min(rest.find(','), rest.size());
      auto item = rest.substr(0, comma);
      item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
      item = item.substr(0, item.find_last_not_of(" \t") + 1);
      // §4.1: tokens, each once.
      if (!is_token(item) || std::find(wanted.begin(), wanted.end(), item) != wanted.end()) return std::nullopt;
      wanted.emplace_back(item);
      if (comma == rest.size()) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return wanted;
}

void append_field(std::string& head, std::string_view name, std::string_view content) {
  // A line break in a header that somebody built from input would let them write the rest of the answer.
  if (!is_token(name) || content.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return;
  head.append(name).append(": ").append(content).append("\r\n");
}

}  // namespace

bool is_upgrade(const http::request& request) noexcept {
  return request.method == "GET" && request.headers.has_token("Upgrade", "websocket") &&
         request.headers.has_token("Connection", "upgrade");
}

std::variant<handshake, http::response> answer_handshake(const http::request& request, const options& ours) {
  if (!is_upgrade(request)) return refuse("not a WebSocket upgrade");
  const auto version = only(request.headers, "Sec-WebSocket-Version");
  if (!version) return refuse("one Sec-WebSocket-Version is needed");
  if (*version != "13") {
    auto answer =
        http::response::problem(426, "Upgrade Required", "bad_request", "WebSocket version 13 is spoken here");
    answer.headers.set("Sec-WebSocket-Version", "13");
    answer.headers.set("Upgrade", "websocket");
    return answer;
  }
  const auto key = only(request.headers, "Sec-WebSocket-Key");
  if (!key || !is_key(*key)) return refuse("one Sec-WebSocket-Key of 16 bytes is needed");
  const auto wanted = parse_protocols(request.headers);
  if (!wanted) return refuse("malformed Sec-WebSocket-Protocol");

  handshake out;
  if (ours.deflate) {
    const auto offers = parse_extensions(request.headers);
    if (!offers) return refuse(offers.error().detail);
    out.deflate = agree_on_deflate(*offers, *ours.deflate);
  }
  for (const auto& protocol : ours.protocols) {
    if (std::find(wanted->begin(), wanted->end(), protocol) == wanted->end()) continue;
    out.protocol = protocol;
    break;
  }
  out.head = "HTTP/1.1 101 Switching Protocols\r\n";
  append_field(out.head, "Upgrade", "websocket");
  append_field(out.head, "Connection", "Upgrade");
  append_field(out.head, "Sec-WebSocket-Accept", base64_encode(sha1(std::string(*key).append(accept_guid))));
  if (!out.protocol.empty()) append_field(out.head, "Sec-WebSocket-Protocol", out.protocol);
  if (out.deflate) append_field(out.head, "Sec-WebSocket-Extensions", out.deflate->answer);
  for (const auto& [name, content] : ours.response_headers) append_field(out.head, name, content);
  out.head += "\r\n";
  return out;
}

}  // namespace fanfare::websocket
