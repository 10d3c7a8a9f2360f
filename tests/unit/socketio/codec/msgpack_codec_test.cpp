#include <fanfare/socketio/msgpack_codec.hpp>

#include <gtest/gtest.h>

#include <limits>

#include <fanfare/base/json.hpp>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

using test::from_hex;
using test::to_hex;

std::string encoded(const value& item) { return to_hex(msgpack::encode(item)); }

/// The value as JSON; "error <label>" when there is none.
std::string decoded(std::string_view hex, const msgpack::decode_options& options = {}) {
  const auto item = msgpack::decode(from_hex(hex), options);
  if (!item) return "error " + std::string(describe(item.error().code).metric_label);
  if (const auto* bytes = item->if_binary()) return "bytes " + to_hex(bytes->view());
  return json::write(*item);
}

struct vector_row {
  value item;
  std::string_view hex;
};

// What notepack.io 3.0.1 encodes these values to.
const std::vector<vector_row>& vectors() {
  static const std::vector<vector_row> rows = {
      {0, "00"},
      {1, "01"},
      {127, "7f"},
      {128, "cc80"},
      {255, "ccff"},
      {256, "cd0100"},
      {65535, "cdffff"},
      {65536, "ce00010000"},
      {4294967295, "ceffffffff"},
      {4294967296, "cf0000000100000000"},
      {9007199254740991, "cf001fffffffffffff"},
      {-1, "ff"},
      {-32, "e0"},
      {-33, "d0df"},
      {-128, "d080"},
      {-129, "d1ff7f"},
      {-32768, "d18000"},
      {-32769, "d2ffff7fff"},
      {-2147483648LL, "d280000000"},
      {-2147483649LL, "d3ffffffff7fffffff"},
      {-9007199254740991LL, "d3ffe0000000000001"},
      {1.5, "cb3ff8000000000000"},
      {-0.1, "cbbfb999999999999a"},
      {true, "c3"},
      {false, "c2"},
      {nullptr, "c0"},
      {"", "a0"},
      {"a", "a161"},
      {"é€😀", "a9c3a9e282acf09f9880"},
      {std::string(31, 'x'), "bf78787878787878787878787878787878787878787878787878787878787878"},
      {std::string(32, 'x'), "d9207878787878787878787878787878787878787878787878787878787878787878"},
      {array{}, "90"},
      {array{1, array{2}}, "92019102"},
      {object{}, "80"},
      {object{{"a", 1}, {"b", array{nullptr}}}, "82a16101a16291c0"},
      {shared_bytes(), "c400"},
      {shared_bytes(from_hex("00ff")), "c40200ff"}};
  return rows;
}

TEST(msgpack_codec, writes_what_notepack_writes) {
  for (const auto& [item, hex] : vectors()) EXPECT_EQ(encoded(item), hex);
  EXPECT_EQ(encoded(-0.0), "00");
  EXPECT_EQ(encoded(3.0), "03");
  EXPECT_EQ(encoded(-40.0), "d0d8");
  EXPECT_EQ(encoded(std::numeric_limits<double>::infinity()), "cb7ff0000000000000");
}

TEST(msgpack_codec, reads_back_what_it_writes) {
  for (const auto& [item, hex] : vectors()) {
    const auto back = msgpack::decode(from_hex(hex));
    ASSERT_TRUE(back) << hex;
    EXPECT_EQ(*back, item) << hex;
  }
}

TEST(msgpack_codec, writes_the_vector_of_the_redis_emitter) {
  const value broadcast = array{"emitter", object{{"type", 2}, {"data", array{"e", object{{"a", 1}}}}, {"nsp", "/"}},
                                object{{"rooms", array{"project:1"}}, {"flags", object{}}, {"except", array{}}}};
  EXPECT_EQ(encoded(broadcast),
            "93a7656d697474657283a47479706502a46461746192a16581a16101a36e7370a12f83a5726f6f6d7391a970726f6a6563743a31a5"
            "666c61677380a665786365707490");
}

TEST(msgpack_codec, sizes_take_one_two_or_four_bytes) {
  for (const std::size_t size : {15U, 16U, 255U, 256U, 65535U, 65536U}) {
    const value text = std::string(size, 'y');
    const value bytes = shared_bytes(std::string(size, '\1'));
    array items(size, value(1));
    object members;
    for (std::size_t i = 0; i < size; ++i) members.append(std::to_string(i), i);
    EXPECT_EQ(*msgpack::decode(msgpack::encode(text)), text);
    EXPECT_EQ(*msgpack::decode(msgpack::encode(bytes)), bytes);
    EXPECT_EQ(*msgpack::decode(msgpack::encode(items)), value(items));
    if (size > 256) continue;  // comparing objects takes the square of their size
    EXPECT_EQ(*msgpack::decode(msgpack::encode(members)), value(members));
  }
  EXPECT_EQ(encoded(shared_bytes(std::string(256, '\xaa'))).substr(0, 10), "c50100aaaa");
  EXPECT_EQ(to_hex(msgpack::encode(array(16, value(0)))).substr(0, 6), "dc0010");
  EXPECT_EQ(to_hex(msgpack::encode(array(65536, value(0)))).substr(0, 10), "dd00010000");
}

