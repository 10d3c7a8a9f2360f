#include <fanfare/broadcaster.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <thread>

#include "api/rig.hpp"
#include "domain/in_process_sink.hpp"

namespace fanfare::test {
namespace {

using events::agent_status;
using events::workflow_status;

http_sink_options to(std::uint16_t port) {
  return {.url = "http://127.0.0.1:" + std::to_string(port), .key = service_key, .backoff = milliseconds{1}};
}

/// A server that answers POST /api/v1/events as told, one answer a request, and keeps the bodies.
struct scripted_server {
  http::server web{{.listen = {"127.0.0.1:0"}, .workers = 1}};
  std::mutex mutex;
  std::vector<value> bodies;
  std::vector<std::function<void(const http::exchange_ptr&)>> script;

  explicit scripted_server(std::vector<std::function<void(const http::exchange_ptr&)>> answers)
      : script(std::move(answers)) {
    web.route("POST", "/api/v1/events", [this](const http::exchange_ptr& exchange) {
      std::function<void(const http::exchange_ptr&)> answer;
      {
        const std::lock_guard lock(mutex);
        bodies.push_back(json::parse(exchange->request().body).value());
        answer = script.at(std::min(bodies.size(), script.size()) - 1);
      }
      answer(exchange);
    });
    web.start();
  }
  ~scripted_server() { web.stop(); }
};

void take(const http::exchange_ptr& exchange) {
  const std::string id(json::parse(exchange->request().body)->find("id")->as_string());
  exchange->respond(http::response::json(
      202, json::write(object{{"accepted", 1}, {"events", array{object{{"id", id}, {"cursor", "c-1"}}}}})));
}
auto refuse(unsigned status, std::string retry_after = {}) {
  return [status, retry_after](const http::exchange_ptr& exchange) {
    auto answer = http::response::problem(status, "Not now.", "x", "in detail", "/data/x");
    if (!retry_after.empty()) answer.headers.set("Retry-After", retry_after);
    exchange->respond(std::move(answer));
  };
}

/// Every domain event once, each optional member set in some of them.
std::vector<result<accepted>> broadcast_all(broadcaster& out) {
  return {
      out.broadcast_project_updated(
          {.project_id = "p1", .changes = object{{"name", "Apollo"}}, .updated_by = "u1", .extra = {{"more", 1}}}),
      out.broadcast_project_deleted({.project_id = "p1"}),
      out.broadcast_agent_status_changed({.agent_id = "a1", .status = agent_status::busy, .project_id = "p1"}),
      out.broadcast_agent_connected({.agent_id = "a1", .project_id = "p1", .capabilities = array{"review"}}),
      out.broadcast_agent_disconnected({.agent_id = "a1", .project_id = "p1"}),
      out.broadcast_workflow_started({.workflow_id = "w1", .project_id = "p1", .name = "n", .total_steps = 4}),
      out.broadcast_workflow_progress(
          {.workflow_id = "w1", .project_id = "p1", .progress = 12.5, .status = workflow_status::running}),
      out.broadcast_workflow_completed({.workflow_id = "w1", .project_id = "p1", .duration_ms = 3}),
      out.broadcast_workflow_failed({.workflow_id = "w1", .project_id = "p1", .error = "e", .retryable = false}),
      out.broadcast_pr_created({.project_id = "p1", .number = 7, .title = "t", .author = "a", .draft = true}),
      out.broadcast_pr_updated({.project_id = "p1", .number = 7}),
      out.broadcast_pr_closed({.project_id = "p1", .number = 7, .merged = true}),
      out.broadcast_issue_created({.project_id = "p1", .number = 7, .title = "t", .author = "a"}),
      out.broadcast_issue_updated({.project_id = "p1", .number = 7}),
      out.broadcast_issue_closed({.project_id = "p1", .number = 7}),
      out.broadcast_ai_suggestion({.project_id = "p1", .suggestion_id = "s1", .kind = "k", .content = "c"}),
      out.broadcast_ai_analysis_complete({.project_id = "p1", .analysis_id = "n1", .summary = "s"}),
  };
}

void expect_all(rig& host, broadcaster& out) {
  guest watcher(host, rig::token("u1", {"p1"}));
  ASSERT_TRUE(watcher.ask("subscribe", object{{"room", "project:p1"}}).find("ok")->as_bool());
  for (const auto& sent : broadcast_all(out)) {
    ASSERT_TRUE(sent) << sent.error().detail << " at " << sent.error().pointer;
    EXPECT_FALSE(sent->id.empty());
    EXPECT_FALSE(sent->cursor.empty());
  }
  std::vector<std::string> types;
  for (const auto& type : host.types.types()) {
    if (type.category == domain::event_category::domain) types.push_back(type.name);
  }
  ASSERT_EQ(types.size(), 17u);
  for (const auto& type : types) EXPECT_EQ(watcher.event(type).find("type")->as_string(), type);
  const auto first = history_of(host.events, "project:p1")->events;
  ASSERT_EQ(first.size(), 17u);
  EXPECT_EQ(
      *first[0].envelope.find("data"),
      value(object{{"project_id", "p1"}, {"changes", object{{"name", "Apollo"}}}, {"updated_by", "u1"}, {"more", 1}}));
  EXPECT_EQ(first[6].envelope.at_pointer("/data/status")->as_string(), "running");
  EXPECT_EQ(first[6].envelope.at_pointer("/data/progress")->as_double(), 12.5);
}

TEST(Broadcaster, SendsEveryDomainEventOverHttp) {
  rig host;
  broadcaster out(http_sink(to(host.port())));
  expect_all(host, out);
}

TEST(Broadcaster, SendsEveryDomainEventInProcess) {
  rig host;
  broadcaster out(std::make_unique<domain::in_process_sink>(
      host.publisher,
      domain::in_process_sink::clock{[&host] { return host.shared.says.around.now(); },
                                     [] { return std::chrono::steady_clock::now(); }},
      "in-process"));
  expect_all(host, out);
  const auto wrong = out.broadcast_pr_closed({.project_id = "p1", .number = 0, .merged = true});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().pointer, "/data/number");
}

TEST(Broadcaster, TellsWhereAFaultIs) {
  rig host;
  broadcaster out(http_sink(to(host.port())));
  const auto wrong = out.broadcast_workflow_progress({.workflow_id = "w1", .project_id = "p1", .progress = 101});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, errc::bad_request);
  EXPECT_EQ(wrong.error().pointer, "/data/progress");
  EXPECT_FALSE(wrong.error().detail.empty());
  auto stranger = to(host.port());
  stranger.key = "wrong";
  EXPECT_EQ(broadcaster(http_sink(stranger)).broadcast_project_deleted({.project_id = "p1"}).error().code,
            errc::unauthorized);
  EXPECT_EQ(out.publish("no.such", {}).error().pointer, "/type");
}

