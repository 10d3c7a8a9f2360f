#include "redis/slots.hpp"

#include <gtest/gtest.h>

namespace fanfare::redis {
namespace {

reply parsed(std::string_view bytes) {
  resp_reader reader;
  reader.feed(bytes);
  return *reader.next().value();
}

TEST(slots, checks_with_the_specifications_sum) { EXPECT_EQ(crc16("123456789"), 0x31C3) << "appendix A"; }

TEST(slots, hashes_the_tag_alone) {
  EXPECT_EQ(slot_of("foo"), 12182);
  EXPECT_EQ(slot_of("{user1000}.following"), slot_of("{user1000}.followers"));
  EXPECT_EQ(slot_of("foo{}{bar}"), crc16("foo{}{bar}") % slot_count) << "an empty tag is none";
  EXPECT_EQ(slot_of("foo{{bar}}zap"), crc16("{bar") % slot_count) << "the first { and the next }";
  EXPECT_EQ(slot_of("foo{bar}{zap}"), slot_of("bar"));
  EXPECT_EQ(slot_of("foo{bar"), crc16("foo{bar") % slot_count);
  EXPECT_EQ(slot_of(""), 0);
}

constexpr std::string_view shards =
    "*2\r\n"
    "%2\r\n+slots\r\n*4\r\n:0\r\n:99\r\n:200\r\n:16383\r\n+nodes\r\n*2\r\n"
    "%4\r\n+port\r\n:7001\r\n+endpoint\r\n+10.0.0.1\r\n+role\r\n+replica\r\n+health\r\n+online\r\n"
    "%5\r\n+port\r\n:7000\r\n+tls-port\r\n:7443\r\n+endpoint\r\n+10.0.0.2\r\n+role\r\n+master\r\n+health\r\n+online\r\n"
    "%2\r\n+slots\r\n*2\r\n:100\r\n:199\r\n+nodes\r\n*2\r\n"
    "%4\r\n+port\r\n:7009\r\n+endpoint\r\n+10.0.0.9\r\n+role\r\n+master\r\n+health\r\n+fail\r\n"
    "%4\r\n+port\r\n:7003\r\n+endpoint\r\n+\r\n+role\r\n+master\r\n+health\r\n+online\r\n";

TEST(slots, reads_cluster_shards) {
  const auto map = slot_map::from_shards(parsed(shards), {"asked", 1}, false);
  ASSERT_TRUE(map);
  EXPECT_TRUE(map->complete());
  EXPECT_EQ(*map->master_of(0), (endpoint{"10.0.0.2", 7000}));
  EXPECT_EQ(*map->master_of(16383), (endpoint{"10.0.0.2", 7000}));
  EXPECT_EQ(*map->master_of(150), (endpoint{"asked", 7003}))
      << "a node that does not know its name; not the failed one";
  EXPECT_EQ(map->masters().size(), 2U);
  EXPECT_EQ(slot_map::from_shards(parsed(shards), {"asked", 1}, true)->master_of(0)->port, 7443);
  EXPECT_EQ(map->master_of(slot_count), nullptr);
}

TEST(slots, reads_cluster_slots) {
  const auto map = slot_map::from_slots(
      parsed("*2\r\n*4\r\n:0\r\n:5460\r\n*3\r\n$9\r\n127.0.0.1\r\n:7000\r\n$2\r\nid\r\n*3\r\n+x\r\n:1\r\n+y\r\n"
             "*3\r\n:5461\r\n:10922\r\n*2\r\n_\r\n:7001\r\n"),
      {"asked", 1});
  ASSERT_TRUE(map);
  EXPECT_EQ(*map->master_of(5460), (endpoint{"127.0.0.1", 7000}));
  EXPECT_EQ(*map->master_of(5461), (endpoint{"asked", 7001}));
  EXPECT_EQ(map->master_of(10923), nullptr);
  EXPECT_FALSE(map->complete());
}

TEST(slots, refuses_maps_that_make_no_sense) {
  const endpoint asked{"asked", 1};
  for (const std::string_view bytes :
       {"+OK\r\n", "*1\r\n:1\r\n", "*1\r\n%1\r\n+slots\r\n*0\r\n",
        "*1\r\n%2\r\n+slots\r\n*2\r\n:5\r\n:16384\r\n+nodes\r\n*1\r\n%2\r\n+role\r\n+master\r\n+port\r\n:1\r\n"}) {
    EXPECT_FALSE(slot_map::from_shards(parsed(bytes), asked, false)) << bytes;
  }
  for (const std::string_view bytes :
       {"+OK\r\n", "*1\r\n*2\r\n:1\r\n:2\r\n", "*1\r\n*3\r\n:9\r\n:1\r\n*2\r\n+a\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n+a\r\n:70000\r\n", "*1\r\n*3\r\n:-1\r\n:1\r\n*2\r\n+a\r\n:1\r\n"}) {
    EXPECT_FALSE(slot_map::from_slots(parsed(bytes), asked)) << bytes;
  }
}

TEST(slots, follows_one_that_moved) {
  slot_map map;
  EXPECT_TRUE(map.empty());
  map.move(3999, {"b", 2});
  EXPECT_EQ(*map.master_of(3999), (endpoint{"b", 2}));
  EXPECT_EQ(map.master_of(4000), nullptr);
  map.move(slot_count, {"b", 2});
}

}  // namespace
}  // namespace fanfare::redis
