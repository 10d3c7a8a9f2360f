#include "api/publish/line_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../../http/blocking_client.hpp"
#include "api/publish/publish.hpp"
#include "api/publish/publish_body.hpp"
#include "api/rig.hpp"
#include "http/compression.hpp"

namespace fanfare::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string line(int number, const std::string& id = {}) {
  auto event = rig::project_updated("p1", number);
  if (!id.empty()) event.if_object()->set("id", id);
  return json::write(event) + "\n";
}
std::string chunk(const std::string& text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string size;
  for (auto left = text.size(); left != 0; left /= 16) size.insert(size.begin(), digits[left % 16]);
  return size + "\r\n" + text + "\r\n";
}
const std::string last_chunk = "0\r\n\r\n";

http_answer whole(const rig& host, const std::string& body, header_list more = {}) {
  header_list headers{{"X-API-Key", service_key}, {"Content-Type", "application/x-ndjson"}};
  headers.insert(headers.end(), more.begin(), more.end());
  return call(host.port(), "POST", "/api/v1/events", headers, body);
}

/// A request whose body is written piece by piece.
struct stream : blocking_client {
  explicit stream(const rig& host, const std::string& credential = "X-API-Key: " + service_key,
                  const std::string& more = {}, const std::string& path = "/api/v1/events")
      : blocking_client(host.port()) {
    send("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n" + credential + "\r\n" +
         more + "Transfer-Encoding: chunked\r\n\r\n");
  }
  http_answer answer() {
    const auto text = read_response();
    const auto end = text.find("\r\n\r\n");
    http_answer out;
    if (end == std::string::npos) return out;
    out.status = static_cast<unsigned>(std::stoul(text.substr(9, 3)));
    out.body = text.substr(end + 4);
    return out;
  }
};

double number(const http_answer& answer, std::string_view name) { return answer.json().find(name)->as_double(); }
double waits(rig& host) { return host.web.metrics().counter("fanfare_publish_waits_total", "").get(); }
double refused(rig& host, const char* cause) {
  return host.web.metrics().counter("fanfare_publish_refused_total", "", {{"cause", cause}}).get();
}

TEST(LineStream, PublishesEachLineAsItCompletes) {
  rig host;
  guest reader(host, rig::token("u1", {"p1"}));
  reader.emit("subscribe", object{{"room", "project:p1"}});
  reader.event("subscribed");
  stream body(host);
  const auto first = line(1);
  body.send(chunk(first.substr(0, 20)));
  body.send(chunk(first.substr(20) + line(2)));
  EXPECT_EQ(reader.event("project.updated").at_pointer("/data/changes/n")->as_double(), 1);
  EXPECT_EQ(reader.event("project.updated").at_pointer("/data/changes/n")->as_double(), 2);
  body.send(chunk(line(3).substr(0, line(3).size() - 1)));
  body.send(last_chunk);
  const auto answer = body.answer();
  ASSERT_EQ(answer.status, 202u) << answer.body;
  EXPECT_EQ(number(answer, "accepted"), 3);
  EXPECT_EQ(number(answer, "lines"), 3);
  EXPECT_EQ(number(answer, "refused"), 0);
  EXPECT_EQ(answer.json().at_pointer("/events/2/line")->as_double(), 3);
  EXPECT_EQ(answer.json().at_pointer("/events/2/cursor")->as_string(), host.events.head_cursor());
}

TEST(LineStream, RefusesFaultyLinesByThemselves) {
  rig host([](api::floor& shared) { shared.publish.bounds.event_bytes_max = 300; });
  const auto answer =
      whole(host, "\xEF\xBB\xBF" + line(1) + "\r\n{\n\"\xFF\"\r\n" +
                      R"({"type":"project.updated","data":{"project_id":5,"changes":{}}})" + "\n" +
                      std::string(5000, 'x') + "\n" + line(2) + "[]\n{\"type\":\"no.such\",\"data\":{}}");
  ASSERT_EQ(answer.status, 202u) << answer.body;
  EXPECT_EQ(number(answer, "accepted"), 2);
  EXPECT_EQ(number(answer, "refused"), 6);
  EXPECT_EQ(number(answer, "lines"), 9);
  const auto told = answer.json();
  const auto fault = [&told](int index, const char* member) {
    const auto* found = told.at_pointer("/errors/" + std::to_string(index) + "/" + member);
    return found == nullptr ? std::string("none") : json::write(*found);
  };
  const std::vector<std::vector<std::string>> wanted{{"3", R"("bad_request")", "none"},
                                                     {"4", R"("bad_request")", "none"},
                                                     {"5", R"("bad_request")", R"("/data/project_id")"},
                                                     {"6", R"("over_limit")", "none"},
                                                     {"8", R"("bad_request")", "none"},
                                                     {"9", R"("bad_request")", R"("/type")"}};
  for (int i = 0; i < 6; ++i) {
    const auto& row = wanted[static_cast<std::size_t>(i)];
    EXPECT_EQ(fault(i, "line"), row[0]) << i;
    EXPECT_EQ(fault(i, "code"), row[1]) << i;
    EXPECT_EQ(fault(i, "pointer"), row[2]) << i;
  }
  EXPECT_EQ(host.history.head(), 2u);
  EXPECT_EQ(refused(host, "bad_request") + refused(host, "invalid_utf8") + refused(host, "payload_too_large"), 6);
}

