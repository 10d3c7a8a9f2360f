#include "history/sqlite_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "history/sqlite_schema.hpp"
#include "support/temporary_folder.hpp"

namespace fanfare::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct sqlite_facts_test : testing::Test {
  fanfare::test::temporary_folder folder;
  std::string path = folder.file("log.db");
  sqlite_database file{path, sqlite_database::access::write};
  std::string epoch = prepare_file(file, sqlite_sync::off, "e");
};

TEST_F(sqlite_facts_test, answers_are_kept_within_their_bounds) {
  const answer_bounds bounds{.answers_max = 3, .window = std::chrono::milliseconds(100)};
  const std::string key("k\0\xff", 3);
  std::vector<entry> batch(1);
  batch[0].position = 1;
  sqlite_facts first(file, bounds);
  first.remember({{key, "digest", {{"e1", 0, 0}, {"e0", 7, {}}}, 1000}, {"k2", "", {{"e2", 0, 0}}, 1050}}, batch);
  auto kept = sqlite_facts::remembered(path);
  ASSERT_THAT(kept, SizeIs(2));
  EXPECT_EQ(kept[0].key, key);
  EXPECT_EQ(kept[0].digest, "digest");
  EXPECT_THAT(kept[0].events, ElementsAre(answer::event{"e1", 1, {}}, answer::event{"e0", 7, {}}));
  EXPECT_EQ(kept[0].time_ms, 1000);
  sqlite_facts again(file, bounds);
  again.count();
  again.trim(1101);
  EXPECT_THAT(sqlite_facts::remembered(path), SizeIs(1)) << "past the window";
  for (int n = 0; n < 5; ++n) again.remember({{"m" + std::to_string(n), "", {}, 1102}}, batch);
  again.trim(1102);
  kept = sqlite_facts::remembered(path);
  ASSERT_THAT(kept, SizeIs(3));
  EXPECT_EQ(kept.back().key, "m4");
}

TEST_F(sqlite_facts_test, facts_stay_until_their_time_or_are_withdrawn) {
  sqlite_facts facts(file, {});
  facts.keep({"a", 1, 5000, std::string("x\0y", 3)});
  facts.keep({"a", 2, 5000, std::string("x\0z", 3)});
  facts.keep({"b", 3, 100});
  facts.keep({"c", 4, never});
  EXPECT_THAT(sqlite_facts::facts(path, 5000),
              ElementsAre(fact{"a", 2, 5000, std::string("x\0z", 3)}, fact{"c", 4, never}));
  facts.keep({"c", 0, 0});
  EXPECT_THAT(sqlite_facts::facts(path, 0), SizeIs(2));
  facts.trim(70000);
  EXPECT_THAT(sqlite_facts::facts(path, 0), IsEmpty());
}

}  // namespace
}  // namespace fanfare::history
