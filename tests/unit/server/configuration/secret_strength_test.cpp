#include "server/configuration/secret_strength.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanfare::server {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(SecretStrength, FindsWhatCanBeGuessed) {
  EXPECT_THAT(why_guessable(std::string(64, 's'), 32), HasSubstr("few different"));
  EXPECT_THAT(why_guessable("1212121212341234123412341234123412341234", 16), HasSubstr("few different"));
  EXPECT_THAT(why_guessable("", 16), HasSubstr("few different"));
  EXPECT_THAT(why_guessable("k3Jd9sPq0Zk3Jd9sPq0Zk3Jd9sPq0Zk3Jd", 16), HasSubstr("again and again"));
  EXPECT_THAT(why_guessable("abcdefghijklmnopqrstuvwxyz0123456789", 16), HasSubstr("alphabet"));
  EXPECT_THAT(why_guessable("the output of: openssl rand -base64 48, and", 32), HasSubstr("words"));
  EXPECT_THAT(why_guessable("ChangeMe-ChangeMe2-Secret-Password!", 16), HasSubstr("words"));
}

TEST(SecretStrength, TakesRandomText) {
  for (const auto* drawn : {"d41d8cd98f00b204e9800998ecf8427e", "7Kq0vX2mJ9sLr4TzNwPbYc1HgEfUa8Di",
                            "n9Wb0xYt3QmKzVh6pRf+L2cJ8dSg/uE1aTo5iX7kZq4wMvNyCHrBjPlFsGDeUAO="}) {
    EXPECT_THAT(why_guessable(drawn, 16), IsEmpty()) << drawn;
  }
  EXPECT_THAT(why_guessable("fanfare_d41d8cd98f00b204e9800998ecf8427e", 16), IsEmpty()) << "a word before it";
}

}  // namespace
}  // namespace fanfare::server
