#include "server/authorization.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "domain/access/jwt.hpp"
#include "server/served.hpp"

namespace fanfare::server {
namespace {

using test::fault_of;
using testing::HasSubstr;

configuration with(std::initializer_list<std::pair<std::string_view, std::string_view>> keys) {
  configuration settings;
  settings.set_text("auth.secret", std::string(64, 's'), "test");
  for (const auto& [name, text] : keys) settings.set_text(name, text, "test");
  return settings;
}

/// A file of the test's own, gone with it.
struct temporary {
  std::string path;
  temporary(const std::string& name, const std::string& text) : path(testing::TempDir() + "fanfare_" + name) {
    std::ofstream(path) << text;
  }
  ~temporary() { std::remove(path.c_str()); }
};

const std::string ed25519_private =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
const std::string ed25519_public =
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";

result<domain::principal> read(const std::string& token, const configuration& settings) {
  const domain::claim_names names{settings.text("auth.claim_projects"), settings.text("auth.claim_agents"),
                                  settings.text("auth.claim_roles"), settings.text("auth.claim_scope")};
  domain::jwt_options rules;
  rules.issuer = settings.text("auth.issuer");
  rules.audience = settings.text("auth.audience");
  return domain::authenticate(token, verification_keys(settings), rules, names, std::chrono::system_clock::now());
}

TEST(Authorization, MintsWhatItVerifies) {
  const auto settings = with({{"auth.algorithms", "HS512,HS256"},
                              {"auth.issuer", "me"},
                              {"auth.audience", "you"},
                              {"auth.claim_projects", "app.projects"}});
  const token_request request{.sub = "u1",
                              .projects = {"p1", "p2"},
                              .agents = {"*"},
                              .roles = {"dev"},
                              .scopes = {"events:publish", "admin"},
                              .ttl = std::chrono::hours{1}};
  const auto who = read(mint_token(settings, request, std::chrono::system_clock::now()), settings);
  ASSERT_TRUE(who) << who.error().detail;
  EXPECT_EQ(who->sub, "u1");
  EXPECT_TRUE(who->projects.contains("p2"));
  EXPECT_FALSE(who->projects.contains("p3"));
  EXPECT_TRUE(who->agents.all);
  EXPECT_TRUE(who->roles.contains("dev"));
  EXPECT_TRUE(who->has_scope("admin"));
  EXPECT_FALSE(who->jti.empty());
  EXPECT_FALSE(read(mint_token(settings, request, std::chrono::system_clock::now() - std::chrono::hours{2}), settings));
}

TEST(Authorization, SignsWithAPrivateKeyFile) {
  const temporary hidden("private.pem", ed25519_private);
  const temporary open("public.pem", ed25519_public);
  const auto settings =
      with({{"auth.algorithms", "EdDSA"}, {"auth.private_key_file", hidden.path}, {"auth.public_key_file", open.path}});
  const auto who = read(mint_token(settings, {.sub = "u1"}, std::chrono::system_clock::now()), settings);
  ASSERT_TRUE(who) << who.error().detail;
}

TEST(Authorization, NamesTheKeyAtFault) {
  const auto now = std::chrono::system_clock::now();
  const token_request request{.sub = "u1"};
  EXPECT_THAT(fault_of([&] {
                static_cast<void>(mint_token(with({{"auth.secret", ""}}), request, now));
              }),
              HasSubstr("auth.secret is empty"));
  EXPECT_THAT(fault_of([&] {
                static_cast<void>(mint_token(with({{"auth.secret", "short"}}), request, now));
              }),
              HasSubstr("test: auth.secret"));
  EXPECT_THAT(fault_of([&] {
                static_cast<void>(mint_token(with({{"auth.algorithms", "ES256"}}), request, now));
              }),
              HasSubstr("auth.private_key_file is empty"));
  EXPECT_THAT(fault_of([&] {
                static_cast<void>(mint_token(with({{"auth.algorithms", ""}}), request, now));
              }),
              HasSubstr("no algorithm"));
  EXPECT_THAT(fault_of([&] {
                static_cast<void>(algorithms(with({{"auth.algorithms", "none"}})));
              }),
              HasSubstr("unknown \"none\""));
  EXPECT_THAT(fault_of([&] {
                static_cast<void>(
                    verification_keys(with({{"auth.algorithms", "ES256"}, {"auth.public_key_file", "/no/such/file"}})));
              }),
              HasSubstr("cannot be read: /no/such/file"));
  const temporary wrong("wrong.pem", ed25519_public);
  EXPECT_THAT(fault_of([&] {
                static_cast<void>(
                    verification_keys(with({{"auth.algorithms", "RS256"}, {"auth.public_key_file", wrong.path}})));
              }),
              HasSubstr("auth.public_key_file"));
}

TEST(Authorization, ReadsThePolicy) {
  const auto policy = access_policy_of(
      with({{"policy.room_kinds", "team"}, {"policy.rules", "team join+presence role:staff, project join nobody"}}));
  domain::principal who;
  who.sub = "u1";
  who.projects.all = true;
  EXPECT_EQ(policy.decide(who, domain::room_action::join, "team:a"), domain::access::forbidden);
  who.roles = {"staff"};
  EXPECT_EQ(policy.decide(who, domain::room_action::join, "team:a"), domain::access::allow);
  EXPECT_EQ(policy.decide(who, domain::room_action::join, "project:p"), domain::access::forbidden);
  for (const auto* bad : {"team join", "team fly anyone", "team join magic", "user join anyone"}) {
    EXPECT_THAT(fault_of([&] {
                  static_cast<void>(access_policy_of(with({{"policy.rules", bad}})));
                }),
                HasSubstr("policy.rules"))
        << bad;
  }
}

}  // namespace
}  // namespace fanfare::server
