#include "websocket/message_assembler.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "websocket/scripted_client.hpp"

namespace fanfare::websocket {
namespace {

using namespace std::string_literals;
using namespace test;
using kind = assembled::kind;
using transcript = std::vector<std::string>;

message_assembler plain(assembler_limits limits = {}) { return {limits, nullptr}; }
message_assembler inflating(assembler_limits limits = {}) { return {limits, std::make_unique<inflater>(15, false)}; }

std::string describe(const assembled& item) {
  switch (item.type) {
    case kind::text:
      return "text " + item.bytes;
    case kind::binary:
      return "binary " + item.bytes;
    case kind::ping:
      return "ping " + item.bytes;
    case kind::pong:
      return "pong " + item.bytes;
    case kind::close:
      return "close " + std::to_string(item.code) + " " + item.bytes;
    case kind::failure:
      return "failure " + std::to_string(item.code) + " " + item.bytes;
    case kind::none:
      break;
  }
  return "none";
}

void feed(message_assembler& assembler, std::string bytes, transcript& events) {
  std::span<char> input(bytes);
  while (!input.empty()) {
    const auto item = assembler.next(input);
    if (item.type != kind::none) events.push_back(describe(item));
  }
}

transcript run(message_assembler assembler, const std::string& bytes, std::size_t step = std::string::npos) {
  transcript events;
  for (std::size_t at = 0; at < bytes.size(); at += std::min(step, bytes.size())) {
    feed(assembler, bytes.substr(at, step), events);
  }
  return events;
}

std::string deflated(std::string_view message, deflater& compressor) {
  std::string out;
  EXPECT_TRUE(compressor.message(message, out));
  return out;
}
std::string deflated(std::string_view message) {
  deflater compressor(6, 15, false);
  return deflated(message, compressor);
}

TEST(message_assembler, gives_messages_of_every_length_class) {  // Autobahn 1.*
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 128U, 65535U, 65536U, 100000U}) {
    const std::string payload(size, '*');
    for (const std::size_t step : {std::string::npos, 997UL, 65536UL}) {
      EXPECT_EQ(run(plain(), text_frame(payload), step), transcript{"text " + payload});
      EXPECT_EQ(run(plain(), client_frame(opcode::binary, payload), step), transcript{"binary " + payload});
    }
  }
}

TEST(message_assembler, gives_pings_and_pongs) {  // Autobahn 2.*
  EXPECT_EQ(run(plain(), client_frame(opcode::ping, "")), transcript{"ping "});
  const std::string full(125, '\xfe');
  EXPECT_EQ(run(plain(), client_frame(opcode::ping, full) + client_frame(opcode::pong, full), 1),
            (transcript{"ping " + full, "pong " + full}));
  EXPECT_EQ(run(plain(), client_frame(opcode::ping, full + "x")), transcript{"failure 1002 control frame too long"});
}

TEST(message_assembler, fails_on_reserved_bits_and_opcodes) {  // Autobahn 3.*, 4.*
  EXPECT_EQ(run(plain(), compressed_frame(opcode::text, "x")), transcript{"failure 1002 reserved bit set"});
  for (const unsigned code : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
    const auto bytes = text_frame("ok") + client_frame(static_cast<opcode>(code), "");
    EXPECT_EQ(run(plain(), bytes), (transcript{"text ok", "failure 1002 reserved opcode"}));
  }
  EXPECT_EQ(run(plain(), "\xa1\x80"s), transcript{"failure 1002 reserved bit set"});
}

TEST(message_assembler, fails_on_an_unmasked_frame) {
  EXPECT_EQ(run(plain(), client_frame(opcode::text, "x", {.masked = false})),
            transcript{"failure 1002 client frame not masked"});
  EXPECT_EQ(run(plain(), client_frame(opcode::ping, "", {.masked = false})),
            transcript{"failure 1002 client frame not masked"});
}

TEST(message_assembler, joins_fragments_around_control_frames) {  // Autobahn 5.*
  const auto bytes = part(opcode::text, "frag", false) + client_frame(opcode::ping, "1") +
                     part(opcode::continuation, "", false) + client_frame(opcode::pong, "2") +
                     part(opcode::continuation, "ment", true) + part(opcode::binary, "", false) +
                     part(opcode::continuation, "", true);
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    EXPECT_EQ(run(plain(), bytes, step), (transcript{"ping 1", "pong 2", "text fragment", "binary "}));
  }
}

TEST(message_assembler, fails_on_fragments_out_of_order) {  // Autobahn 5.9 to 5.18
  EXPECT_EQ(run(plain(), part(opcode::continuation, "x", true)), transcript{"failure 1002 nothing to continue"});
  EXPECT_EQ(run(plain(), part(opcode::continuation, "x", false)), transcript{"failure 1002 nothing to continue"});
  EXPECT_EQ(run(plain(), text_frame("x") + part(opcode::continuation, "x", true)),
            (transcript{"text x", "failure 1002 nothing to continue"}));
  EXPECT_EQ(run(plain(), part(opcode::text, "x", false) + text_frame("y")),
            transcript{"failure 1002 continuation expected"});
  EXPECT_EQ(run(plain(), client_frame(opcode::ping, "", {.fin = false})),
            transcript{"failure 1002 fragmented control frame"});
}