TEST(msgpack_codec, large_numbers_keep_their_digits) {
  EXPECT_EQ(decoded("cfffffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(encoded(value(std::uint64_t{18446744073709551615ULL})), "cfffffffffffffffff");
  EXPECT_EQ(encoded(decimal{"1.50"}), "cb3ff8000000000000");
  EXPECT_EQ(decoded("d38000000000000000"), "-9223372036854775808");
  EXPECT_EQ(encoded(1e300), "cb7e37e43c8800759c");
  EXPECT_EQ(encoded(-1e300), "cbfe37e43c8800759c");
  EXPECT_EQ(decoded("ca3fc00000"), "1.5");
}

// As notepack.io 3.0.1 encodes `new Date(ms)`, and 2.x before it (ext 0).
TEST(msgpack_codec, dates_become_their_text) {
  EXPECT_EQ(decoded("d6ff00000000"), R"("1970-01-01T00:00:00.000Z")");
  EXPECT_EQ(decoded("d7ff37ca3a0000000001"), R"("1970-01-01T00:00:01.234Z")");
  EXPECT_EQ(decoded("d6ff3b9aca00"), R"("2001-09-09T01:46:40.000Z")");
  EXPECT_EQ(decoded("d7ff1d5353006553f100"), R"("2023-11-14T22:13:20.123Z")");
  EXPECT_EQ(decoded("c70cff3b8b87c0ffffffffffffffff"), R"("1969-12-31T23:59:59.999Z")");
  EXPECT_EQ(decoded("c70cff1dcd6500fffffffffffffffe"), R"("1969-12-31T23:59:58.500Z")");
  EXPECT_EQ(decoded("c70cff3b8b87c00000003afff4417f"), R"("9999-12-31T23:59:59.999Z")");
  EXPECT_EQ(decoded("d7000000018bcfe56800"), R"("2023-11-14T22:13:20.000Z")");
  EXPECT_EQ(decoded("c70cff000000007fffffffffffffff"),
            "error " + std::string(describe(errc::bad_request).metric_label));
}

TEST(msgpack_codec, reads_other_extensions) {
  EXPECT_EQ(decoded("d40000"), "null");  // undefined of notepack 2
  EXPECT_EQ(decoded("c7030001ff02"), "bytes 01ff02");
  const auto custom = msgpack::decode(from_hex("d50501ff"));
  ASSERT_TRUE(custom);
  EXPECT_EQ(*custom, value(array{5, shared_bytes(from_hex("01ff"))}));
  EXPECT_EQ(decoded("c80001"
                    "07"
                    "ab")
                .substr(0, 3),
            "[7,");
  EXPECT_EQ(decoded("c900000001"
                    "07"
                    "ab")
                .substr(0, 3),
            "[7,");
  EXPECT_EQ(decoded("d8"
                    "05"
                    "00112233445566778899aabbccddeeff")
                .substr(0, 3),
            "[5,");
}

TEST(msgpack_codec, names_are_texts) {
  EXPECT_EQ(decoded("8301a161c3a162a163a164"), R"({"1":"a","true":"b","c":"d"})");
  EXPECT_EQ(decoded("82a16101a16102"), R"({"a":2})");
  for (const auto* hex : {"819000", "818000", "81c40000"}) EXPECT_EQ(decoded(hex).substr(0, 5), "error") << hex;
}

TEST(msgpack_codec, refuses_what_is_cut_short_or_too_long) {
  for (const auto& [item, hex] : vectors()) {
    EXPECT_EQ(decoded(std::string(hex) + "00").substr(0, 5), "error") << hex;
    for (std::size_t length = 0; length < hex.size(); length += 2) {
      EXPECT_EQ(decoded(hex.substr(0, length)).substr(0, 5), "error") << hex << " cut at " << length;
    }
  }
  for (const auto* hex : {"", "c1", "ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff00", "d6ff00",
                          "c7", "c70c", "81", "81a161"}) {
    EXPECT_EQ(decoded(hex).substr(0, 5), "error") << hex;
  }
}

TEST(msgpack_codec, keeps_its_bounds) {
  const auto label = [](errc code) { return "error " + std::string(describe(code).metric_label); };
  EXPECT_EQ(decoded("a2c328"), label(errc::invalid_utf8));
  EXPECT_EQ(decoded("a3eda080"), label(errc::invalid_utf8));  // a lone surrogate
  EXPECT_EQ(decoded("919190", {.depth_max = 3}), "[[[]]]");
  EXPECT_EQ(decoded("919190", {.depth_max = 2}), label(errc::too_deep));
  EXPECT_EQ(decoded("81a16180", {.depth_max = 1}), label(errc::too_deep));
  EXPECT_EQ(decoded("93010203", {.values_max = 4}), "[1,2,3]");
  EXPECT_EQ(decoded("93010203", {.values_max = 3}), label(errc::over_limit));
  EXPECT_EQ(msgpack::decode(std::string(100000, '\x91')).error().code, errc::too_deep);
}

}  // namespace
}  // namespace fanfare::socketio