TEST(Broadcaster, CarriesTheOptions) {
  rig host;
  broadcaster out(http_sink(to(host.port())));
  const publish_options options{.rooms = {"project:p2", "global"},
                                .id = "e1",
                                .source = "/tests",
                                .time = "2026-01-02T03:04:05Z",
                                .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
  const auto first = out.broadcast_project_deleted({.project_id = "p1"}, options);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->id, "e1");
  // The same id again: the same answer, and nothing sent.
  EXPECT_EQ(out.broadcast_project_deleted({.project_id = "p1"}, options)->cursor, first->cursor);
  const auto page = history_of(host.events, "project:p2").value();
  ASSERT_EQ(page.events.size(), 1u);
  const auto& envelope = page.events[0].envelope;
  EXPECT_EQ(envelope.find("source")->as_string(), "/tests");
  EXPECT_EQ(envelope.find("time")->as_string().substr(0, 19), "2026-01-02T03:04:05");
  EXPECT_EQ(envelope.find("traceparent")->as_string(), options.traceparent);
  EXPECT_TRUE(history_of(host.events, "project:p1")->events.empty());
}

TEST(HttpSink, TriesAgainWithTheSameId) {
  scripted_server server({refuse(503, "0"), refuse(429, "0"), refuse(502),
                          [](const http::exchange_ptr& exchange) { exchange->respond_and_close(http::response{504}); },
                          take});
  broadcaster out(http_sink(to(server.web.port())));
  const auto sent = out.broadcast_project_deleted({.project_id = "p1"});
  ASSERT_TRUE(sent) << sent.error().detail;
  ASSERT_EQ(server.bodies.size(), 5u);
  for (const auto& body : server.bodies) EXPECT_EQ(body.find("id")->as_string(), sent->id);
}

