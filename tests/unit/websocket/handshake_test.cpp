#include "websocket/handshake.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fanfare::websocket {
namespace {

http::request asking(const std::vector<std::pair<std::string, std::string>>& changes = {}) {
  http::request request;
  request.method = "GET";
  request.headers.add("Host", "example.com");
  request.headers.add("Upgrade", "websocket");
  request.headers.add("Connection", "keep-alive, Upgrade");
  request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  request.headers.add("Sec-WebSocket-Version", "13");
  for (const auto& [name, content] : changes) {
    request.headers.remove(name);
    if (!content.empty()) request.headers.add(name, content);
  }
  return request;
}

unsigned status_of(const http::request& request, const options& ours = {}) {
  const auto answer = answer_handshake(request, ours);
  const auto* refusal = std::get_if<http::response>(&answer);
  return refusal != nullptr ? refusal->status : 101;
}

handshake accepted(const http::request& request, const options& ours = {}) {
  return std::get<handshake>(answer_handshake(request, ours));
}

TEST(handshake, gives_the_answer_of_the_rfc) {  // RFC 6455 §1.3
  const auto answer = accepted(asking());
  EXPECT_EQ(answer.head,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  EXPECT_EQ(answer.protocol, "");
  EXPECT_FALSE(answer.deflate);
}

TEST(handshake, refuses_what_is_no_handshake) {
  EXPECT_EQ(status_of(asking()), 101U);
  EXPECT_EQ(status_of(asking({{"Upgrade", "h2c"}})), 400U);
  EXPECT_EQ(status_of(asking({{"Connection", "close"}})), 400U);
  EXPECT_EQ(status_of(asking({{"Sec-WebSocket-Version", ""}})), 400U);
  EXPECT_EQ(status_of(asking({{"Sec-WebSocket-Key", ""}})), 400U);
  for (const auto* key : {"dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ",
                          "short==", "dGhlIHNhbXBsZSBub25jZ*==", "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ=="}) {
    EXPECT_EQ(status_of(asking({{"Sec-WebSocket-Key", key}})), 400U) << key;
  }
  auto twice = asking();
  twice.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(status_of(twice), 400U);
  auto post = asking();
  post.method = "POST";
  EXPECT_EQ(status_of(post), 400U);
  EXPECT_FALSE(is_upgrade(post));
}

TEST(handshake, names_its_version_to_clients_of_another) {
  for (const auto* version : {"8", "7", "14", "x", "13, 8"}) {
    const auto answer = answer_handshake(asking({{"Sec-WebSocket-Version", version}}), {});
    const auto& refusal = std::get<http::response>(answer);
    EXPECT_EQ(refusal.status, 426U);
    EXPECT_EQ(refusal.headers.get("Sec-WebSocket-Version"), "13");
  }
}

TEST(handshake, chooses_the_subprotocol_we_prefer) {
  options ours;
  ours.protocols = {"b", "a"};
  const auto both = accepted(asking({{"Sec-WebSocket-Protocol", "a , c,b"}}), ours);
  EXPECT_EQ(both.protocol, "b");
  EXPECT_NE(both.head.find("\r\nSec-WebSocket-Protocol: b\r\n"), std::string::npos);
  EXPECT_EQ(accepted(asking({{"Sec-WebSocket-Protocol", "c"}}), ours).protocol, "");
  EXPECT_EQ(accepted(asking(), ours).protocol, "");
  auto split = asking({{"Sec-WebSocket-Protocol", "c"}});
  split.headers.add("Sec-WebSocket-Protocol", "a");
  EXPECT_EQ(accepted(split, ours).protocol, "a");
  for (const auto* bad : {"a,,b", "a b", "a,a", "a,", "\"a\""}) {
    EXPECT_EQ(status_of(asking({{"Sec-WebSocket-Protocol", bad}}), ours), 400U) << bad;
  }
}

TEST(handshake, agrees_on_deflate_only_when_we_offer_it) {
  const auto request = asking({{"Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"}});
  EXPECT_FALSE(accepted(request).deflate);
  options ours;
  ours.deflate.emplace();
  const auto answer = accepted(request, ours);
  ASSERT_TRUE(answer.deflate);
  EXPECT_NE(answer.head.find("\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"), std::string::npos);
  EXPECT_EQ(status_of(asking({{"Sec-WebSocket-Extensions", "a;"}}), ours), 400U);
}

TEST(handshake, adds_our_headers_but_no_line_of_anybody_else) {
  options ours;
  ours.response_headers.add("X-Worker", "3");
  ours.response_headers.add("X-Bad", "a\r\nSet-Cookie: b");
  ours.response_headers.add("X Bad", "a");
  const auto head = accepted(asking(), ours).head;
  EXPECT_NE(head.find("\r\nX-Worker: 3\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Bad"), std::string::npos);
}

}  // namespace
}  // namespace fanfare::websocket
