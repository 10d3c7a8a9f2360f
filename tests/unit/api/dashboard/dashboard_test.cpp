#include "api/dashboard/dashboard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// "hello\n" in gzip.
constexpr unsigned char hello[] = {0x1f, 0x8b, 0x8,  0x0, 0x0, 0x0,  0x0,  0x0,  0x2,  0xff, 0xcb, 0x48, 0xcd,
                                   0xc9, 0xc9, 0xe7, 0x2, 0x0, 0x20, 0x30, 0x3a, 0x36, 0x6,  0x0,  0x0,  0x0};
constexpr api::dashboard_file files[] = {
    {"assets/a-123.js", "text/javascript", "W/\"one\"", true, hello, 6},
    {"index.html", "text/html; charset=utf-8", "W/\"two\"", false, hello, 6},
};

struct page_host {
  api::dashboard page{files, "1.2.3"};
  http::server web{{.listen = {"127.0.0.1:0"}, .workers = 1, .cors = {.origins = {"*"}}}};
  explicit page_host(value dev = {}) {
    page.dev = std::move(dev);
    api::attach_dashboard(web, page);
    web.start();
  }
  ~page_host() { web.stop(); }
  http_answer get(const std::string& target, const header_list& headers = {}) {
    return call(web.port(), "GET", target, headers);
  }
};

TEST(Dashboard, ServesFilesInGzipOrAsTheyAre) {
  page_host host;
  const auto plain = host.get("/dashboard/");
  EXPECT_EQ(plain.status, 200u);
  EXPECT_EQ(plain.body, "hello\n");
  EXPECT_EQ(plain.headers.get("Content-Type"), "text/html; charset=utf-8");
  EXPECT_FALSE(plain.headers.get("Content-Encoding"));
  const auto packed = host.get("/dashboard/assets/a-123.js", {{"Accept-Encoding", "br, gzip"}});
  EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.body, std::string(std::begin(hello), std::end(hello)));
  EXPECT_EQ(packed.headers.get("Vary"), "Accept-Encoding");
}

TEST(Dashboard, LetsBrowsersKeepWhatIsNamedAfterItsContent) {
  page_host host;
  EXPECT_THAT(std::string(*host.get("/dashboard/assets/a-123.js").headers.get("Cache-Control")),
              HasSubstr("immutable"));
  EXPECT_EQ(host.get("/dashboard/").headers.get("Cache-Control"), "no-cache");
  EXPECT_EQ(host.get("/dashboard/").headers.get("ETag"), "W/\"two\"");
  const auto same = host.get("/dashboard/", {{"If-None-Match", "W/\"other\", W/\"two\""}});
  EXPECT_EQ(same.status, 304u);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(host.get("/dashboard/", {{"If-None-Match", "W/\"one\""}}).status, 200u);
}

TEST(Dashboard, KnowsNoOtherPaths) {
  page_host host;
  EXPECT_EQ(host.get("/dashboard").status, 308u);
  EXPECT_EQ(host.get("/dashboard").headers.get("Location"), "/dashboard/");
  EXPECT_EQ(host.get("/dashboard/nothing.js").status, 404u);
  EXPECT_EQ(host.get("/dashboard/assets/").status, 404u);
  EXPECT_EQ(host.get("/dashboard/../healthz").status, 404u);
  EXPECT_EQ(call(host.web.port(), "POST", "/dashboard/").status, 405u);
}

TEST(Dashboard, AllowsNothingInlineAndNoStranger) {
  page_host host(object{{"token", "t"}});
  for (const auto* path : {"/dashboard/", "/dashboard/assets/a-123.js", "/dashboard/session.json"}) {
    const auto answer = host.get(path, {{"Origin", "https://evil.example"}});
    const std::string policy(answer.headers.get("Content-Security-Policy").value_or(""));
    EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self'; style-src 'self'")) << path;
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'")) << path;
    EXPECT_THAT(policy, Not(HasSubstr("unsafe"))) << path;
    EXPECT_EQ(answer.headers.get("X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(answer.headers.get("Access-Control-Allow-Origin"), "none") << path;
  }
}

TEST(Dashboard, GivesATokenAwayOnlyWhereToldTo) {
  page_host plain;
  EXPECT_EQ(plain.get("/dashboard/session.json").json(), value(object{{"version", "1.2.3"}}));
  page_host dev(object{{"token", "t"}});
  const auto told = dev.get("/dashboard/session.json");
  EXPECT_EQ(told.json().at_pointer("/dev/token")->as_string(), "t");
  EXPECT_EQ(told.headers.get("Cache-Control"), "no-store");
}

TEST(Dashboard, GivesItToNoHostNameThatMerelyLeadsHere) {
  page_host dev(object{{"token", "t"}});
  const auto gives = [&dev](const std::string& host) {
    return dev.get("/dashboard/session.json", {{"Host", host}}).json().find("dev") != nullptr;
  };
  for (const auto* host :
       {"127.0.0.1:8000", "localhost:8000", "localhost", "app.localhost:1", "[::1]:8000", "10.0.0.7"}) {
    EXPECT_TRUE(gives(host)) << host;
  }
  for (const auto* host : {"evil.example:8000", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example"}) {
    EXPECT_FALSE(gives(host)) << host;
  }
  dev.page.dev_public = true;
  EXPECT_TRUE(gives("evil.example:8000"));
}

TEST(Dashboard, TheBuildHasPutItsFilesIn) {
  const auto files_built = api::dashboard_files();
  ASSERT_FALSE(files_built.empty()) << "the tests are of a build with FANFARE_DASHBOARD=ON";
  http::server web({.listen = {"127.0.0.1:0"}, .workers = 1});
  const api::dashboard page{files_built, "1"};
  api::attach_dashboard(web, page);
  web.start();
  for (const auto& file : files_built) {
    const auto answer = call(web.port(), "GET", "/dashboard/" + std::string(file.path));
    EXPECT_EQ(answer.status, 200u) << file.path;
    EXPECT_EQ(answer.body.size(), file.bytes) << file.path;
    // Nothing comes from elsewhere, nor stands in the page itself.
    if (file.path != "index.html") continue;
    EXPECT_THAT(answer.body, Not(HasSubstr("<style")));
    EXPECT_THAT(answer.body, Not(HasSubstr("=\"https:")));
    EXPECT_THAT(answer.body, HasSubstr("src=\"/dashboard/assets/"));
  }
  web.stop();
}

}  // namespace
}  // namespace fanfare::test