TEST(HttpSink, GivesUpAfterItsAttempts) {
  scripted_server busy({refuse(503, "0")});
  auto options = to(busy.web.port());
  options.attempts = 3;
  const auto failed = broadcaster(http_sink(options)).broadcast_project_deleted({.project_id = "p1"});
  EXPECT_EQ(failed.error().code, errc::unavailable);
  EXPECT_EQ(failed.error().detail, "in detail");
  EXPECT_EQ(busy.bodies.size(), 3u);
  scripted_server wrong({refuse(413)});
  EXPECT_EQ(broadcaster(http_sink(to(wrong.web.port()))).broadcast_project_deleted({.project_id = "p1"}).error().code,
            errc::payload_too_large);
  EXPECT_EQ(wrong.bodies.size(), 1u);
}

TEST(HttpSink, ARetryAfterIsObeyedUpToItsBound) {
  scripted_server server({refuse(429, "3600"), take});
  auto options = to(server.web.port());
  options.backoff_max = milliseconds{20};
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(broadcaster(http_sink(options)).broadcast_project_deleted({.project_id = "p1"}));
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds{20});
}

TEST(HttpSink, SaysWhenNobodyAnswers) {
  std::uint16_t port = 0;
  {
    scripted_server gone({take});
    port = gone.web.port();
  }
  auto options = to(port);
  options.attempts = 2;
  EXPECT_EQ(broadcaster(http_sink(options)).broadcast_project_deleted({.project_id = "p1"}).error().code,
            errc::unavailable);
  // A port whose connections nobody takes from the backlog.
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor silent(context, {boost::asio::ip::address_v4::loopback(), 0});
  options = to(silent.local_endpoint().port());
  options.attempts = 1;
  options.timeout = milliseconds{50};
  EXPECT_EQ(broadcaster(http_sink(options)).broadcast_project_deleted({.project_id = "p1"}).error().code,
            errc::timeout);
  scripted_server odd({[](const http::exchange_ptr& exchange) { exchange->respond(http::response::json(202, "{}")); }});
  EXPECT_EQ(broadcaster(http_sink(to(odd.web.port()))).broadcast_project_deleted({.project_id = "p1"}).error().code,
            errc::unavailable);
}

TEST(HttpSink, KeepsItsConnectionsAndReplacesThoseThatEnded) {
  scripted_server server({take, take,
                          [](const http::exchange_ptr& exchange) {
                            exchange->respond_and_close(
                                http::response::json(202, R"({"accepted":1,"events":[{"id":"x","cursor":"c"}]})"));
                          },
                          take});
  broadcaster out(http_sink(to(server.web.port())));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(out.broadcast_project_deleted({.project_id = "p1"}));
  EXPECT_EQ(server.web.connections(), 1u);
  // The third answer closes the connection; the fourth call finds that out and opens another.
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(out.broadcast_project_deleted({.project_id = "p1"}));
  EXPECT_EQ(server.bodies.size(), 4u);
}

TEST(HttpSink, ServesManyThreads) {
  rig host;
  broadcaster out(http_sink(to(host.port())));
  std::atomic<int> sent{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&out, &sent] {
      for (int i = 0; i < 10; ++i) sent += out.broadcast_project_deleted({.project_id = "p1"}) ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sent, 40);
  EXPECT_EQ(host.history.head(), 40u);
}

TEST(HttpSink, RefusesUrlsItCannotUse) {
  for (const auto* url :
       {"", "ftp://a", "http://", "http://a/b", "http://u:p@a", "http://a:b", "http://[::1", "a:80"}) {
    EXPECT_THROW(static_cast<void>(http_sink({.url = url})), std::invalid_argument) << url;
  }
  for (const auto* url : {"http://a", "https://a:1/", "http://[::1]:8000", "http://[::1]"}) {
    EXPECT_NO_THROW(static_cast<void>(http_sink({.url = url}))) << url;
  }
}

}  // namespace
}  // namespace fanfare::test
