#include "api/github_webhook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <cctype>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

const std::string webhook_secret = "the secret of the webhook";

struct webhook_rig : rig {
  explicit webhook_rig(std::function<void(api::floor&)> adjust = {})
      : rig([adjust = std::move(adjust)](api::floor& shared) {
          api::settings settings;
          settings.github.secrets = {webhook_secret, "the one before"};
          settings.github.repositories =
              domain::repository_map::make({{"acme/rocket", "p1"}, {"acme/*", "p2"}}).value();
          shared.live.replace(settings);
          if (adjust) adjust(shared);
        }) {}

  [[nodiscard]] double counted(const std::string& outcome) {
    return shared.says.metrics.counter("fanfare_github_deliveries_total", "", {{"outcome", outcome}}).get();
  }
  [[nodiscard]] http_answer post(const std::string& body, const header_list& headers) const {
    return call(port(), "POST", "/webhooks/github", headers, body);
  }
  /// Signed as GitHub does.
  [[nodiscard]] http_answer deliver(const std::string& body, const std::string& event = "issues",
                                    const std::string& id = "d1", const std::string& content_type = "application/json",
                                    const std::string& with = webhook_secret) const {
    return post(body, {{"X-GitHub-Event", event},
                       {"X-GitHub-Delivery", id},
                       {"X-Hub-Signature-256", "sha256=" + hex(hmac_sha256(with, body))},
                       {"Content-Type", content_type}});
  }
};

std::string opened(const std::string& repository = "acme/rocket", const std::string& action = "opened") {
  return json::write(
      object{{"action", action},
             {"issue", object{{"number", 12}, {"title", "It crashes & burns"}, {"user", object{{"login", "ada"}}}}},
             {"repository", object{{"full_name", repository}}}});
}

TEST(GithubWebhook, KnowsTheVectorOfGithubsDocumentation) {
  const std::vector<std::string> secrets{"It's a Secret to Everybody"};
  const std::string good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  EXPECT_TRUE(api::check_github_signature(good, "Hello, World!", secrets));
  EXPECT_EQ(api::check_github_signature(good, "Hello, World?", secrets).error().code, errc::forbidden);
  EXPECT_EQ(api::check_github_signature(good.substr(7), "Hello, World!", secrets).error().code, errc::forbidden);
  EXPECT_EQ(api::check_github_signature("", "Hello, World!", secrets).error().code, errc::unauthorized);
  EXPECT_TRUE(api::check_github_signature(good, "Hello, World!", {"another", secrets[0]}));
  EXPECT_FALSE(api::check_github_signature(good, "Hello, World!", {"another"}));
  EXPECT_FALSE(api::check_github_signature(good, "Hello, World!", {}));
}

TEST(GithubWebhook, ADeliveryBecomesAnEventOfItsProject) {
  webhook_rig host;
  guest watcher(host, rig::token("u1", {"p1"}));
  ASSERT_TRUE(watcher.ask("subscribe", object{{"room", "project:p1"}}).find("ok")->as_bool());
  const auto answer = host.deliver(opened());
  ASSERT_EQ(answer.status, 202u) << answer.body;
  EXPECT_EQ(answer.json().find("accepted")->as_double(), 1);
  EXPECT_EQ(answer.json().at_pointer("/events/0/id")->as_string(), "github-d1");
  const auto event = watcher.event("issue.created");
  EXPECT_EQ(event.find("source")->as_string(), "https://github.com/acme/rocket");
  EXPECT_EQ(event.find("subject")->as_string(), "project:p1");
  EXPECT_EQ(event.at_pointer("/data/title")->as_string(), "It crashes & burns");
  EXPECT_EQ(host.counted("published"), 1);
}

