#include "history/sqlite_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "history/sqlite_reader.hpp"
#include "history/temporary_folder.hpp"

namespace fanfare::history {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

struct sqlite_store_test : testing::Test {
  std::unique_ptr<sqlite_store> open(memory_log_options bounds = {}, answer_bounds answers = {}) const {
    return std::make_unique<sqlite_store>(path, sqlite_sync::off, "fresh", bounds, answers);
  }
  static void append(sqlite_store& to, std::int64_t time_ms, const std::vector<answer>& answers = {}) {
    std::vector<entry> batch(1);
    batch[0].id = "id";
    batch[0].rooms = {"a"};
    batch[0].json = shared_bytes("{}");
    batch[0].time_ms = time_ms;
    to.begin();
    to.append(batch);
    to.remember(answers, batch);
    to.trim(time_ms);
    to.commit();
  }
  std::string refusal() const {
    try {
      (void)open();
      return "opened";
    } catch (const sqlite_error& failure) {
      return failure.what();
    }
  }
  test::temporary_folder folder;
  std::string path = folder.file("log.db");
};

TEST_F(sqlite_store_test, names_of_what_a_commit_survives) {
  EXPECT_EQ(parse_sync("full"), sqlite_sync::full);
  EXPECT_EQ(parse_sync("normal"), sqlite_sync::normal);
  EXPECT_EQ(parse_sync("off"), sqlite_sync::off);
  EXPECT_EQ(parse_sync("FULL"), std::nullopt);
}

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

TEST_F(sqlite_store_test, takes_a_new_epoch_when_events_may_have_been_lost) {
  const auto epoch_of = [this](const char* fresh, sqlite_sync sync, bool ends_well = false) {
    sqlite_store store(path, sync, fresh, {});
    if (ends_well) store.end_life();
    return store.epoch();
  };
  const auto reboot = [this] {
    sqlite_database(path, sqlite_database::access::write)
        .run("UPDATE meta SET content='other' || substr(content, 37) WHERE name='open'");
  };
  EXPECT_EQ(epoch_of("e1", sqlite_sync::full), "e1");
  reboot();
  EXPECT_EQ(epoch_of("e2", sqlite_sync::normal), "e1") << "full had lost nothing";
  EXPECT_EQ(epoch_of("e3", sqlite_sync::normal), "e1") << "the server alone crashed";
  reboot();
  EXPECT_EQ(epoch_of("e4", sqlite_sync::normal, true), "e4") << "the machine went down";
  reboot();
  EXPECT_EQ(epoch_of("e5", sqlite_sync::off), "e4") << "it had ended well";
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

TEST_F(sqlite_store_test, answers_are_kept_within_their_bounds) {
  const std::string key("k\0\xff", 3);
  {
    auto store = open({}, {.answers_max = 3, .window = std::chrono::milliseconds(100)});
    append(*store, 1000, {{key, "digest", {{"e1", 0, 0}, {"e0", 7, {}}}, 1000}});
    append(*store, 1050, {{"k2", "", {{"e2", 0, 0}}, 1050}});
  }
  auto kept = sqlite_store::remembered(path);
  ASSERT_THAT(kept, SizeIs(2));
  EXPECT_EQ(kept[0].key, key);
  EXPECT_EQ(kept[0].digest, "digest");
  EXPECT_THAT(kept[0].events, ElementsAre(answer::event{"e1", 1, {}}, answer::event{"e0", 7, {}}));
  EXPECT_EQ(kept[0].time_ms, 1000);
  auto store = open({}, {.answers_max = 3, .window = std::chrono::milliseconds(100)});
  append(*store, 1101);
  EXPECT_THAT(sqlite_store::remembered(path), SizeIs(1)) << "past the window";
  for (int n = 0; n < 5; ++n) append(*store, 1102, {{"m" + std::to_string(n), "", {}, 1102}});
  kept = sqlite_store::remembered(path);
  ASSERT_THAT(kept, SizeIs(3));
  EXPECT_EQ(kept.back().key, "m4");
}

TEST_F(sqlite_store_test, takes_no_file_that_is_not_its_own) {
  { sqlite_database(path, sqlite_database::access::write).run("CREATE TABLE notes(a)"); }
  EXPECT_EQ(refusal(), "the file is a database of another program");
  path = folder.file("other.db");
  { sqlite_database(path, sqlite_database::access::write).run("PRAGMA application_id=7; CREATE TABLE notes(a)"); }
  EXPECT_EQ(refusal(), "the file is a database of another program");
  path = folder.file("newer.db");
  (void)open();
  { sqlite_database(path, sqlite_database::access::write).run("PRAGMA user_version=2"); }
  EXPECT_THAT(refusal(), HasSubstr("schema 2, of a newer Fanfare; this one knows 1"));
}

}  // namespace
}  // namespace fanfare::history