TEST(LineStream, IsAProblemWhenNothingWasAccepted) {
  rig host;
  EXPECT_EQ(whole(host, "").status, 400u);
  EXPECT_EQ(whole(host, "\n\r\n \n").json().find("detail")->as_string(), "no event");
  const auto answer = whole(host, "\n{\"type\":3}\n{\"data\":3}");
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(answer.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(answer.json().find("pointer")->as_string(), "/type");
  EXPECT_THAT(std::string(answer.json().find("detail")->as_string()), StartsWith("line 2: "));
  EXPECT_EQ(number(answer, "refused"), 2);
  EXPECT_EQ(number(answer, "accepted"), 0);
}

TEST(LineStream, BoundsWhatItTells) {
  rig host([](api::floor& shared) { shared.publish.bounds.batch_max = 3; });
  std::string body;
  for (int n = 0; n < 200; ++n) body += line(n) + "{\n";
  const auto answer = whole(host, body);
  ASSERT_EQ(answer.status, 202u);
  EXPECT_EQ(number(answer, "accepted"), 200);
  EXPECT_EQ(number(answer, "refused"), 200);
  EXPECT_EQ(answer.json().find("events")->if_array()->size(), 3u);
  EXPECT_EQ(answer.json().find("errors")->if_array()->size(), api::errors_max);
}

TEST(LineStream, KnowsRepeatsByIdAndByKeyAndLine) {
  rig host;
  EXPECT_EQ(number(whole(host, line(1, "a") + line(2, "b")), "duplicates"), 0);
  auto again = whole(host, line(2, "b") + line(3, "c") + line(3, "c"));
  EXPECT_EQ(number(again, "accepted"), 3);
  EXPECT_EQ(number(again, "duplicates"), 2);
  EXPECT_EQ(host.history.head(), 3u);
  const header_list key{{"Idempotency-Key", std::string(256, 'k')}};
  EXPECT_EQ(number(whole(host, line(4) + "{\n" + line(5), key), "duplicates"), 0);
  again = whole(host, line(4) + line(9) + line(5) + line(6), key);
  EXPECT_EQ(number(again, "accepted"), 4);
  EXPECT_EQ(number(again, "duplicates"), 2) << "lines 1 and 3; line 2 was refused then";
  EXPECT_EQ(host.history.head(), 7u);
  again = whole(host, line(1, "a"));
  EXPECT_EQ(again.headers.get("Idempotent-Replayed"), "true");
  EXPECT_EQ(whole(host, line(1), {{"Idempotency-Key", std::string(257, 'k')}}).status, 400u);
}

TEST(LineStream, LooksAtTheRequestBeforeItsBody) {
  rig host;
  const std::string expect = "Expect: 100-continue\r\n";
  EXPECT_THAT(stream(host, "X-API-Key: wrong", expect).read_response(), StartsWith("HTTP/1.1 401 "));
  const auto weak = "Authorization: Bearer " + rig::token("u1", {"p1"});
  EXPECT_THAT(stream(host, weak, expect).read_response(), StartsWith("HTTP/1.1 403 "));
  const auto key = "X-API-Key: " + service_key;
  const auto unknown = stream(host, key, expect + "Content-Encoding: br\r\n").read_response();
  EXPECT_THAT(unknown, StartsWith("HTTP/1.1 415 "));
  EXPECT_THAT(unknown, HasSubstr("Accept-Encoding: gzip, deflate\r\n"));
  host.shared.live.draining = true;
  EXPECT_THAT(stream(host, key, expect).read_response(), StartsWith("HTTP/1.1 503 "));
  host.shared.live.draining = false;
  stream good(host, key, expect);
  EXPECT_EQ(good.read_response(), "HTTP/1.1 100 Continue\r\n\r\n");
  good.send(chunk(line(1)) + last_chunk);
  EXPECT_EQ(good.answer().status, 202u);
}

TEST(LineStream, ATokenMayPublishWhereThePolicySaysSo) {
  rig host([](api::floor& shared) {
    const domain::access_rule rule{.kind = "project", .actions = {domain::room_action::publish}, .allow = {"claim"}};
    shared.may.policy = *domain::access_policy::make({rule}, {}, false);
  });
  const auto token = rig::token("u1", {"p1"}, 3600, {{"scope", "events:publish"}});
  stream body(host, "Authorization: Bearer " + token);
  body.send(chunk(line(1) + json::write(rig::project_updated("p2")) + "\n") + last_chunk);
  const auto answer = body.answer();
  EXPECT_EQ(number(answer, "accepted"), 1);
  EXPECT_EQ(answer.json().at_pointer("/errors/0/code")->as_string(), "forbidden");
  EXPECT_EQ(answer.json().at_pointer("/errors/0/pointer")->as_string(), "/rooms/0");
}

TEST(LineStream, IsSlowedToThePublishersRate) {
  rig host({}, {100, 5});
  std::string body;
  for (int n = 0; n < 30; ++n) body += line(n);
  const auto start = std::chrono::steady_clock::now();
  const auto answer = whole(host, body);
  EXPECT_EQ(answer.status, 202u) << answer.body;
  EXPECT_EQ(number(answer, "accepted"), 30);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds{240}) << "25 of them at 100 a second";
  EXPECT_GE(waits(host), 1);
}

