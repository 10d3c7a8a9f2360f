#include "api/fleet/gather.hpp"

#include <gtest/gtest.h>

#include "api/answers.hpp"
#include "api/fleet/two_nodes.hpp"

namespace fanfare::test {
namespace {

/// Node a answers with how many answers it got from the others, and who is missing.
struct gather_test : testing::Test {
  void open(http::handler other) {
    fleet.a.web.route("GET", "/x", [this](const http::exchange_ptr& exchange) {
      api::gather(
          alone ? nullptr : &*fleet.a.others, exchange, exchange->request().target, [exchange](api::gathered all) {
            exchange->respond(api::json_answer(
                200, object{{"answers", array(all.answers.begin(), all.answers.end())}, {"missing", all.missing}}));
          });
    });
    fleet.b.web.route("GET", "/x", std::move(other));
    fleet.start();
  }
  std::string ask() { return call(fleet.a.web.port(), "GET", "/x?y").body; }
  fleet_of_two fleet;
  bool alone = false;
};

TEST_F(gather_test, asks_the_others_the_same) {
  open([](const http::exchange_ptr& exchange) {
    exchange->respond(api::json_answer(200, object{{"target", exchange->request().target}}));
  });
  EXPECT_EQ(ask(), R"({"answers":[{"target":"/x?y"}],"missing":[]})");
}

TEST_F(gather_test, names_those_that_do_not_answer_well) {
  int asked = 0;
  open([&](const http::exchange_ptr& exchange) {
    ++asked;
    exchange->respond(asked == 1 ? http::response::text(200, "no JSON") : http::response::json(500, "{}"));
  });
  EXPECT_EQ(ask(), R"({"answers":[],"missing":["b"]})");
  EXPECT_EQ(ask(), R"({"answers":[],"missing":["b"]})");
  fleet_of_two::meet(fleet.a, fleet.b, fleet_of_two::tag_of_b, "");
  EXPECT_EQ(ask(), R"({"answers":[],"missing":["b"]})");
  EXPECT_EQ(asked, 2);
}

TEST_F(gather_test, a_node_that_stands_still_is_not_waited_for) {
  open([](const http::exchange_ptr& exchange) { exchange->worker().after(milliseconds{60000}, [exchange] {}); });
  EXPECT_EQ(ask(), R"({"answers":[],"missing":["b"]})");
}

TEST_F(gather_test, who_is_alone_asks_nobody) {
  open([](const http::exchange_ptr& exchange) { exchange->respond(http::response::json(200, "{}")); });
  alone = true;
  EXPECT_EQ(ask(), R"({"answers":[],"missing":[]})");
}

TEST_F(gather_test, a_node_that_asks_is_told_of_this_one_alone) {
  bool by_node = false;
  open([&](const http::exchange_ptr& exchange) {
    by_node = api::asked_by_node(&*fleet.b.others, exchange->request());
    api::gather(&*fleet.b.others, exchange, "/x", [exchange](const api::gathered& all) {
      exchange->respond(api::json_answer(200, object{{"others", all.answers.size()}}));
    });
  });
  EXPECT_EQ(ask(), R"({"answers":[{"others":0}],"missing":[]})");
  EXPECT_TRUE(by_node);
  EXPECT_FALSE(api::asked_by_node(nullptr, {}));
  EXPECT_FALSE(api::asked_by_node(&*fleet.b.others, {}));
  // On behalf of a client it is a client's request.
  http::request handed;
  handed.method = "GET";
  handed.headers.add(std::string(domain::ticket::field),
                     domain::write_ticket({"a", real_world().unix_ms(), "192.0.2.1"}, handed, fleet_of_two::secret));
  EXPECT_FALSE(api::asked_by_node(&*fleet.b.others, handed));
}

}  // namespace
}  // namespace fanfare::test
