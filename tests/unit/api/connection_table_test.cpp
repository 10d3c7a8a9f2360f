#include "api/connection_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanfare::api {
namespace {

using testing::ElementsAre;
using testing::Pair;

connection_row row(const std::string& id, const std::string& user) { return {.id = id, .user = user}; }

TEST(ConnectionTable, CountsUsersAndRooms) {
  connection_table table;
  const auto a = table.add(row("a", "u1"), {}, {10, 10, 0});
  const auto b = table.add(row("b", "u1"), {}, {10, 10, 0});
  const auto c = table.add(row("c", "u2"), {}, {10, 10, 0});
  for (const auto key : {*a, *b, *c}) table.enter(key, "r");
  table.enter(*a, "r");  // again changes nothing
  table.enter(*a, "s");
  EXPECT_EQ(table.size(), 3u);
  EXPECT_EQ(table.of_user("u1"), 2u);
  EXPECT_THAT(table.members("r"), ElementsAre(Pair("u1", 2), Pair("u2", 1)));
  EXPECT_THAT(table.rooms(), ElementsAre(Pair("r", 3), Pair("s", 1)));
  table.leave(*b, "r");
  table.leave(*b, "r");
  EXPECT_THAT(table.members("r"), ElementsAre(Pair("u1", 1), Pair("u2", 1)));
  table.remove(*a);
  table.remove(*a);
  EXPECT_THAT(table.rooms(), ElementsAre(Pair("r", 1)));
  EXPECT_TRUE(table.members("s").empty());
  table.remove(*b);
  table.remove(*c);
  EXPECT_EQ(table.of_user("u1"), 0u);
  EXPECT_TRUE(table.rooms().empty());
}

TEST(ConnectionTable, GivesPartsOfWhatMatches) {
  connection_table table;
  for (const auto* id : {"a1", "b2", "a3", "a4"}) {
    ASSERT_TRUE(table.add({.id = id, .user = std::string("user of ") + id[0], .address = "::1"}, {}, {}));
  }
  const auto ids = [&table](const connection_query& asked, std::size_t offset, std::size_t limit, std::size_t total) {
    const auto found = table.list(asked, offset, limit);
    EXPECT_EQ(found.total, total);
    std::vector<std::string> out;
    for (const auto& each : found.rows) out.push_back(each.id);
    return out;
  };
  EXPECT_THAT(ids({}, 1, 2, 4), ElementsAre("b2", "a3"));
  EXPECT_THAT(ids({.newest_first = true}, 0, 2, 4), ElementsAre("a4", "a3"));
  EXPECT_THAT(ids({.search = "of a"}, 2, 9, 3), ElementsAre("a4"));
  EXPECT_THAT(ids({.search = "b2"}, 0, 9, 1), ElementsAre("b2"));
  EXPECT_THAT(ids({.search = "::1"}, 4, 9, 4), ElementsAre());
  EXPECT_THAT(ids({.user = "user of a", .search = "3"}, 0, 9, 1), ElementsAre("a3"));
  EXPECT_EQ(table.sockets({.search = "of a"}).size(), 3u);
  EXPECT_EQ(table.find("a3")->first.user, "user of a");
  EXPECT_FALSE(table.find("a"));
}

TEST(ConnectionTable, HoldsItsLimits) {
  connection_table table;
  EXPECT_TRUE(table.add(row("a", "u1"), {}, {2, 1, 0}));
  EXPECT_FALSE(table.add(row("b", "u1"), {}, {2, 1, 0}));
  EXPECT_TRUE(table.add(row("c", "u2"), {}, {2, 1, 0}));
  EXPECT_FALSE(table.add(row("d", "u3"), {}, {2, 1, 0}));
  EXPECT_EQ(table.of_user("u3"), 0u);
}

TEST(ConnectionTable, LimitsAddressesAndRooms) {
  connection_table table;
  const auto at = [](const std::string& id, const std::string& address) {
    return connection_row{.id = id, .user = id, .address = address};
  };
  const auto a = table.add(at("a", "::1"), {}, {0, 0, 1});
  EXPECT_FALSE(table.add(at("b", "::1"), {}, {0, 0, 1}));
  const auto c = table.add(at("c", "::2"), {}, {0, 0, 1});
  ASSERT_TRUE(a && c);
  EXPECT_TRUE(table.enter(*a, "r", 1));
  EXPECT_TRUE(table.enter(*a, "r", 1));
  EXPECT_FALSE(table.enter(*c, "r", 1));
  table.remove(*a);
  EXPECT_EQ(table.of_address("::1"), 0u);
  EXPECT_TRUE(table.enter(*c, "r", 1));
}

TEST(ConnectionTable, TellsOfAUsersFirstAndLastConnectionInARoom) {
  connection_table table;
  std::vector<std::string> told;
  table.watch_presence([&](const std::string& room, const std::string& user, bool joined) {
    told.push_back((joined ? "+" : "-") + user + " " + room);
  });
  const auto a = table.add(row("a", "u1"), {}, {});
  const auto b = table.add(row("b", "u1"), {}, {});
  table.enter(*a, "r");
  table.enter(*b, "r");
  table.enter(*b, "s");
  table.leave(*a, "r");
  table.remove(*b);
  table.remove(*a);
  EXPECT_THAT(told, ElementsAre("+u1 r", "+u1 s", "-u1 r", "-u1 s"));
}

TEST(ConnectionTable, ListsInOrderOfConnecting) {
  connection_table table;
  for (const auto* id : {"z", "a", "m"}) ASSERT_TRUE(table.add(row(id, id[0] == 'a' ? "u2" : "u1"), {}, {9, 9, 0}));
  const auto two = table.list({}, 0, 2).rows;
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].id, "z");
  EXPECT_EQ(table.list({.user = "u2"}, 0, 9).rows.front().id, "a");
  EXPECT_TRUE(table.list({.user = "nobody"}, 0, 9).rows.empty());
}

TEST(ConnectionTable, WhatIsGoneIsIgnored) {
  connection_table table;
  table.enter(7, "r");
  table.leave(7, "r");
  const auto with_jti = [](std::string jti) {
    domain::principal who;
    who.jti = std::move(jti);
    return std::make_shared<const domain::principal>(std::move(who));
  };
  table.set_token(7, with_jti("j"));
  EXPECT_TRUE(table.rooms().empty());
  const auto a = table.add({.id = "a", .user = "u1", .who = with_jti("j0")}, {}, {9, 9, 0});
  table.set_token(*a, with_jti("j1"));
  EXPECT_EQ(table.disconnect("", ""), 0u);
  EXPECT_EQ(table.disconnect("", "j0"), 0u);
  EXPECT_EQ(table.disconnect("", "j1"), 1u);
  EXPECT_EQ(table.disconnect("u1", ""), 1u);
}

}  // namespace
}  // namespace fanfare::api