TEST(GithubWebhook, ARedeliveryIsAnsweredAsBeforeAndSendsNothing) {
  webhook_rig host;
  const auto first = host.deliver(opened());
  const auto again = host.deliver(opened());
  EXPECT_EQ(again.status, 202u);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.get("Idempotent-Replayed"), "true");
  EXPECT_EQ(host.history.head(), 1u);
  EXPECT_EQ(host.counted("repeated"), 1);
  EXPECT_EQ(host.deliver(opened(), "issues", "d2").status, 202u);
  EXPECT_EQ(host.history.head(), 2u);
}

TEST(GithubWebhook, TakesFormsToo) {
  webhook_rig host;
  std::string encoded;
  for (const unsigned char c : opened()) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (c == ' ')
      encoded += '+';
    else if (std::isalnum(c) != 0)
      encoded += static_cast<char>(c);
    else
      (encoded += '%') += {digits[c / 16], digits[c % 16]};
  }
  const std::string form = "application/x-www-form-urlencoded; charset=utf-8";
  EXPECT_EQ(host.deliver("payload=" + encoded, "issues", "d1", form).status, 202u);
  EXPECT_EQ(host.deliver("a=b&payload=" + encoded + "&c=d", "issues", "d2", form).status, 202u);
  EXPECT_EQ(host.history.head(), 2u);
  const auto page = history_of(host.events, "project:p1").value();
  EXPECT_EQ(page.events.at(1).envelope.at_pointer("/data/title")->as_string(), "It crashes & burns");
  EXPECT_EQ(host.deliver("a=b", "issues", "d3", form).status, 400u);
  EXPECT_EQ(host.deliver(opened(), "issues", "d4", "text/plain").status, 415u);
  EXPECT_EQ(host.counted("unsupported_media_type"), 1);
}

