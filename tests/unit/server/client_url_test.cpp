#include "server/client_url.hpp"

#include <gtest/gtest.h>

namespace fanfare::server {
namespace {

struct url_case {
  std::string url;
  bool secure;
  std::string host, port, target, authority;
};

TEST(ClientUrl, TakesUrlsApart) {
  const url_case table[] = {
      {"http://h", false, "h", "80", "/", "h"},
      {"https://h/a?b#c", true, "h", "443", "/a?b", "h"},
      {"ws://h:8000?x=1", false, "h", "8000", "/?x=1", "h:8000"},
      {"wss://h:443/", true, "h", "443", "/", "h"},
      {"http://[::1]:8000/x", false, "::1", "8000", "/x", "[::1]:8000"},
  };
  for (const auto& row : table) {
    const auto url = parse_url(row.url);
    ASSERT_TRUE(url) << row.url;
    EXPECT_EQ(url->secure, row.secure) << row.url;
    EXPECT_EQ(url->host, row.host) << row.url;
    EXPECT_EQ(url->port, row.port) << row.url;
    EXPECT_EQ(url->target, row.target) << row.url;
    EXPECT_EQ(url->authority(), row.authority) << row.url;
  }
  for (const auto* bad : {"", "h", "ftp://h", "http://", "http://u:p@h", "http://[::1", "http://h:x", "http://h/a b",
                          "http://h/\r\nX: y"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

}  // namespace
}  // namespace fanfare::server
