#include "domain/schema/format.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fanfare::domain {
namespace {

struct row {
  const char* name;
  std::vector<std::string> good, bad;
};

TEST(format, each_of_the_specification) {
  const row table[] = {
      {"date-time",
       {"2026-01-02T03:04:05Z", "2026-01-02t03:04:05.123+01:00"},
       {"2026-01-02 03:04:05Z", "2026-01-02", "x"}},
      {"date", {"2024-02-29"}, {"2026-02-29", "2026-1-2", "2026-01-02T"}},
      {"time", {"03:04:05Z", "23:59:60Z", "01:29:60+01:30"}, {"03:04:05", "22:59:60Z", "24:00:00Z"}},
      {"duration", {"P1Y2M3DT4H5M6S", "P3W", "PT1M"}, {"P", "PT", "P1H", "1D", "P1YT"}},
      {"email",
       {"a.b@c.example", "\"a b\"@c.example", "a@[127.0.0.1]", "a@[IPv6:::1]"},
       {"a", "a@", ".a@b", "a..b@c", "a@[x]"}},
      {"idn-email", {"\xc3\xa4@\xc3\xb6.example"}, {"\xc3\xa4", "@x"}},
      {"hostname", {"a", "a-b.example"}, {"", "-a", "a-", "a_b", "a..b", std::string(64, 'a')}},
      {"idn-hostname", {"\xc3\xb6.example"}, {"-a"}},
      {"ipv4", {"127.0.0.1"}, {"127.0.0", "127.0.0.256", "127.0.0.01", "0x7f.0.0.1"}},
      {"ipv6", {"::1", "::ffff:127.0.0.1"}, {"1::2::3", "12345::", "::1%eth0"}},
      {"uri",
       {"https://a.example:80/b?c#d", "urn:isbn:1", "mailto:a@b"},
       {"/a", "a b:c", "http://a b", "http://a/%zz", ":a"}},
      {"uri-reference", {"/a", "a/b", "#c", "", "//a/b"}, {"a:b c", "\\a", "http://[::1"}},
      {"iri", {"http://\xc3\xb6.example/\xe2\x9c\x93"}, {"\xc3\xb6"}},
      {"iri-reference", {"\xc3\xb6/x"}, {"a b"}},
      {"uri-template", {"/a/{b}{?c,d*}{e:3}"}, {"/{", "/{a", "/{a b}"}},
      {"uuid", {"12345678-1234-5678-1234-567812345678"}, {"12345678123456781234567812345678", "x"}},
      {"json-pointer", {"", "/a~1b/~0"}, {"a", "/~2", "/~"}},
      {"relative-json-pointer", {"0", "1/a", "2#"}, {"/a", "01/a", "-1"}},
      {"regex", {"^a+$"}, {"("}},
      {"of-ones-own", {"anything"}, {}},
  };
  for (const auto& [name, good, bad] : table) {
    for (const auto& text : good) EXPECT_TRUE(has_format(name, text)) << name << ": " << text;
    for (const auto& text : bad) EXPECT_FALSE(has_format(name, text)) << name << ": " << text;
  }
}

}  // namespace
}  // namespace fanfare::domain
