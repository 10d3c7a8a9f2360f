#include "history/sqlite_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <thread>

#include "history/sqlite_log.hpp"
#include "support/temporary_folder.hpp"

namespace fanfare::history {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

/// A log in use, and the file as an operator sees it.
struct sqlite_file_test : testing::Test {
  sqlite_file_test() {
    append({"user:bob", "global"}, R"({"id":"1","data":{}})");
    append({"project:p1"}, R"({"id":"2","data":{"by":{"who":"bob"}}})");
    append({"project:p1"}, R"({"id":"3","data":{"by":"bobby"}})");
    append({"project:p2", "project:p1"}, R"({"id":"4","data":{"text":"secret words"}})");
  }
  std::uint64_t append(std::vector<std::string> rooms, const std::string& json) {
    std::vector<entry> batch(1);
    batch[0].rooms = std::move(rooms);
    batch[0].json = shared_bytes(json);
    batch[0].time_ms = 1000 + static_cast<std::int64_t>(log.head());
    std::promise<std::uint64_t> at;
    log.append(std::move(batch), {}, [&at](const auto& positions) { at.set_value(positions->positions.front()); });
    return at.get_future().get();
  }
  std::vector<std::uint64_t> positions(const std::string& room, std::uint64_t after = 0) {
    std::vector<std::uint64_t> out;
    sqlite_file(path).each(room, after, [&out](std::uint64_t at, std::string_view) { out.push_back(at); });
    return out;
  }
  [[nodiscard]] std::string bytes() const {
    std::string all;
    for (const auto* end : {"", "-wal"}) {
      std::ifstream file(path + end, std::ios::binary);
      all += std::string{std::istreambuf_iterator<char>(file), {}};
    }
    return all;
  }
  static std::string refusal(const std::function<void()>& work) {
    try {
      work();
      return "done";
    } catch (const sqlite_error& failure) {
      return failure.what();
    }
  }
  fanfare::test::temporary_folder folder;
  std::string path = folder.file("log.db");
  sqlite_log log{"e", {.path = path, .sync = sqlite_sync::off, .bounds = {.room_entries_max = 3}, .on_trouble = {}}};
};

TEST_F(sqlite_file_test, says_what_is_in_it) {
  const auto found = sqlite_file(path).stats();
  EXPECT_EQ(found.epoch, "e");
  EXPECT_EQ(found.entries, 4);
  EXPECT_EQ(found.rooms, 4);
  EXPECT_EQ(found.oldest, 1U);
  EXPECT_EQ(found.head, 4U);
  EXPECT_EQ(found.oldest_ms, 1000);
  EXPECT_EQ(found.newest_ms, 1003);
  EXPECT_GT(found.file_bytes, found.json_bytes);
}

TEST_F(sqlite_file_test, gives_entries_of_all_or_of_one_room) {
  EXPECT_THAT(positions(""), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(positions("project:p1", 2), ElementsAre(3, 4));
  EXPECT_THAT(positions("nobody"), IsEmpty());
}

TEST_F(sqlite_file_test, what_is_deleted_is_gone_from_every_byte) {
  EXPECT_NE(bytes().find("secret words"), std::string::npos);
  EXPECT_EQ(sqlite_file(path).erase_room("project:p2"), 1);
  EXPECT_EQ(bytes().find("secret words"), std::string::npos);
  EXPECT_THAT(positions(""), ElementsAre(1, 2, 3));
  EXPECT_EQ(sqlite_file(path).erase_room("nobody"), 0);
  EXPECT_THAT(sqlite_file(path).verify(), IsEmpty());
}

TEST_F(sqlite_file_test, a_user_is_erased_wherever_an_event_names_one) {
  EXPECT_EQ(sqlite_file(path).erase_user("bob"), 2);
  EXPECT_THAT(positions(""), ElementsAre(3, 4)) << "bobby is somebody else";
  EXPECT_EQ(bytes().find("user:bob"), std::string::npos) << "nor is the room's name left";
  EXPECT_EQ(bytes().find("\"bob\""), std::string::npos);
}

TEST_F(sqlite_file_test, counts_facts_by_kind_and_erases_the_users_sessions) {
  const auto keep = [this](const char* name, const char* content) {
    std::promise<void> kept;
    log.keep({name, 0, never, content}, [&kept](const auto&) { kept.set_value(); });
    kept.get_future().wait();
  };
  keep("session one", R"({"user":"bob","rooms":[]})");
  keep("session two", R"({"user":"ann","rooms":[]})");
  keep("revoked ubob", "");
  EXPECT_THAT(sqlite_file(path).stats().facts, ElementsAre(Pair("revoked", 1), Pair("session", 2)));
  EXPECT_EQ(sqlite_file(path).erase_user("bob"), 2);
  EXPECT_THAT(sqlite_file(path).stats().facts, ElementsAre(Pair("revoked", 1), Pair("session", 1)))
      << "a revocation holds until it ends";
  EXPECT_EQ(bytes().find("session one"), std::string::npos);
}

TEST_F(sqlite_file_test, the_server_goes_on_with_what_is_left) {
  EXPECT_EQ(sqlite_file(path).erase_room("project:p1"), 3);
  EXPECT_EQ(append({"project:p1"}, "{}"), 5U) << "positions never come again";
  EXPECT_EQ(log.used().entries, 2U) << "it has counted anew";
  for (int n = 0; n < 4; ++n) append({"project:p1"}, "{}");
  EXPECT_THAT(positions("project:p1"), ElementsAre(7, 8, 9)) << "and keeps its bounds";
  EXPECT_THAT(sqlite_file(path).verify(), IsEmpty());
}

TEST_F(sqlite_file_test, a_backup_is_whole_while_the_server_writes) {
  std::atomic<bool> enough{false};
  std::thread writer([&] {
    while (!enough) append({"busy"}, "{}");
  });
  const auto copy = folder.file("copy.db");
  sqlite_file(path).backup(copy);
  enough = true;
  writer.join();
  EXPECT_EQ(refusal([&] { sqlite_file(path).backup(copy); }), copy + " is there already");
  sqlite_file other(copy);
  EXPECT_THAT(other.verify(), IsEmpty());
  EXPECT_GE(other.stats().entries, 4);
  for (const auto* fresh : {"f", "g"}) {
    const sqlite_log restored(fresh, {.path = copy, .on_trouble = {}});
    EXPECT_EQ(restored.epoch(), "f") << "cursors of the time since the copy would name other events";
  }
}

TEST_F(sqlite_file_test, finds_what_is_wrong) {
  sqlite_database raw(path, sqlite_database::access::write);
  raw.run(
      "DELETE FROM listing WHERE position=1; DELETE FROM entry WHERE position=2; UPDATE entry SET json='[1]' WHERE "
      "position=3");
  EXPECT_THAT(sqlite_file(path).verify(), ElementsAre("1 listings name an entry that is not there",
                                                      "1 entries are in no room", "entry 3 is no JSON object"));
}

TEST_F(sqlite_file_test, takes_no_other_file) {
  EXPECT_EQ(refusal([this] { sqlite_file file(folder.file("missing.db")); }), "there is no such file");
  const auto other = folder.file("other.db");
  sqlite_database(other, sqlite_database::access::write).run("CREATE TABLE t(a)");
  EXPECT_EQ(refusal([&] { sqlite_file file(other); }), "the file is no history of Fanfare");
  sqlite_database(path, sqlite_database::access::write).run("PRAGMA user_version=7");
  EXPECT_THAT(refusal([this] { sqlite_file file(path); }), HasSubstr("has schema 7; this Fanfare knows 2"));
}

}  // namespace
}  // namespace fanfare::history