TEST(LineStream, GivesUpWhenTheRateMeansMinutes) {
  rig host({}, {0.01, 2});
  const auto answer = whole(host, line(1) + line(2) + line(3));
  EXPECT_EQ(answer.status, 429u);
  EXPECT_EQ(number(answer, "accepted"), 2);
  EXPECT_GE(std::stoi(std::string(answer.headers.get("Retry-After").value_or("0"))), 90);
}

TEST(LineStream, EndsWithTheRightToPublish) {
  rig host;
  const auto token = rig::token("u1", {"p1"}, 3600, {{"scope", "events:publish"}});
  stream body(host, "Authorization: Bearer " + token);
  guest reader(host, rig::token("u1", {"p1"}));
  reader.emit("subscribe", object{{"room", "project:p1"}});
  reader.event("subscribed");
  body.send(chunk(line(1)));
  reader.event("project.updated");
  host.around.ahead_s = 7200;
  // At the next look, a second after the last one.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (host.web.metrics().counter("fanfare_publish_refused_total", "", {{"cause", "token_expired"}}).get() == 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    ASSERT_TRUE(body.send(chunk(line(2))));
  }
  const auto answer = body.answer();
  EXPECT_EQ(answer.status, 401u);
  EXPECT_GE(number(answer, "accepted"), 1);
}

TEST(LineStream, EndsWhenTheServerDrainsOrTheLogIsDown) {
  rig host;
  for (const bool draining : {true, false}) {
    const auto before = host.history.head();
    stream body(host);
    body.send(chunk(line(1)));
    while (host.history.head() == before) std::this_thread::yield();
    if (draining)
      host.shared.live.draining = true;
    else
      host.history.refuse();
    body.send(chunk(line(2) + line(3)));
    const auto answer = body.answer();
    EXPECT_EQ(answer.status, 503u);
    EXPECT_EQ(answer.json().find("code")->as_string(), draining ? "draining" : "unavailable");
    EXPECT_EQ(number(answer, "accepted"), 1);
    host.shared.live.draining = false;
    host.history.refuse(false);
  }
}

TEST(LineStream, PublishesNothingHalf) {
  rig host;
  {
    stream body(host);
    body.send(chunk(line(1) + line(2) + line(3).substr(0, 40)));
    while (host.history.head() < 2) std::this_thread::yield();
  }
  {
    stream body(host);  // whole JSON, but neither a newline nor the body's end behind it
    body.send(chunk(line(4) + line(5).substr(0, line(5).size() - 1)));
    while (host.history.head() < 3) std::this_thread::yield();
    body.finish_sending();
    EXPECT_EQ(body.read_all(), "");
  }
  auto& cut = host.web.metrics().counter("fanfare_http_errors_total", "", {{"cause", "incomplete_request"}});
  while (cut.get() < 2) std::this_thread::yield();
  EXPECT_EQ(host.history.head(), 3u);
  stream body(host);
  body.send(chunk(line(6)) + "zz\r\n");
  const auto answer = body.answer();
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(number(answer, "accepted"), 1);
}