TEST(message_assembler, takes_valid_text_cut_anywhere) {  // Autobahn 6.*
  const std::string payload =
      "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4-\xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf \xf4\x8f\xbf\xbf";
  for (std::size_t cut = 0; cut <= payload.size(); ++cut) {
    const auto bytes = part(opcode::text, payload.substr(0, cut), false) + client_frame(opcode::ping, "\xff") +
                       part(opcode::continuation, payload.substr(cut), true);
    EXPECT_EQ(run(plain(), bytes), (transcript{"ping \xff", "text " + payload}));
    EXPECT_EQ(run(plain(), bytes, 1), (transcript{"ping \xff", "text " + payload}));
  }
}

TEST(message_assembler, fails_on_invalid_text_at_the_first_wrong_byte) {  // Autobahn 6.3, 6.4.*
  const std::string bad =
      "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80"
      "edited";
  const auto bytes = text_frame(bad);
  const std::size_t header = bytes.size() - bad.size();
  auto assembler = plain();
  transcript events;
  feed(assembler, bytes.substr(0, header + 12), events);
  EXPECT_TRUE(events.empty());
  feed(assembler, bytes.substr(header + 12, 1), events);  // f4 90: past U+10FFFF, long before the frame ends
  EXPECT_EQ(events, transcript{"failure 1007 text is not UTF-8"});
}

TEST(message_assembler, fails_on_text_that_ends_within_a_character) {
  EXPECT_EQ(run(plain(), text_frame("\xe2\x82")), transcript{"failure 1007 text is not UTF-8"});
  EXPECT_EQ(run(plain(), part(opcode::text, "\xe2\x82", false) + part(opcode::continuation, "", true)),
            transcript{"failure 1007 text is not UTF-8"});
  EXPECT_EQ(run(plain(), text_frame("\xed\xa0\x80")), transcript{"failure 1007 text is not UTF-8"});
  EXPECT_EQ(run(plain(), client_frame(opcode::binary, "\xff\xfe")), transcript{"binary \xff\xfe"});
}

TEST(message_assembler, gives_the_close_and_swallows_the_rest) {  // Autobahn 7.*
  EXPECT_EQ(run(plain(), client_frame(opcode::close, "") + text_frame("late")), transcript{"close 1005 "});
  EXPECT_EQ(run(plain(), close_frame(1000, "bye") + close_frame(1001)), transcript{"close 1000 bye"});
  EXPECT_EQ(run(plain(), part(opcode::text, "x", false) + close_frame(4999)), transcript{"close 4999 "});
  EXPECT_EQ(run(plain(), client_frame(opcode::close, "x")), transcript{"failure 1002 bad close frame"});
  for (const std::uint16_t code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    EXPECT_EQ(run(plain(), close_frame(code)), transcript{"failure 1002 bad close frame"}) << code;
  }
  EXPECT_EQ(run(plain(), close_frame(1000, "\xce\xba\xf4\x90\x80\x80")),
            transcript{"failure 1007 close reason is not UTF-8"});
  EXPECT_EQ(run(plain(), client_frame(opcode::close, std::string(126, 'x'))),
            transcript{"failure 1002 control frame too long"});
}

TEST(message_assembler, judges_length_by_the_header_before_any_payload) {
  const auto bytes = text_frame(std::string(101, 'x'));
  auto assembler = plain({.message_bytes_max = 100});
  transcript events;
  feed(assembler, bytes.substr(0, 6), events);
  EXPECT_EQ(events, transcript{"failure 1009 message too big"});
  EXPECT_EQ(run(plain({.message_bytes_max = 100}), text_frame(std::string(100, 'x'))).front().substr(0, 5), "text ");
  EXPECT_EQ(run(plain(), "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04"s),
            transcript{"failure 1009 message too big"});
}

TEST(message_assembler, bounds_the_sum_and_the_number_of_fragments) {
  const auto sixty = std::string(60, 'x');
  EXPECT_EQ(run(plain({.message_bytes_max = 100}),
                part(opcode::text, sixty, false) + part(opcode::continuation, sixty, true)),
            transcript{"failure 1009 message too big"});
  std::string bytes = part(opcode::binary, "", false);
  for (int i = 0; i < 3; ++i) bytes += part(opcode::continuation, "", false);
  EXPECT_EQ(run(plain({.fragments_max = 5}), bytes + part(opcode::continuation, "", true)), transcript{"binary "});
  EXPECT_EQ(run(plain({.fragments_max = 4}), bytes + part(opcode::continuation, "", true)),
            transcript{"failure 1009 too many fragments"});
}

TEST(message_assembler, joins_very_many_fragments) {  // Autobahn 9.*
  std::string bytes = part(opcode::binary, "abcd", false), expected = "binary abcd";
  for (int i = 0; i < 65534; ++i) bytes += part(opcode::continuation, "abcd", false), expected += "abcd";
  bytes += part(opcode::continuation, "abcd", true), expected += "abcd";
  EXPECT_EQ(run(plain(), bytes, 65536), transcript{expected});
}

