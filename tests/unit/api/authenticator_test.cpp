#include "api/authenticator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/json.hpp>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

using api::authenticator;
using api::authenticator_options;

/// What came at once; an answer that comes later goes nowhere.
std::optional<result<domain::principal>> ask(authenticator& door, const std::string& token) {
  const auto got = std::make_shared<std::optional<result<domain::principal>>>();
  door.authenticate(token, [got](result<domain::principal> who) { *got = std::move(who); });
  return *got;
}

std::string name_of(authenticator& door, const header_list& headers) {
  http::request request;
  for (const auto& [name, content] : headers) request.headers.add(name, content);
  std::string out;
  door.identify(request, [&out](const result<api::credential>& who) {
    out = who ? who->name : std::string(describe(who.error().code).client_code);
  });
  return out;
}

domain::key_set hmac_keys() {
  domain::key_set keys;
  keys.keys.push_back(rig::signing_key());
  return keys;
}

TEST(Authenticator, TellsKeysFromTokens) {
  authenticator door({});
  door.set_keys(hmac_keys());
  door.set_service_keys({"key-number-one", "key-number-two"});
  EXPECT_THAT(name_of(door, {{"X-API-Key", "key-number-one"}}), testing::StartsWith("key:"));
  EXPECT_EQ(name_of(door, {{"X-API-Key", "key-number-two"}}).size(), 12u);
  EXPECT_EQ(name_of(door, {{"X-API-Key", "key-number"}}), "unauthorized");
  EXPECT_EQ(name_of(door, {{"X-API-Key", ""}}), "unauthorized");
  EXPECT_THAT(name_of(door, {{"Authorization", "BEARER  key-number-two"}}), testing::StartsWith("key:"));
  EXPECT_EQ(name_of(door, {{"Authorization", "Bearer " + rig::token("u1")}}), "sub:u1");
  EXPECT_EQ(name_of(door, {{"Authorization", "Bearer x"}}), "token_invalid");
  EXPECT_EQ(name_of(door, {{"Authorization", "Basic x"}}), "token_missing");
  EXPECT_EQ(name_of(door, {{"Authorization", "Bearer "}}), "token_missing");
  EXPECT_EQ(name_of(door, {}), "token_missing");
  door.set_service_keys({"key-number-three"});
  EXPECT_EQ(name_of(door, {{"X-API-Key", "key-number-one"}}), "unauthorized");
}

TEST(Authenticator, TakesNewKeysOnReload) {
  authenticator door({});
  door.set_keys(hmac_keys());
  EXPECT_TRUE(*ask(door, rig::token("u1")));
  domain::key_set other;
  other.keys.push_back(domain::jws_key::from_secret(domain::jws_algorithm::hs256, std::string(32, 'o')).value());
  door.set_keys(std::move(other));
  EXPECT_EQ(ask(door, rig::token("u1"))->error().code, errc::token_invalid);
}

/// A key set that is fetched when the test says so.
struct fetched_keys {
  std::vector<std::function<void(result<std::string>)>> fetches;
  std::vector<std::string_view> outcomes;
  test::shifted_world around;
  authenticator door;

  explicit fetched_keys(std::size_t waiting_max = 2) : door(options(waiting_max)) {}

  authenticator_options options(std::size_t waiting_max) {
    authenticator_options out;
    out.jwks.emplace();
    out.jwks->allowed = {domain::jws_algorithm::hs256};
    out.jwks_fetched = [this](const result<void>& ended) {
      outcomes.push_back(ended ? "ok" : describe(ended.error().code).metric_label);
    };
    out.fetch_jwks = [this](std::function<void(result<std::string>)> done) { fetches.push_back(std::move(done)); };
    out.waiting_max = waiting_max;
    out.around = &around;
    return out;
  }
  static std::string set_with(const std::string& kid) {
    return json::write(object{
        {"keys",
         array{object{
             {"kty", "oct"}, {"kid", kid}, {"alg", "HS256"}, {"use", "sig"}, {"k", base64url_encode(secret)}}}}});
  }
  static std::string token(const std::string& kid) {
    const auto key = domain::jws_key::from_secret(domain::jws_algorithm::hs256, secret, kid).value();
    return domain::sign_jwt(rig::claims("u1"), key).value();
  }
  void finish(result<std::string> body) {
    auto done = std::move(fetches.front());
    fetches.erase(fetches.begin());
    done(std::move(body));
  }
};

TEST(Authenticator, WaitsForTheFirstFetchOfTheKeySet) {
  fetched_keys keys;
  std::optional<result<domain::principal>> got;
  keys.door.authenticate(fetched_keys::token("k1"), [&got](result<domain::principal> who) { got = std::move(who); });
  ASSERT_EQ(keys.fetches.size(), 1u);
  EXPECT_FALSE(got);
  // One fetch in flight, and a bound on those who wait for it.
  EXPECT_FALSE(ask(keys.door, fetched_keys::token("k1")));
  const auto third = ask(keys.door, fetched_keys::token("k1"));
  ASSERT_TRUE(third);
  EXPECT_EQ(third->error().code, errc::unavailable);
  EXPECT_EQ(keys.fetches.size(), 1u);
  keys.finish(fetched_keys::set_with("k1"));
  ASSERT_TRUE(got);
  EXPECT_TRUE(*got) << got->error().detail;
  EXPECT_TRUE(*ask(keys.door, fetched_keys::token("k1")));
}

TEST(Authenticator, FetchesAgainForAnUnknownKeyButNotTooOften) {
  fetched_keys keys;
  ask(keys.door, fetched_keys::token("k1"));
  keys.finish(fetched_keys::set_with("k1"));
  EXPECT_EQ(ask(keys.door, fetched_keys::token("k2"))->error().code, errc::token_invalid);
  EXPECT_TRUE(keys.fetches.empty());
  keys.around.steady_ahead_s += 31;
  EXPECT_FALSE(ask(keys.door, fetched_keys::token("k2")));
  ASSERT_EQ(keys.fetches.size(), 1u);
  keys.finish(errc::unavailable);
  // The old key is kept.
  EXPECT_TRUE(*ask(keys.door, fetched_keys::token("k1")));
  EXPECT_THAT(keys.outcomes, testing::ElementsAre("ok", "unavailable"));
}

TEST(Authenticator, RefreshesInTheBackgroundWhenTheSetIsOld) {
  fetched_keys keys;
  ask(keys.door, fetched_keys::token("k1"));
  keys.finish(fetched_keys::set_with("k1"));
  keys.around.steady_ahead_s += 301;
  EXPECT_TRUE(*ask(keys.door, fetched_keys::token("k1")));
  ASSERT_EQ(keys.fetches.size(), 1u);
  keys.finish(std::string("no key set"));
  EXPECT_TRUE(*ask(keys.door, fetched_keys::token("k1")));
  EXPECT_THAT(keys.outcomes, testing::ElementsAre("ok", "bad_request"));
}

TEST(Authenticator, AFetchThatComesBackTooLateFindsNobody) {
  std::function<void(result<std::string>)> late;
  {
    fetched_keys keys;
    ask(keys.door, fetched_keys::token("k1"));
    late = keys.fetches.front();
  }
  late(fetched_keys::set_with("k1"));
}

}  // namespace
}  // namespace fanfare::test