TEST(LineStream, ALineWithoutEndEndsTheRequest) {
  rig host([](api::floor& shared) {
    shared.publish.bounds.event_bytes_max = 1000;
    shared.publish.bounds.publish_body_bytes_max = 100000;
  });
  stream body(host);
  body.send(chunk(line(1)));
  const auto part = chunk(std::string(10000, 'x'));
  for (int n = 0; n < 11; ++n) body.send(part);
  const auto answer = body.answer();
  EXPECT_EQ(answer.status, 413u);
  EXPECT_EQ(number(answer, "accepted"), 1);
  EXPECT_EQ(number(answer, "refused"), 1);
}

TEST(LineStream, IsDecodedAsItComes) {
  rig host;
  const auto coded = [&](const std::string& text) {
    stream body(host, "X-API-Key: " + service_key, "Content-Encoding: gzip\r\n");
    body.send(chunk(text.substr(0, 40)) + chunk(text.substr(40)) + last_chunk);
    return body.answer();
  };
  std::string lines(1'000'000, '\n');
  for (int n = 0; n < 1000; ++n) lines += line(n);
  const auto gzip = *http::compress(http::coding::gzip, lines);
  const auto good = coded(gzip);
  EXPECT_EQ(good.status, 202u) << good.body;
  EXPECT_EQ(number(good, "accepted"), 1000);
  EXPECT_EQ(coded(gzip.substr(0, gzip.size() - 9)).status, 400u) << "cut short";
}

/// A log that answers when the test lets it, on the test's thread, as a remote one does on its own.
struct late_log : history::log {
  void observe(observer work) override { inner.observe(std::move(work)); }
  void keep(history::fact item, kept done) override { inner.keep(std::move(item), std::move(done)); }
  void read(history::range wanted, page_ready done) const override { inner.read(std::move(wanted), std::move(done)); }
  std::uint64_t head() const override { return inner.head(); }
  std::uint64_t oldest() const override { return inner.oldest(); }
  std::string epoch() const override { return inner.epoch(); }
  usage used() const override { return inner.used(); }
  void trim(std::int64_t now_ms) override { inner.trim(now_ms); }
  void append(std::vector<history::entry> batch, std::vector<history::answer>, appended done) override {
    const std::lock_guard lock(mutex);
    pending.emplace_back(std::move(batch), std::move(done));
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex);
    return pending.size();
  }
  void settle(bool well = true) {
    std::unique_lock lock(mutex);
    auto [batch, done] = std::move(pending.front());
    pending.pop_front();
    lock.unlock();
    if (well) return inner.append(std::move(batch), {}, std::move(done));
    done(errc::unavailable);
  }
  history::memory_log inner{"late"};
  std::mutex mutex;
  std::deque<std::pair<std::vector<history::entry>, appended>> pending;
};

TEST(LineStream, WaitsForALogThatAnswersLater) {
  late_log log;
  std::optional<domain::publishing> publisher;
  std::optional<api::publish_endpoint> late;
  rig host([&](api::floor& shared) {
    publisher.emplace(shared.documents.types, log);
    late.emplace(api::publish_endpoint{*publisher, log, shared.tokens, shared.publish.publish_rate, shared.may,
                                       shared.live, shared.says, shared.publish.bounds});
    const auto work = [&late](const http::exchange_ptr& exchange) {
      api::publish_events(*late, exchange, {true, std::nullopt, "key:late"});
    };
    shared.door.io.web().route("POST", "/late", work, {.stream_body = api::has_lines});
  });
  std::string lines;
  for (int n = 0; n < 200; ++n) lines += line(n);
  const auto wait_for = [&log](std::size_t count) {
    while (log.waiting() < count) std::this_thread::yield();
    EXPECT_EQ(log.waiting(), count);
  };
  stream body(host, "X-Late: 1", {}, "/late");
  body.send(chunk(lines) + last_chunk);
  wait_for(64);
  log.settle();
  wait_for(64);
  for (int n = 1; n < 200; ++n) {
    while (log.waiting() == 0) std::this_thread::yield();
    log.settle();
  }
  const auto answer = body.answer();
  EXPECT_EQ(answer.status, 202u) << answer.body;
  EXPECT_EQ(number(answer, "accepted"), 200);
  EXPECT_EQ(answer.json().at_pointer("/events/199/line")->as_double(), 200);

  stream failing(host, "X-Late: 1", {}, "/late");
  failing.send(chunk(line(1) + line(2) + line(3)));
  wait_for(3);
  log.settle();
  log.settle(false);
  log.settle();
  const auto failed = failing.answer();
  EXPECT_EQ(failed.status, 503u) << "without waiting for the rest of the body";
  EXPECT_EQ(number(failed, "accepted"), 2);
}

}  // namespace
}  // namespace fanfare::test
