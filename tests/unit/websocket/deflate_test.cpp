#include "websocket/deflate.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace fanfare::websocket {
namespace {

using namespace std::string_literals;
using status = inflater::status;
constexpr std::size_t plenty = 100000000;

std::vector<std::string> samples() {
  std::mt19937 random(7692);
  std::string noise(70000, '\0'), lines;
  for (auto& byte : noise) byte = static_cast<char>(random());
  for (int i = 0; i < 5000; ++i) lines += "event " + std::to_string(random() % 1000) + "\n";
  return {"", "a", "Hello", "Hello", std::string(100000, 'x'), noise, lines, "", lines, noise.substr(0, 40000), "end"};
}

std::string deflated(deflater& compressor, std::string_view message) {
  std::string out = "head";
  EXPECT_TRUE(compressor.message(message, out));
  EXPECT_EQ(out.substr(0, 4), "head");
  return out.substr(4);
}

std::string inflated(inflater& expander, std::string_view bytes, std::size_t step = 1000) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    EXPECT_EQ(expander.feed(bytes.substr(at, step), out, plenty), status::ok);
  }
  EXPECT_EQ(expander.finish(out, plenty), status::ok);
  return out;
}

TEST(deflate, round_trips_with_every_parameter) {
  for (unsigned bits = 9; bits <= 15; ++bits) {
    for (const bool no_context_takeover : {false, true}) {
      for (const int level : {0, 1, 6, 9}) {
        deflater compressor(level, bits, no_context_takeover);
        inflater expander(bits, no_context_takeover);
        for (const auto& sample : samples()) {
          ASSERT_EQ(inflated(expander, deflated(compressor, sample)), sample) << bits << level << no_context_takeover;
        }
      }
    }
  }
}

// The peer at its plainest: one raw zlib stream for the whole connection, flushed after each message.
TEST(deflate, is_understood_by_plain_zlib) {
  for (const bool no_context_takeover : {false, true}) {
    deflater compressor(6, 15, no_context_takeover);
    z_stream peer{};
    ASSERT_EQ(inflateInit2(&peer, -15), Z_OK);
    uLong seen = 0;
    for (const auto& sample : samples()) {
      auto bytes = deflated(compressor, sample) + "\x00\x00\xff\xff"s;
      std::string out(sample.size() + 1, '\0');
      peer.next_in = reinterpret_cast<Bytef*>(bytes.data());
      peer.avail_in = static_cast<uInt>(bytes.size());
      peer.next_out = reinterpret_cast<Bytef*>(out.data());
      peer.avail_out = static_cast<uInt>(out.size());
      ASSERT_EQ(inflate(&peer, Z_SYNC_FLUSH), Z_OK);
      ASSERT_EQ(out.substr(0, peer.total_out - seen), sample);
      seen = peer.total_out;
    }
    inflateEnd(&peer);
  }
}

TEST(deflate, inflates_the_examples_of_the_rfc) {                                        // RFC 7692 §7.2.3
  for (const auto& bytes : {"\xf2\x48\xcd\xc9\xc9\x07\x00"s,                             // one fixed block
                            "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s,             // one stored block
                            "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s,                         // BFINAL set
                            "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s}) {  // two blocks
    for (const std::size_t step : {1U, 2U, 100U}) {
      inflater expander(15, false);
      EXPECT_EQ(inflated(expander, bytes, step), "Hello");
      EXPECT_EQ(inflated(expander, "\xf2\x00\x11\x00\x00"s, step), "Hello");  // §7.2.3.2: from the window
    }
  }
}

TEST(deflate, takes_a_final_block_without_the_byte_after_it) {
  inflater expander(15, false);
  EXPECT_EQ(inflated(expander, "\xf3\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
  EXPECT_EQ(inflated(expander, "\xf2\x00\x11\x00\x00"s), "Hello");
}

TEST(deflate, writes_an_empty_message_as_one_zero_byte) {  // §7.2.3.6
  deflater compressor(6, 15, false);
  EXPECT_EQ(deflated(compressor, ""), "\0"s);
  EXPECT_EQ(deflated(compressor, ""), "\0"s);
}

TEST(deflate, repeats_nothing_across_messages_without_context) {
  deflater with(6, 15, false), without(6, 15, true);
  const std::string message = "a message that is long enough to be worth a reference";
  const auto first = deflated(with, message);
  EXPECT_LT(deflated(with, message).size(), first.size() / 2);
  EXPECT_EQ(deflated(without, message), deflated(without, message));
}

TEST(deflate, stops_at_the_bound) {
  deflater compressor(9, 15, false);
  const auto bomb = deflated(compressor, std::string(10000000, '\0'));
  ASSERT_LT(bomb.size(), 20000U);
  for (const std::size_t bound : {0U, 1U, 16383U, 16384U, 50000U, 9999999U}) {
    inflater expander(15, false);
    std::string out;
    EXPECT_EQ(expander.feed(bomb, out, bound), status::too_large);
    EXPECT_LE(out.size(), bound);
  }
  inflater expander(15, false);
  std::string out;
  EXPECT_EQ(expander.feed(bomb, out, 10000000), status::ok);
  EXPECT_EQ(expander.finish(out, 10000000), status::ok);
  EXPECT_EQ(out.size(), 10000000U);
}

TEST(deflate, endures_final_blocks_without_end) {
  std::string blocks;
  for (int i = 0; i < 500000; ++i) blocks += "\x03\x00"s;  // an empty BFINAL block
  inflater expander(15, false);
  EXPECT_EQ(inflated(expander, blocks + "\x00"s, plenty), "");
}

TEST(deflate, tells_corrupt_and_cut_data) {
  for (const auto& bytes : {"\xff\xff"s, "\x07"s, "\xf2\x48\xcd"s, ""s, "\x00\x05\x00"s, "\xf2\x00\x11\x00\x00"s}) {
    inflater expander(15, false);
    std::string out;
    const auto fed = expander.feed(bytes, out, plenty);
    EXPECT_TRUE(fed == status::corrupt || expander.finish(out, plenty) == status::corrupt);
  }
}

}  // namespace
}  // namespace fanfare::websocket
