#include "websocket/extension_offer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fanfare::websocket {
namespace {

http::fields offering(const std::string& content) {
  http::fields headers;
  headers.add("sec-websocket-extensions", content);
  return headers;
}

// The answer, "-" for an offer that is declined, "!" for one that is malformed.
std::string negotiate(const std::string& content, const deflate_options& ours = {}) {
  const auto offers = parse_extensions(offering(content));
  if (!offers) return "!";
  const auto agreed = agree_on_deflate(*offers, ours);
  return agreed ? agreed->answer : "-";
}

const std::string deflate = "permessage-deflate";

TEST(extension_offer, answers_each_offer_as_rfc_7692_has_it) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "-"},
      {"permessage-deflate", deflate},
      {"Permessage-Deflate", deflate},
      {"x-webkit-deflate-frame", "-"},
      {"foo; bar=1, permessage-deflate", deflate},
      {"permessage-deflate; client_max_window_bits", deflate},
      {"permessage-deflate; client_max_window_bits=15", deflate},
      {"permessage-deflate; client_max_window_bits=10", deflate + "; client_max_window_bits=10"},
      {"permessage-deflate; client_max_window_bits=\"10\"", deflate + "; client_max_window_bits=10"},
      {"permessage-deflate; client_max_window_bits=\"1\\0\"", deflate + "; client_max_window_bits=10"},
      {"permessage-deflate; client_max_window_bits=8", deflate + "; client_max_window_bits=8"},
      {"permessage-deflate;server_max_window_bits=9", deflate + "; server_max_window_bits=9"},
      {"permessage-deflate ; server_max_window_bits = 15", deflate + "; server_max_window_bits=15"},
      {"permessage-deflate; server_no_context_takeover", deflate + "; server_no_context_takeover"},
      {"permessage-deflate; client_no_context_takeover", deflate + "; client_no_context_takeover"},
      {"permessage-deflate; server_max_window_bits=8", "-"},
      {"permessage-deflate; server_max_window_bits", "-"},
      {"permessage-deflate; server_max_window_bits=7", "-"},
      {"permessage-deflate; server_max_window_bits=16", "-"},
      {"permessage-deflate; server_max_window_bits=010", "-"},
      {"permessage-deflate; server_max_window_bits=x", "-"},
      {"permessage-deflate; client_max_window_bits=100", "-"},
      {"permessage-deflate; client_max_window_bits=+9", "-"},
      {"permessage-deflate; client_max_window_bits; client_max_window_bits=9", "-"},
      {"permessage-deflate; server_no_context_takeover=1", "-"},
      {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", "-"},
      {"permessage-deflate; unknown", "-"},
      {"permessage-deflate; server_max_window_bits=8, permessage-deflate", deflate},
      {"permessage-deflate; server_no_context_takeover, permessage-deflate", deflate + "; server_no_context_takeover"},
      {", permessage-deflate,, ", deflate},
  };
  for (const auto& [offer, answer] : table) EXPECT_EQ(negotiate(offer), answer) << offer;
}

TEST(extension_offer, holds_to_our_options) {
  EXPECT_EQ(negotiate(deflate, {.server_no_context_takeover = true, .client_no_context_takeover = true}),
            deflate + "; server_no_context_takeover; client_no_context_takeover");
  EXPECT_EQ(negotiate(deflate, {.server_max_window_bits = 11}), deflate + "; server_max_window_bits=11");
  EXPECT_EQ(negotiate(deflate + "; server_max_window_bits=10", {.server_max_window_bits = 11}),
            deflate + "; server_max_window_bits=10");
  EXPECT_EQ(negotiate(deflate, {.client_max_window_bits = 11}), "-");
  EXPECT_EQ(negotiate(deflate + "; client_max_window_bits", {.client_max_window_bits = 11}),
            deflate + "; client_max_window_bits=11");
  EXPECT_EQ(negotiate(deflate + "; client_max_window_bits=9", {.client_max_window_bits = 11}),
            deflate + "; client_max_window_bits=9");
  EXPECT_EQ(negotiate(deflate, {.server_max_window_bits = 3}), deflate + "; server_max_window_bits=9");
}

TEST(extension_offer, refuses_what_the_grammar_does_not_know) {
  for (const auto* content : {"permessage-deflate;", "permessage-deflate; =1", "permessage-deflate; a=", "a b", "a;b c",
                              "a; b=\"", "a; b=\"x", "a; b=\"x\\", "a; b=\"x y\"", "a; b=\"\"", "@", "a, ;"}) {
    EXPECT_EQ(negotiate(content), "!") << content;
  }
}

TEST(extension_offer, reads_all_fields_of_the_name) {
  auto headers = offering("one; a=1; b");
  headers.add("Other", "@@");
  headers.add("Sec-WebSocket-Extensions", "two");
  const auto offers = parse_extensions(headers);
  ASSERT_TRUE(offers);
  ASSERT_EQ(offers->size(), 2U);
  EXPECT_EQ(offers->at(0).parameters.at(0).content, "1");
  EXPECT_FALSE(offers->at(0).parameters.at(1).content);
  EXPECT_EQ(offers->at(1).name, "two");
}

}  // namespace
}  // namespace fanfare::websocket
