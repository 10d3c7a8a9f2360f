#include "domain/access/jwks_cache.hpp"

#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

using namespace std::chrono_literals;

constexpr auto set_a =
    R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";
constexpr auto set_b =
    R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"b","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";
const steady_time start{1h};

TEST(jwks_cache, fetches_once_at_a_time) {
  jwks_cache cache({.refresh = 300s, .cooldown = 30s});
  EXPECT_TRUE(cache.keys()->keys.empty());
  EXPECT_TRUE(cache.want_fetch(start));
  EXPECT_FALSE(cache.want_fetch(start)) << "one is in flight";
  EXPECT_FALSE(cache.want_fetch_for("a", start));
  EXPECT_TRUE(cache.fetched(set_a, start));
  EXPECT_TRUE(cache.keys()->has_kid("a"));
  EXPECT_FALSE(cache.want_fetch(start + 299s));
  EXPECT_TRUE(cache.want_fetch(start + 300s));
}

TEST(jwks_cache, an_unknown_kid_asks_again_after_the_cooldown) {
  jwks_cache cache({.refresh = 300s, .cooldown = 30s});
  ASSERT_TRUE(cache.want_fetch_for("a", start)) << "nothing was ever fetched";
  ASSERT_TRUE(cache.fetched(set_a, start));
  EXPECT_FALSE(cache.want_fetch_for("a", start + 60s)) << "it is known";
  EXPECT_FALSE(cache.want_fetch_for("b", start + 29s));
  EXPECT_TRUE(cache.want_fetch_for("b", start + 30s));
  ASSERT_TRUE(cache.fetched(set_b, start + 31s));
  EXPECT_TRUE(cache.keys()->has_kid("b"));
  EXPECT_FALSE(cache.want_fetch_for("invented", start + 59s));
}

TEST(jwks_cache, the_old_keys_stay_while_the_endpoint_fails) {
  jwks_cache cache({.refresh = 300s, .cooldown = 30s});
  ASSERT_TRUE(cache.want_fetch(start));
  ASSERT_TRUE(cache.fetched(set_a, start));
  const auto held = cache.keys();
  ASSERT_TRUE(cache.want_fetch(start + 300s));
  cache.failed(start + 310s);
  EXPECT_EQ(cache.keys(), held);
  EXPECT_FALSE(cache.want_fetch(start + 339s)) << "the cooldown counts from the failure";
  EXPECT_TRUE(cache.want_fetch(start + 340s));
  for (const auto* bad : {"", "{}", R"({"keys":[]})", "<html>"}) {
    EXPECT_EQ(cache.fetched(bad, start + 341s).error().code, errc::bad_request) << bad;
    EXPECT_EQ(cache.keys(), held);
  }
  EXPECT_TRUE(cache.want_fetch(start + 400s));
  EXPECT_TRUE(cache.fetched(set_b, start + 400s));
  EXPECT_FALSE(cache.keys()->has_kid("a"));
  EXPECT_TRUE(held->has_kid("a")) << "a snapshot in use does not change";
}

TEST(jwks_cache, a_first_failure_waits_for_the_cooldown) {
  jwks_cache cache({.cooldown = 30s});
  ASSERT_TRUE(cache.want_fetch(start));
  cache.failed(start);
  EXPECT_FALSE(cache.want_fetch(start + 1s));
  EXPECT_TRUE(cache.want_fetch(start + 30s));
}

}  // namespace
}  // namespace fanfare::domain
