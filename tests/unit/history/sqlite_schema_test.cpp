#include "history/sqlite_schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "history/entries.hpp"
#include "history/sqlite_reader.hpp"
#include "history/sqlite_store.hpp"
#include "support/temporary_folder.hpp"

namespace fanfare::history {
namespace {

using testing::HasSubstr;

struct sqlite_schema_test : testing::Test {
  std::string refusal() const {
    try {
      (void)sqlite_store(path, sqlite_sync::off, "fresh", {});
      return "opened";
    } catch (const sqlite_error& failure) {
      return failure.what();
    }
  }
  fanfare::test::temporary_folder folder;
  std::string path = folder.file("log.db");
};

TEST_F(sqlite_schema_test, names_of_what_a_commit_survives) {
  EXPECT_EQ(parse_sync("full"), sqlite_sync::full);
  EXPECT_EQ(parse_sync("normal"), sqlite_sync::normal);
  EXPECT_EQ(parse_sync("off"), sqlite_sync::off);
  EXPECT_EQ(parse_sync("FULL"), std::nullopt);
}

TEST_F(sqlite_schema_test, takes_a_new_epoch_when_events_may_have_been_lost) {
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

TEST_F(sqlite_schema_test, takes_no_file_that_is_not_its_own) {
  { sqlite_database(path, sqlite_database::access::write).run("CREATE TABLE notes(a)"); }
  EXPECT_EQ(refusal(), "the file is a database of another program");
  path = folder.file("other.db");
  { sqlite_database(path, sqlite_database::access::write).run("PRAGMA application_id=7; CREATE TABLE notes(a)"); }
  EXPECT_EQ(refusal(), "the file is a database of another program");
  path = folder.file("newer.db");
  EXPECT_EQ(refusal(), "opened");
  { sqlite_database(path, sqlite_database::access::write).run("PRAGMA user_version=3"); }
  EXPECT_THAT(refusal(), HasSubstr("schema 3, of a newer Fanfare; this one knows 2"));
}

TEST_F(sqlite_schema_test, brings_an_older_file_up_to_date) {
  {
    sqlite_store store(path, sqlite_sync::off, "old", {});
    std::vector<entry> batch{test::event({"a"}, 1000)};
    store.begin();
    store.append(batch);
    store.keep({"fact", 7, 5000});
    store.commit();
    store.end_life();
  }
  sqlite_database(path, sqlite_database::access::write)
      .run(
          "DROP INDEX entry_by_expiry; DROP INDEX entry_by_key; ALTER TABLE entry DROP COLUMN expires_ms;"
          "ALTER TABLE entry DROP COLUMN only_newest; ALTER TABLE fact DROP COLUMN content; PRAGMA user_version=1");
  sqlite_store store(path, sqlite_sync::off, "fresh", {});
  EXPECT_EQ(store.epoch(), "old");
  EXPECT_EQ(store.used().entries, 1U);
  std::vector<entry> batch{test::expiring({"a"}, 1000, 2000)};
  store.begin();
  store.append(batch);
  store.trim(2000);
  store.commit();
  EXPECT_EQ(test::positions(sqlite_reader(path).read({.rooms = {"a"}})), std::vector<std::uint64_t>{1});
  EXPECT_EQ(sqlite_facts::facts(path, 0), std::vector<fact>{(fact{"fact", 7, 5000})});
  EXPECT_EQ(sqlite_database(path, sqlite_database::access::read).number("PRAGMA user_version"), sqlite_schema_version);
}

}  // namespace
}  // namespace fanfare::history
