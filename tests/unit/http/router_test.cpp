#include "http/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace fanfare::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

struct routed : testing::Test {
  router routes;
  std::string last;
  void add(const char* method, const char* pattern) {
    routes.add(method, pattern, [this, name = std::string(method) + " " + pattern](exchange_ptr) { last = name; }, {});
  }
  std::string at(const char* method, const char* path) {
    const auto found = routes.find(method, path);
    last = found.allow.empty() ? "none" : "allow " + found.allow;
    if (found.work != nullptr) (*found.work)(nullptr);
    return last;
  }
};

TEST_F(routed, exact_beats_named_beats_rest) {
  add("GET", "/a/*");
  add("GET", "/a/{x}");
  add("GET", "/a/b");
  EXPECT_EQ(at("GET", "/a/b"), "GET /a/b");
  EXPECT_EQ(at("GET", "/a/c"), "GET /a/{x}");
  EXPECT_EQ(at("GET", "/a/c/d"), "GET /a/*");
  EXPECT_EQ(at("GET", "/a/"), "GET /a/*") << "a name matches no empty segment";
  EXPECT_EQ(at("GET", "/a"), "none");
  EXPECT_EQ(at("GET", ""), "none");
  EXPECT_EQ(at("OPTIONS", "*"), "none");
}

TEST_F(routed, falls_back_when_the_better_match_leads_nowhere) {
  add("GET", "/a/b/c");
  add("GET", "/a/{x}/d");
  add("POST", "/a/{x}/c");
  EXPECT_EQ(at("GET", "/a/b/d"), "GET /a/{x}/d");
  EXPECT_EQ(at("POST", "/a/b/c"), "POST /a/{x}/c") << "another method of a lesser match";
  EXPECT_EQ(at("PUT", "/a/b/c"), "allow GET, HEAD, OPTIONS, POST");
}

TEST_F(routed, gives_parameters_decoded) {
  add("GET", "/rooms/{room}/files/*");
  const auto found = routes.find("GET", "/rooms/project%3A1%2f2/files/a%20b/c");
  EXPECT_THAT(found.params, ElementsAre(Pair("room", "project:1/2"), Pair("*", "a b/c")));
  EXPECT_EQ(at("GET", "/rooms//files/x"), "none");
}

TEST_F(routed, matches_encoded_paths_and_slashes_at_the_end_apart) {
  add("GET", "/socket.io/");
  EXPECT_EQ(at("GET", "/socket%2Eio/"), "GET /socket.io/");
  EXPECT_EQ(at("GET", "/socket.io"), "none");
}

TEST_F(routed, serves_head_by_get_and_anything_by_star) {
  add("GET", "/");
  add("*", "/any");
  add("POST", "/any");
  EXPECT_EQ(at("HEAD", "/"), "GET /");
  EXPECT_EQ(at("HEAD", "/any"), "* /any");
  EXPECT_EQ(at("POST", "/any"), "POST /any");
  EXPECT_EQ(at("POST", "/"), "allow GET, HEAD, OPTIONS");
}

TEST_F(routed, keeps_options_and_refuses_bad_patterns) {
  routes.add("POST", "/big", [](exchange_ptr) {}, {12345});
  EXPECT_EQ(routes.find("POST", "/big").options.body_bytes_max, 12345U);
  EXPECT_THAT(routes.find("POST", "/big").params, IsEmpty());
  EXPECT_THROW(add("POST", "/big"), std::invalid_argument);
  EXPECT_THROW(add("POST", "big"), std::invalid_argument);
  EXPECT_THROW(add("POST", ""), std::invalid_argument);
}

}  // namespace
}  // namespace fanfare::http
