#include <fanfare/http/server.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "http/blocking_client.hpp"
#include "http/compression.hpp"
#include "http/connection_rig.hpp"

namespace fanfare::http {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// A route whose handler asks for a part when the test says so, or for all of them by itself.
struct streamed : driven {
  streamed() {
    route_options rules;
    rules.stream_body = [](const request& head) { return head.headers.get("X-Whole") == std::nullopt; };
    const auto work = [this](exchange_ptr asked) {
      open = std::move(asked);
      if (eager) ask();
    };
    routes.add("POST", "/stream", work, rules);
  }
  ~streamed() override {
    open.reset();
    worker.run();
  }
  void ask() {
    open->read_body([this](result<body_part> part) {
      if (!part) return void(fault = part.error().code);
      parts.emplace_back(part->bytes);
      ended = part->last;
      if (throws) throw std::runtime_error("of the handler");
      if (ended && eager) return open->respond(response::text(200, "all"));
      if (eager) ask();
    });
    worker.run();
  }
  std::string text() const {
    std::string all;
    for (const auto& part : parts) all += part;
    return all;
  }
  static std::string head(std::string_view fields) {
    return "POST /stream HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
  }

  bool eager = false, ended = false, throws = false;
  exchange_ptr open;
  std::vector<std::string> parts;
  std::optional<errc> fault;
};

TEST_F(streamed, gives_what_has_come_when_asked) {
  connect();
  send(head("Content-Length: 7\r\n"));
  ASSERT_TRUE(open) << "the handler runs before the body";
  EXPECT_EQ(open->request().body, "");
  ask();
  EXPECT_THAT(parts, IsEmpty());
  send("ab");
  EXPECT_THAT(parts, ElementsAre("ab"));
  send("cd");
  send("e");
  EXPECT_THAT(parts, ElementsAre("ab")) << "nobody asked";
  ask();
  EXPECT_THAT(parts, ElementsAre("ab", "cde"));
  ask();
  send("fgGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(parts, ElementsAre("ab", "cde", "fg"));
  EXPECT_TRUE(ended);
  open->respond(response::text(200, "thanks"));
  worker.run();
  EXPECT_THAT(received(), AllOf(HasSubstr("thanks"), EndsWith("hello"))) << "and the connection goes on";
}

TEST_F(streamed, decodes_chunks_of_any_number) {
  eager = true;
  connect();
  send(head("Transfer-Encoding: chunked\r\n"));
  std::string wanted;
  for (int n = 0; n < 3000; ++n) {
    send("010\r\n0123456789abcdef\r\n");
    wanted += "0123456789abcdef";
  }
  EXPECT_EQ(text(), wanted) << "far past body_bytes_max";
  EXPECT_FALSE(ended);
  send("0\r\n\r\n");
  EXPECT_TRUE(ended);
  EXPECT_THAT(received(), EndsWith("all"));
  EXPECT_THAT(exchange(get_root), EndsWith("hello"));
}

TEST_F(streamed, a_coded_body_comes_decoded_in_bounded_parts) {
  const std::string body(1000000, 'x');
  const auto coded = *compress(coding::gzip, body);
  eager = true;
  connect();
  send(head("Content-Encoding: gzip\r\nContent-Length: " + std::to_string(coded.size()) + "\r\n") + coded.substr(0, 5));
  EXPECT_EQ(text(), "");
  EXPECT_EQ(open->request().headers.get("Content-Encoding"), std::nullopt);
  send(coded.substr(5));
  EXPECT_EQ(text(), body) << "far past body_bytes_max";
  EXPECT_TRUE(ended);
  for (const auto& part : parts) EXPECT_LE(part.size(), 65536U);
  EXPECT_THAT(received(), EndsWith("all"));

  eager = ended = false;
  parts.clear();
  send(head("Content-Encoding: gzip\r\nContent-Length: 2\r\n") + "{}");
  ask();
  EXPECT_EQ(fault, errc::bad_request) << "is no gzip";
  open->respond(response::text(400, "bad"));
  worker.run();
  EXPECT_THAT(received(), EndsWith("bad"));
  const auto cut = coded.substr(0, coded.size() - 1);
  fault = std::nullopt;
  eager = true;
  send(head("Content-Encoding: gzip\r\nContent-Length: " + std::to_string(cut.size()) + "\r\n") + cut);
  EXPECT_EQ(fault, errc::bad_request) << "is cut short";
  EXPECT_FALSE(ended);
}

TEST_F(streamed, a_coding_that_is_not_known_is_refused_before_its_handler_runs) {
  connect();
  const auto answer = exchange(head("Content-Encoding: br\r\nContent-Length: 2\r\n"));
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 415 "), HasSubstr("Accept-Encoding: gzip, deflate\r\n")));
  EXPECT_FALSE(open);
}

TEST_F(streamed, an_empty_body_is_one_last_part) {
  eager = true;
  connect();
  EXPECT_THAT(exchange(head("Content-Length: 0\r\n")), EndsWith("all"));
  EXPECT_THAT(exchange(head("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n"), EndsWith("all"));
  EXPECT_THAT(parts, ElementsAre("", ""));
}

TEST_F(streamed, the_route_decides_by_the_request) {
  connect();
  send(head("X-Whole: 1\r\nContent-Length: 3\r\n"));
  EXPECT_FALSE(open);
  send("abc");
  ASSERT_TRUE(open);
  EXPECT_EQ(open->request().body, "abc");
  ask();
  EXPECT_TRUE(ended) << "nothing is left to stream";
  EXPECT_EQ(text(), "");
  EXPECT_THAT(exchange(head("X-Whole: 1\r\nContent-Length: 1001\r\n")), IsEmpty()) << "one answer at a time";
}

TEST_F(streamed, stops_reading_while_nobody_asks) {
  connect(4096);
  send(head("Content-Length: 1000000\r\n"));
  const auto push = [this] {
    const std::string all(1000, 'x');
    const std::string_view view(all);
    std::size_t taken = 0;
    for (;;) {
      const auto wrote = client->write_some(std::span(&view, 1));
      worker.run();
      if (wrote.status != net::io_status::ok) return taken;
      taken += wrote.bytes;
    }
  };
  const auto taken = push();
  EXPECT_LE(taken, options.pipelined_bytes_max + 16384 + 4096) << "what is read ahead, and what the pipe holds";
  ask();
  EXPECT_GE(text().size(), options.pipelined_bytes_max);
  EXPECT_LE(text().size(), taken);
  ask();
  EXPECT_GT(push(), 0U) << "there is room again";
  EXPECT_THAT(received(), IsEmpty());
}

TEST_F(streamed, invites_the_body_when_it_is_asked_for) {
  connect();
  EXPECT_THAT(exchange(head("Expect: 100-continue\r\nContent-Length: 2\r\n")), IsEmpty());
  ask();
  EXPECT_EQ(received(), "HTTP/1.1 100 Continue\r\n\r\n");
  send("a");
  ask();
  EXPECT_THAT(received(), IsEmpty()) << "once";
  send("b");
  EXPECT_EQ(text(), "ab");
  open->respond(response::text(200, "thanks"));
  worker.run();
  EXPECT_THAT(received(), EndsWith("thanks"));
}

TEST_F(streamed, an_answer_before_the_end_closes) {
  connect();
  send(head("Expect: 100-continue\r\nContent-Length: 2\r\n"));
  open->respond(response::text(401, "no"));
  worker.run();
  EXPECT_THAT(received(),
              AllOf(StartsWith("HTTP/1.1 401 "), Not(HasSubstr("100 Continue")), HasSubstr("Connection: close\r\n")));
  ask();
  EXPECT_EQ(fault, errc::closed) << "it has been answered";
  send(get_root);
  EXPECT_THAT(received(), IsEmpty());
  client->close();
  worker.run();
  EXPECT_TRUE(gone());
}

TEST_F(streamed, an_answered_exchange_reads_nothing_of_the_next) {
  connect();
  send(head("Content-Length: 1\r\n") + "a");
  ask();
  const auto first = open;
  first->respond(response::text(200, ""));
  worker.run();
  send(head("Content-Length: 1\r\n") + "b");
  ASSERT_NE(open, first);
  std::optional<errc> refused;
  first->read_body([&refused](const auto& part) { refused = part ? errc::internal : part.error().code; });
  worker.run();
  EXPECT_EQ(refused, errc::closed);
  ask();
  EXPECT_EQ(text(), "ab");
}

TEST_F(streamed, says_that_chunks_are_malformed) {
  connect();
  send(head("Transfer-Encoding: chunked\r\n") + "2\r\nab\r\n2\r\ncd\r\nzz");
  ask();
  EXPECT_EQ(text(), "abcd") << "what came before the fault";
  EXPECT_FALSE(ended);
  EXPECT_EQ(errors("framing"), 0);
  ask();
  EXPECT_EQ(fault, errc::bad_request);
  EXPECT_EQ(errors("framing"), 1);
  open->respond(response::text(400, "bad"));
  worker.run();
  EXPECT_THAT(received(), AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("Connection: close\r\n")));
}

TEST_F(streamed, says_that_the_peer_has_gone) {
  for (const bool reset : {false, true}) {
    fault.reset();
    parts.clear();
    connect();
    send(head("Content-Length: 9\r\n") + "abc");
    if (reset) ask();
    if (reset) {
      client->reset();
    } else {
      client->shutdown_write();
    }
    worker.run();
    EXPECT_FALSE(fault) << "nobody asked";
    if (!reset) ask();
    EXPECT_EQ(text(), "abc") << "what had come is given first";
    ask();
    EXPECT_EQ(fault, errc::closed);
    EXPECT_TRUE(gone());
    open.reset();
    worker.run();
  }
  EXPECT_EQ(errors("incomplete_request"), 1);
  EXPECT_EQ(errors("peer_reset"), 1);
}

TEST_F(streamed, tells_who_waits_that_the_peer_has_gone) {
  connect();
  send(head("Content-Length: 9\r\n"));
  ask();
  client->close();
  worker.run();
  EXPECT_EQ(fault, errc::closed);
  EXPECT_TRUE(gone());
}

TEST_F(streamed, gives_the_next_bytes_only_so_much_time) {
  connect();
  send(head("Transfer-Encoding: chunked\r\n"));
  worker.advance(options.body_timeout * 3);
  EXPECT_FALSE(fault) << "it is the handler that takes its time";
  ask();
  worker.advance(options.body_timeout - milliseconds{1});
  send("1\r\na\r\n");
  EXPECT_EQ(text(), "a");
  ask();
  worker.advance(options.body_timeout - milliseconds{1});
  send("1;drip");
  EXPECT_FALSE(fault);
  worker.advance(milliseconds{1});
  EXPECT_EQ(fault, errc::timeout) << "bytes that carry nothing count for nothing";
  EXPECT_EQ(errors("body_timeout"), 1);
  open->respond(response::text(408, "slow"));
  worker.run();
  EXPECT_THAT(received(), AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("Connection: close\r\n")));
}

TEST_F(streamed, answers_500_for_readers_that_throw_or_forget) {
  throws = true;
  connect();
  send(head("Content-Length: 2\r\n") + "a");
  ask();
  EXPECT_THAT(received(), AllOf(StartsWith("HTTP/1.1 500 "), HasSubstr("Connection: close\r\n")));
  EXPECT_EQ(errors("handler_exception"), 1);
  connect();
  send(head("Content-Length: 2\r\n") + "a");
  open.reset();
  worker.run();
  EXPECT_THAT(received(), StartsWith("HTTP/1.1 500 "));
}

TEST_F(streamed, is_ended_with_the_server) {
  connect();
  send(head("Content-Length: 2\r\n") + "a");
  home->drain();
  EXPECT_FALSE(gone()) << "a request under way may finish";
  ask();
  ask();
  home->close_all();
  worker.run();
  EXPECT_EQ(fault, errc::closed);
  EXPECT_TRUE(gone());
}

TEST(streamed_server, reads_for_handlers_on_other_threads) {
  server web({.listen = {"127.0.0.1:0"}, .workers = 2});
  std::string all;
  std::function<void(exchange_ptr)> ask = [&](const exchange_ptr& asked) {
    asked->read_body([&, asked](result<body_part> part) {
      ASSERT_TRUE(part);
      EXPECT_TRUE(asked->worker().here());
      all += part->bytes;
      if (part->last) return asked->respond(response::text(200, "all"));
      std::thread([&ask, asked] { ask(asked); }).join();
    });
  };
  route_options rules;
  rules.stream_body = [](const request&) { return true; };
  web.route(
      "POST", "/", [&ask](const exchange_ptr& asked) { std::thread([&ask, asked] { ask(asked); }).join(); }, rules);
  web.start();
  test::blocking_client client(web.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + std::string(300000, 'x'));
  EXPECT_THAT(client.read_response(), EndsWith("all"));
  EXPECT_EQ(all, std::string(300000, 'x'));
  web.stop();
}

std::string coded_post(const std::string& named, const std::string& body, const std::string& path = "/echo") {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Encoding: " + named +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(driven, decodes_the_content_of_a_request) {
  connect();
  EXPECT_THAT(exchange(coded_post("gzip", *compress(coding::gzip, "hello, route"))),
              testing::AllOf(testing::StartsWith("HTTP/1.1 200"), testing::EndsWith("\r\n\r\nhello, route")));
  EXPECT_THAT(exchange(coded_post("deflate", *compress(coding::deflate, "again"))), testing::EndsWith("again"));
  EXPECT_THAT(exchange(coded_post("identity", "plain")), testing::EndsWith("plain"));
}

TEST_F(driven, refuses_a_content_that_it_cannot_decode) {
  connect();
  const auto unknown = exchange(coded_post("br", "?"));
  EXPECT_THAT(unknown, testing::AllOf(testing::StartsWith("HTTP/1.1 415"),
                                      testing::HasSubstr("\r\nAccept-Encoding: gzip, deflate\r\n")));
  EXPECT_THAT(exchange(coded_post("gzip", "{}")), testing::StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(errors("content_encoding"), 2);
  const auto bomb = *compress(coding::gzip, std::string(1001, 'x'));
  EXPECT_THAT(exchange(coded_post("gzip", bomb)), testing::StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(errors("body_too_large"), 1);
  EXPECT_THAT(exchange(coded_post("gzip", bomb, "/big")), testing::StartsWith("HTTP/1.1 200"))
      << "the route's own bound";
  EXPECT_FALSE(gone()) << "the connection goes on";
}

}  // namespace
}  // namespace fanfare::http