TEST(GithubWebhook, RefusesWhatIsNotSigned) {
  webhook_rig host;
  const auto missing = host.post(opened(), {{"X-GitHub-Event", "issues"}, {"X-GitHub-Delivery", "d1"}});
  EXPECT_EQ(missing.status, 401u);
  EXPECT_EQ(missing.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(missing.headers.get("WWW-Authenticate"), "X-Hub-Signature-256");
  const auto forged = host.deliver(opened(), "issues", "d1", "application/json", "a guess");
  EXPECT_EQ(forged.status, 403u);
  EXPECT_EQ(forged.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(forged.json().find("detail"), nullptr);
  // The signature comes first: a body that is no JSON, unsigned, is not even looked at.
  EXPECT_EQ(host.post("{", {{"X-Hub-Signature-256", "sha256=00"}}).status, 403u);
  EXPECT_EQ(host.counted("signature_missing"), 1);
  EXPECT_EQ(host.counted("signature_wrong"), 2);
  EXPECT_EQ(host.history.head(), 0u);
  EXPECT_EQ(host.deliver(opened(), "issues", "d1", "application/json", "the one before").status, 202u);
}

TEST(GithubWebhook, RefusesMalformedDeliveriesWithAGoodSignature) {
  webhook_rig host;
  for (const auto* body : {"", "{", "[]", "3", "{}", R"({"repository":{"full_name":7}})"}) {
    const auto answer = host.deliver(body);
    EXPECT_EQ(answer.status, 400u) << body;
    EXPECT_EQ(answer.headers.get("Content-Type"), "application/problem+json");
  }
  const auto no_number = host.deliver(R"({"action":"opened","issue":{},"repository":{"full_name":"acme/rocket"}})");
  EXPECT_EQ(no_number.json().find("pointer")->as_string(), "/issue/number");
  EXPECT_EQ(host.counted("malformed"), 7);
  const auto wrong_number =
      host.deliver(R"({"action":"x","issue":{"number":-1},"repository":{"full_name":"acme/rocket"}})");
  EXPECT_EQ(wrong_number.json().find("pointer")->as_string(), "/data/number");
  EXPECT_EQ(host.deliver(opened(), "issues", "").status, 400u);
  EXPECT_EQ(host.deliver(opened(), "issues", std::string(129, 'd')).status, 400u);
  EXPECT_EQ(host.deliver(opened(), "", "d1").status, 400u);
  std::string many = "[0";
  for (int i = 0; i < 1000000; ++i) many += ",0";
  EXPECT_EQ(host.deliver(many + "]").status, 413u);
  EXPECT_EQ(host.history.head(), 0u);
}

TEST(GithubWebhook, IgnoresWhatItDoesNotKnow) {
  webhook_rig host;
  const auto ignored = [&](const http_answer& answer) {
    EXPECT_EQ(answer.status, 202u) << answer.body;
    EXPECT_EQ(answer.json().find("accepted")->as_double(), 0);
    return std::string(answer.json().find("ignored")->as_string());
  };
  EXPECT_EQ(ignored(host.deliver(R"({"ref":"refs/heads/main"})", "push")), "unknown event");
  EXPECT_EQ(ignored(host.deliver(opened("stranger/rocket"))), "unknown repository");
  EXPECT_EQ(ignored(host.deliver(
                R"({"action":"enqueued","pull_request":{"number":1},"repository":{"full_name":"acme/rocket"}})",
                "pull_request")),
            "unknown action");
  for (const auto* what : {"event", "repository", "action"}) {
    EXPECT_EQ(host.counted(std::string("ignored_") + what), 1) << what;
  }
  EXPECT_EQ(host.history.head(), 0u);
}

TEST(GithubWebhook, AnswersPings) {
  webhook_rig host;
  EXPECT_EQ(host.deliver(R"({"zen":"Keep it logically awesome.","hook_id":1})", "ping").status, 200u);
  EXPECT_EQ(host.counted("ping"), 1);
}

TEST(GithubWebhook, AWildcardTakesTheOwnersOtherRepositories) {
  webhook_rig host;
  EXPECT_EQ(host.deliver(opened("acme/engine"), "issues", "d1").status, 202u);
  EXPECT_EQ(host.deliver(opened("Acme/Rocket"), "issues", "d2").status, 202u);
  EXPECT_EQ(history_of(host.events, "project:p2")->events.size(), 1u);
  EXPECT_EQ(history_of(host.events, "project:p1")->events.size(), 1u);
}

TEST(GithubWebhook, IsOffWithoutASecret) {
  webhook_rig host([](api::floor& shared) { shared.live.replace({}); });
  EXPECT_EQ(host.deliver(opened()).status, 404u);
  EXPECT_EQ(host.counted("not_configured"), 1);
}

TEST(GithubWebhook, SaysWhenItCannotKeepEvents) {
  webhook_rig draining([](api::floor& shared) { shared.live.draining = true; });
  const auto answer = draining.deliver(opened());
  EXPECT_EQ(answer.status, 503u);
  EXPECT_TRUE(answer.headers.get("Retry-After"));
  webhook_rig down;
  down.history.refuse();
  EXPECT_EQ(down.deliver(opened()).status, 503u);
}

TEST(GithubWebhook, TakesTwentyFiveMegabytesAndNoMore) {
  webhook_rig host;
  auto payload = json::parse(opened()).value();
  payload.if_object()->set("installation", std::string(20000000, 'x'));
  EXPECT_EQ(host.deliver(json::write(payload)).status, 202u);
  EXPECT_EQ(host.history.head(), 1u);
  // One byte more is refused by its Content-Length, before the body is read.
  boost::asio::io_context context;
  boost::asio::ip::tcp::socket socket(context);
  socket.connect({boost::asio::ip::address_v4::loopback(), host.port()});
  boost::asio::write(socket, boost::asio::buffer("POST /webhooks/github HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                                                 std::to_string(api::github_body_bytes_max + 1) + "\r\n\r\n"));
  std::string answer;
  boost::asio::read_until(socket, boost::asio::dynamic_buffer(answer), "\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
  EXPECT_EQ(host.history.head(), 1u);
}

}  // namespace
}  // namespace fanfare::test
