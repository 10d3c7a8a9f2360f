#include "history/sqlite_database.hpp"

#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace fanfare::history {
namespace {

struct sqlite_database_test : testing::Test {
  fanfare::test::temporary_folder folder;
  sqlite_database file{folder.file("a.db"), sqlite_database::access::write};
};

TEST_F(sqlite_database_test, binds_and_reads_what_it_is_given) {
  file.run("CREATE TABLE t(a INTEGER, b TEXT, c BLOB)");
  const std::string bytes("\0\xff", 2);
  file.prepare("INSERT INTO t VALUES(?,?,?)").bind(1, -7).bind_text(2, "it's").bind_blob(3, bytes).run();
  auto rows = file.prepare("SELECT a, b, c FROM t");
  ASSERT_TRUE(rows.step());
  EXPECT_EQ(rows.integer(0), -7);
  EXPECT_EQ(rows.text(1), "it's");
  EXPECT_EQ(rows.text(2), bytes);
  EXPECT_FALSE(rows.step());
  EXPECT_EQ(file.number("SELECT a FROM t"), -7);
  EXPECT_EQ(file.number("SELECT a FROM t WHERE a=1"), 0);
}

TEST_F(sqlite_database_test, a_transaction_that_is_not_committed_is_undone) {
  file.run("CREATE TABLE t(a)");
  {
    const sqlite_transaction dropped(file);
    file.run("INSERT INTO t VALUES(1)");
  }
  EXPECT_EQ(file.number("SELECT count(*) FROM t"), 0);
  {
    sqlite_transaction kept(file);
    file.run("INSERT INTO t VALUES(1)");
    kept.commit();
  }
  EXPECT_EQ(file.number("SELECT count(*) FROM t"), 1);
}

TEST_F(sqlite_database_test, faults_have_words_and_codes) {
  try {
    file.run("nonsense");
    FAIL();
  } catch (const sqlite_error& failure) {
    EXPECT_EQ(failure.code(), 1);
    EXPECT_NE(std::string(failure.what()).find("syntax error"), std::string::npos);
  }
  EXPECT_THROW(sqlite_database("/nowhere/a.db", sqlite_database::access::write), sqlite_error);
  EXPECT_THROW(sqlite_database(folder.file("b.db"), sqlite_database::access::read), sqlite_error) << "nothing to read";
  EXPECT_THROW(static_cast<void>(file.prepare("SELECT * FROM nothing")), sqlite_error);
}

}  // namespace
}  // namespace fanfare::history
