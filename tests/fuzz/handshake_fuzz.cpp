// RFC 6455 §4.2 with RFC 7692 §7.1: any header fields get a 101 that is one head and keeps to the offer, or a refusal.
// An input is field lines, as HTTP would have read them.
#include <string>
#include <variant>

#include "fuzz_input.hpp"
#include "websocket/handshake.hpp"

namespace {

using namespace fanfare;
using fuzz::require;

/// What the HTTP parser lets through: no control characters but tab.
std::string field_text(std::string_view line) {
  std::string out;
  for (const char c : line) {
    if (c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) out += c;
  }
  return out;
}

void check(const websocket::handshake& agreed, const websocket::options& ours, bool offered) {
  const auto& head = agreed.head;
  require(head.starts_with("HTTP/1.1 101 ") && head.ends_with("\r\n\r\n"), "a 101");
  require(head.find("\r\n\r\n") == head.size() - 4, "one head");
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '\n') require(i > 0 && head[i - 1] == '\r', "no bare LF");
    if (head[i] == '\r') require(i + 1 < head.size() && head[i + 1] == '\n', "no bare CR");
  }
  bool known = agreed.protocol.empty();
  for (const auto& protocol : ours.protocols) known = known || protocol == agreed.protocol;
  require(known, "a subprotocol is one of ours");
  if (!agreed.deflate) return;
  require(ours.deflate.has_value() && offered, "deflate only when both asked for it");
  const auto& terms = *agreed.deflate;
  require(terms.server_max_window_bits >= 9 && terms.server_max_window_bits <= 15, "a window zlib can do");
  require(terms.client_max_window_bits >= 8 && terms.client_max_window_bits <= 15, "a window of §7.1.2.2");
  require(head.find(terms.answer) != std::string::npos && terms.answer.starts_with("permessage-deflate"),
          "it is answered");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = fuzz::as_text(data, size);
  http::request request;
  request.method = "GET";
  request.target = request.path = "/";
  while (!text.empty()) {
    auto line = fuzz::take_until(text, '\n');
    const auto name = fuzz::take_until(line, ':');
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    request.headers.add(field_text(name), field_text(line));
  }
  const bool offered = request.headers.get("Sec-WebSocket-Extensions").has_value();
  for (int round = 0; round < 3; ++round) {
    websocket::options ours;
    ours.protocols = {"chat", "wamp"};
    if (round != 0) ours.deflate.emplace();
    if (round == 2) ours.deflate->server_max_window_bits = 9, ours.deflate->client_no_context_takeover = true;
    const auto answer = websocket::answer_handshake(request, ours);
    if (const auto* agreed = std::get_if<websocket::handshake>(&answer)) {
      check(*agreed, ours, offered);
    } else {
      const auto status = std::get<http::response>(answer).status;
      require(status == 400 || status == 426, "a refusal is 400 or 426");
    }
  }
  return 0;
}