TEST(message_assembler, gives_the_same_events_for_every_split) {
  deflater compressor(6, 15, false);
  const std::vector<std::string> scripts = {
      text_frame("one") + client_frame(opcode::binary, std::string(130, 'b')) + part(opcode::text, "\xe2", false) +
          client_frame(opcode::ping, "now") + part(opcode::continuation, "\x82\xac", true) + close_frame(1000, "end"),
      compressed_frame(opcode::text, deflated("squeezed", compressor)) + text_frame("plain") +
          compressed_frame(opcode::text, deflated("squeezed again", compressor)) + client_frame(opcode::pong, ""),
      text_frame("x") + "\x82\xfe\x00\x10"s,
      compressed_frame(opcode::text, "\xff\xff\xff"),
      text_frame("ok") + compressed_frame(opcode::continuation, "x"),
  };
  for (const auto& script : scripts) {
    const auto expected = run(inflating(), script);
    for (std::size_t first = 0; first <= script.size(); ++first) {
      for (std::size_t second = first; second <= script.size(); ++second) {
        auto assembler = inflating();
        transcript events;
        feed(assembler, script.substr(0, first), events);
        feed(assembler, script.substr(first, second - first), events);
        feed(assembler, script.substr(second), events);
        ASSERT_EQ(events, expected) << first << ' ' << second;
      }
    }
    EXPECT_EQ(run(inflating(), script, 1), expected);
  }
}

TEST(message_assembler, inflates_messages_whole_and_in_fragments) {  // Autobahn 12.*, 13.*
  const std::string payload = [] {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += "{\"n\":" + std::to_string(i * 7919 % 10007) + "}";
    return text;
  }();
  const auto squeezed = deflated(payload);
  ASSERT_LT(squeezed.size(), payload.size());
  EXPECT_EQ(run(inflating(), compressed_frame(opcode::text, squeezed)), transcript{"text " + payload});
  const auto half = squeezed.size() / 2;
  const auto bytes = compressed_frame(opcode::text, squeezed.substr(0, half), false) + client_frame(opcode::ping, "p") +
                     part(opcode::continuation, squeezed.substr(half), true);
  EXPECT_EQ(run(inflating(), bytes, 1000), (transcript{"ping p", "text " + payload}));
}

TEST(message_assembler, allows_rsv1_on_the_first_data_frame_only) {
  const auto squeezed = deflated("hello");
  EXPECT_EQ(
      run(inflating(), compressed_frame(opcode::text, squeezed, false) + compressed_frame(opcode::continuation, "")),
      transcript{"failure 1002 reserved bit set"});
  EXPECT_EQ(run(inflating(), compressed_frame(opcode::ping, "")), transcript{"failure 1002 reserved bit set"});
}

TEST(message_assembler, bounds_what_a_bomb_inflates_to) {
  const auto bomb = deflated(std::string(1000001, '\0'));
  ASSERT_LT(bomb.size(), 2000U);
  EXPECT_EQ(run(inflating(), compressed_frame(opcode::binary, bomb)), transcript{"failure 1009 message too big"});
  EXPECT_EQ(run(inflating(), compressed_frame(opcode::binary, deflated(std::string(1000000, '\0')))).size(), 1U);
  EXPECT_EQ(run(inflating({.message_bytes_max = 1000000}),
                compressed_frame(opcode::binary, deflated(std::string(1000000, 'x')))),
            transcript{"binary " + std::string(1000000, 'x')});
}

TEST(message_assembler, bounds_compressed_bytes_that_inflate_to_nothing) {
  std::string empty_blocks;
  while (empty_blocks.size() < 2000) empty_blocks += "\x00\x00\x00\xff\xff"s;
  EXPECT_EQ(run(inflating({.message_bytes_max = 1000}), compressed_frame(opcode::binary, empty_blocks)),
            transcript{"failure 1009 message too big"});
}

TEST(message_assembler, checks_inflated_text) {
  EXPECT_EQ(run(inflating(), compressed_frame(opcode::text, deflated("\xff"))),
            transcript{"failure 1007 text is not UTF-8"});
  EXPECT_EQ(run(inflating(), compressed_frame(opcode::text, deflated("cut \xe2\x82"))),
            transcript{"failure 1007 text is not UTF-8"});
  EXPECT_EQ(run(inflating(), compressed_frame(opcode::text, "")), transcript{"failure 1007 corrupt compressed data"});
}

TEST(message_assembler, survives_noise) {
  std::mt19937 random(20111);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes;
    for (int frame = 0; frame < 4; ++frame) {
      std::string payload(random() % 200, '\0');
      for (auto& byte : payload) byte = static_cast<char>(random());
      bytes += client_frame(static_cast<opcode>(random() % 3), payload,
                            {.fin = random() % 2 == 0, .rsv1 = random() % 2 == 0});
    }
    bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);
    EXPECT_EQ(run(inflating({.message_bytes_max = 500}), bytes),
              run(inflating({.message_bytes_max = 500}), bytes, 1 + random() % 50));
  }
}

}  // namespace
}  // namespace fanfare::websocket
