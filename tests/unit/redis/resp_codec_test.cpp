#include "redis/resp_codec.hpp"

#include <gtest/gtest.h>

#include "redis/rig.hpp"

namespace fanfare::redis {
namespace {

using test::shown;

// Everything that these bytes hold, fed `portion` at a time; "!label" where it fails, "…" when something is left over.
std::string read(std::string_view bytes, std::size_t portion = 1U << 20, reply_limits limits = {}) {
  resp_reader reader(limits);
  std::string out;
  const auto add = [&](const std::string& more) { out += (out.empty() ? "" : " ") + more; };
  while (!bytes.empty()) {
    reader.feed(bytes.substr(0, portion));
    bytes.remove_prefix(std::min(portion, bytes.size()));
    for (;;) {
      auto next = reader.next();
      if (!next) {
        add("!" + std::string(describe(next.error().code).metric_label));
        return out;
      }
      if (!*next) break;
      add(shown(**next));
    }
  }
  if (reader.held_bytes() != 0) add("...");
  return out;
}

struct form {
  std::string_view bytes, shown;
};
const form forms[] = {
    {"+OK\r\n", "+OK"},
    {"+\r\n", "+"},
    {"-ERR no\r\n", "-ERR no"},
    {":-42\r\n:+7\r\n", ":-42 :7"},
    {"$5\r\nhe\r\no\r\n", "$he\r\no"},
    {"$0\r\n\r\n", "$"},
    {"$-1\r\n*-1\r\n_\r\n", "_ _ _"},
    {"*0\r\n%0\r\n~0\r\n", "[] {} ~[]"},
    {"*2\r\n:1\r\n*2\r\n$1\r\na\r\n_\r\n:9\r\n", "[:1 [$a _]] :9"},
    {"%1\r\n+k\r\n*1\r\n:1\r\n", "{+k [:1]}"},
    {">2\r\n+message\r\n$1\r\nx\r\n", ">[+message $x]"},
    {"#t\r\n#f\r\n", "#t #f"},
    {",1.5\r\n,inf\r\n,-inf\r\n", ",1.500000 ,inf ,-inf"},
    {"(3492890328409238509324850943850943825024385\r\n", "$3492890328409238509324850943850943825024385"},
    {"!5\r\nERR x\r\n", "-ERR x"},
    {"=6\r\ntxt:hi\r\n", "$hi"},
    {"|1\r\n+ttl\r\n:3\r\n:5\r\n", ":5"},
    {"*2\r\n|1\r\n+ttl\r\n*1\r\n:3\r\n:5\r\n:6\r\n", "[:5 :6]"},
    {"|0\r\n:5\r\n", ":5"},
};

TEST(resp_codec, reads_every_type_in_every_portion) {
  for (const auto& each : forms) {
    for (std::size_t portion = 1; portion <= each.bytes.size(); ++portion) {
      EXPECT_EQ(read(each.bytes, portion), each.shown) << portion << " at a time";
    }
  }
}

TEST(resp_codec, waits_for_the_rest_of_any_reply) {
  for (const auto& each : forms) {
    for (std::size_t length = 1; length < each.bytes.size(); ++length) {
      const auto got = read(each.bytes.substr(0, length));
      EXPECT_EQ(got.find('!'), std::string::npos) << each.bytes.substr(0, length) << " gave " << got;
    }
  }
}

TEST(resp_codec, refuses_what_is_no_resp) {
  for (const std::string_view bytes :
       {"x\r\n", "\r\n", "+OK\n", ":\r\n", ":1x\r\n", ":99999999999999999999\r\n", "$x\r\n", "$-2\r\n", "*-2\r\n",
        "$1\r\nab\r\n", "#x\r\n", "_x\r\n", ",x\r\n", "=2\r\nab\r\n", "*1\r\n>1\r\n:1\r\n", "$?\r\n",
        "HTTP/1.1 400 Bad Request\r\n"}) {
    EXPECT_EQ(read(bytes), "!protocol_violation") << bytes;
    EXPECT_EQ(read(bytes, 1), "!protocol_violation") << bytes << " bytewise";
  }
}

TEST(resp_codec, stays_failed) {
  resp_reader reader;
  reader.feed("x\r\n+OK\r\n");
  EXPECT_FALSE(reader.next());
  reader.feed("+OK\r\n");
  EXPECT_FALSE(reader.next());
}

TEST(resp_codec, bounds_what_a_server_can_make_grow) {
  reply_limits tight;
  tight.bytes_max = 100;
  tight.elements_max = 10;
  tight.depth_max = 3;
  tight.line_bytes_max = 20;
  EXPECT_EQ(read("$101\r\n", 1, tight), "!payload_too_large") << "by its length alone";
  EXPECT_EQ(read("*4\r\n$40\r\n" + std::string(40, 'x') + "\r\n$50\r\n" + std::string(50, 'x') + "\r\n", 7, tight),
            "!payload_too_large")
      << "by what comes together";
  EXPECT_EQ(read("*11\r\n", 1, tight), "!over_limit");
  EXPECT_EQ(read("%6\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", 1, tight), "!over_limit");
  EXPECT_EQ(read("*1\r\n*1\r\n*1\r\n*1\r\n", 1, tight), "!too_deep");
  EXPECT_EQ(read("*1\r\n*1\r\n*1\r\n:1\r\n", 1, tight), "[[[:1]]]");
  EXPECT_EQ(read("+" + std::string(30, 'x'), 1, tight), "!payload_too_large") << "before its end";
  EXPECT_EQ(read("+" + std::string(30, 'x') + "\r\n", 100, tight), "!payload_too_large");
  // A limit is one reply's, not the connection's.
  std::string many;
  for (int i = 0; i < 100; ++i) many += "$10\r\n0123456789\r\n";
  EXPECT_EQ(read(many, 3, tight).find('!'), std::string::npos);
}

TEST(resp_codec, reads_long_strings_in_small_portions) {
  const std::string content(1 << 20, 'y');
  EXPECT_EQ(read("$1048576\r\n" + content + "\r\n+OK\r\n", 1000), "$" + content + " +OK");
}

TEST(resp_codec, knows_an_error_by_its_first_word) {
  reply refused;
  refused.type = reply::kind::error;
  refused.text = "MOVED 1 a:1";
  EXPECT_TRUE(refused.is_error("MOVED"));
  EXPECT_FALSE(refused.is_error("MOVE"));
  refused.text = "LOADING";
  EXPECT_TRUE(refused.is_error("LOADING"));
  refused.type = reply::kind::bulk;
  EXPECT_FALSE(refused.is_error("LOADING"));
}

TEST(resp_codec, writes_commands_of_any_bytes) {
  EXPECT_EQ(test::wire({"SET", "k", std::string_view("a\r\n\0b", 5)}),
            std::string("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\n\0b\r\n", 31));
}

}  // namespace
}  // namespace fanfare::redis
