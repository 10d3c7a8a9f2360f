#include "history/sqlite_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "history/sqlite_reader.hpp"
#include "support/temporary_folder.hpp"

namespace fanfare::history {
namespace {

struct sqlite_store_test : testing::Test {
  std::unique_ptr<sqlite_store> open(memory_log_options bounds = {}) const {
    return std::make_unique<sqlite_store>(path, sqlite_sync::off, "fresh", bounds);
  }
  static void append(sqlite_store& to, std::int64_t time_ms, std::int64_t expires_ms = 0) {
    std::vector<entry> batch(1);
    batch[0].id = "id";
    batch[0].rooms = {"a"};
    batch[0].json = shared_bytes("{}");
    batch[0].time_ms = time_ms;
    batch[0].expires_ms = expires_ms;
    to.begin();
    to.append(batch);
    to.trim(time_ms);
    to.commit();
  }
  fanfare::test::temporary_folder folder;
  std::string path = folder.file("log.db");
};

TEST_F(sqlite_store_test, positions_never_come_again) {
  {
    auto store = open({.age_max = std::chrono::milliseconds(10)});
    append(*store, 1000);
    append(*store, 1001);
    store->begin();
    store->trim(5000);
    store->commit();
    EXPECT_EQ(store->used().entries, 0U);
    EXPECT_EQ(store->used().rooms, 0U);
    EXPECT_EQ(store->used().bytes, 0U);
    EXPECT_EQ(store->oldest(), 0U);
  }
  auto again = open();
  EXPECT_EQ(again->head(), 2U);
  append(*again, 6000);
  EXPECT_EQ(again->head(), 3U);
  EXPECT_FALSE(sqlite_reader(path).read({.rooms = {"a"}, .after = 1}).complete)
      << "what was in the room is known to be gone";
  EXPECT_TRUE(sqlite_reader(path).read({.rooms = {"a"}, .after = 2}).complete);
}

TEST_F(sqlite_store_test, counts_again_what_it_finds) {
  log::usage before;
  {
    auto store = open({.room_entries_max = 3});
    for (int n = 0; n < 5; ++n) append(*store, 1000);
    before = store->used();
  }
  const auto after = open({.room_entries_max = 3});
  EXPECT_EQ(after->used().entries, 3U);
  EXPECT_EQ(after->used().bytes, before.bytes);
  EXPECT_EQ(after->used().rooms, 1U);
  EXPECT_EQ(after->oldest(), 3U);
  EXPECT_EQ(after->epoch(), "fresh");
}

TEST_F(sqlite_store_test, counts_again_what_never_expires) {
  {
    auto store = open({.room_entries_max = 2});
    append(*store, 1, never);
    append(*store, 2, 500);
  }
  auto store = open({.entries_max = 4, .room_entries_max = 2});
  for (int n = 0; n < 3; ++n) append(*store, 3);
  EXPECT_EQ(store->used().entries, 3U) << "two, and the one that the room's bound spares";
  EXPECT_EQ(store->oldest(), 1U);
  for (int n = 0; n < 3; ++n) append(*store, 4, never);
  EXPECT_EQ(store->used().entries, 4U);
  EXPECT_EQ(store->oldest(), 4U) << "of what never expires half of the log at most";
}

}  // namespace
}  // namespace fanfare::history
