#include <fanfare/http/client.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "net/memory_stream.hpp"
#include "support/fake_executor.hpp"

namespace fanfare::http {
namespace {

using net::memory_stream;

/// Connections whose other end the test is.
struct scripted_connector final : net::connector {
  std::shared_ptr<void> connect(executor& home, const net::endpoint& peer, milliseconds, connected done) override {
    ++asked;
    last = peer;
    auto alive = std::make_shared<int>();
    home.post([this, &home, weak = std::weak_ptr<int>(alive), done = std::move(done)] {
      if (weak.expired()) return;
      if (refuse) return done(error{errc::unavailable, "connection refused", {}});
      auto made = memory_stream::make(home, home);
      servers.push_back(std::move(made.first));
      made.second->state()->fail_at = fail_at;
      states.push_back(made.second->state());
      done(std::unique_ptr<net::byte_stream>(std::move(made.second)));
    });
    return alive;
  }
  int asked = 0;
  bool refuse = false;
  std::size_t fail_at = 0;  // the step at which the next connection breaks
  net::endpoint last;
  std::vector<std::unique_ptr<memory_stream>> servers;
  std::vector<std::shared_ptr<memory_stream::end_state>> states;
};

struct client_test : testing::Test {
  test::fake_executor home;
  scripted_connector peers;
  std::optional<client> asks{std::in_place, home, peers, client_options{.answer_bytes_max = 100}};
  std::vector<std::string> told;
  std::vector<std::shared_ptr<void>> handles;

  void ask(const std::string& method = "GET", const std::string& body = "", const std::string& host = "node") {
    request what;
    what.method = method;
    what.target = "/x?y";
    what.headers.add("Host", "h");
    what.body = body;
    handles.push_back(asks->ask({host, 80}, what, milliseconds{1000}, [this](result<response> answer) {
      told.push_back(answer ? std::to_string(answer->status) + " " + std::string(answer->body.view())
                            : std::string(describe(answer.error().code).metric_label));
    }));
    EXPECT_TRUE(told.size() < handles.size()) << "never inline";
    home.run();
  }
  std::string received(std::size_t which = 0) {
    std::string out(4096, '\0');
    const auto got = peers.servers.at(which)->read_some(out);
    out.resize(got.status == net::io_status::ok ? got.bytes : 0);
    return out;
  }
  void answer(std::string_view bytes, std::size_t which = 0) {
    (void)peers.servers.at(which)->write_some(std::span(&bytes, 1));
    home.run();
  }
};

TEST_F(client_test, asks_and_takes_the_answer_however_it_is_cut) {
  const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\nhello";
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    told.clear();
    handles.clear();
    ask();
    EXPECT_EQ(received(), "GET /x?y HTTP/1.1\r\nHost: h\r\n\r\n");
    answer(whole.substr(0, cut));
    EXPECT_TRUE(told.empty());
    answer(whole.substr(cut));
    EXPECT_EQ(told, std::vector<std::string>{"200 hello"}) << cut;
  }
  EXPECT_EQ(peers.asked, 1) << "one connection serves one question after the other";
}

TEST_F(client_test, says_how_long_a_body_is) {
  ask("POST", "abc");
  EXPECT_EQ(received(), "POST /x?y HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  answer("HTTP/1.1 204 No Content\r\n\r\n");
  ask("POST");
  EXPECT_EQ(received(), "POST /x?y HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(client_test, reads_chunks_and_bodies_that_the_end_ends) {
  ask();
  answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
  ask();
  answer("HTTP/1.1 200 OK\r\n\r\nhel");
  answer("lo");
  EXPECT_EQ(told.size(), 1U);
  peers.servers.at(0)->shutdown_write();
  home.run();
  EXPECT_EQ(told, (std::vector<std::string>{"200 hello", "200 hello"}));
  EXPECT_EQ(asks->idle(), 0U);
}

TEST_F(client_test, an_answer_to_HEAD_has_no_body) {
  ask("HEAD");
  answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(told, std::vector<std::string>{"200 "});
}

TEST_F(client_test, uses_a_connection_again_only_to_the_same_peer_and_while_it_is_fresh) {
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  ask();
  answer(ok);
  ask("GET", "", "other");
  answer(ok, 1);
  EXPECT_EQ(peers.asked, 2);
  EXPECT_EQ(asks->idle(), 2U);
  home.advance(milliseconds{5000});
  ask();
  answer(ok);
  EXPECT_EQ(peers.asked, 2);
  home.advance(milliseconds{5001});
  ask();
  EXPECT_EQ(peers.asked, 3);
}

TEST_F(client_test, a_connection_that_its_peer_has_ended_is_not_used_again) {
  ask();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  peers.servers.at(0)->shutdown_write();
  ask();
  EXPECT_EQ(peers.asked, 2);
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 1);
  EXPECT_EQ(told.size(), 2U);
  EXPECT_EQ(asks->idle(), 0U) << "as the answer said";
}

TEST_F(client_test, keeps_a_bounded_number_of_connections) {
  asks.emplace(home, peers, client_options{.idle_connections_max = 2});
  for (std::size_t i = 0; i < 4; ++i) ask();
  for (std::size_t i = 0; i < 4; ++i) answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", i);
  EXPECT_EQ(told.size(), 4U);
  EXPECT_EQ(asks->idle(), 2U);
}

TEST_F(client_test, faults_of_the_peer_are_told) {
  ask();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n");
  ask();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n", 1);
  ask();
  answer("nonsense\r\n\r\n", 2);
  ask();
  answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", 3);
  peers.servers.at(3)->shutdown_write();
  home.run();
  ask();
  peers.servers.at(4)->reset();
  home.run();
  peers.refuse = true;
  ask();
  EXPECT_EQ(told, (std::vector<std::string>{"payload_too_large", "protocol_violation", "protocol_violation",
                                            "unavailable", "unavailable", "unavailable"}));
}

TEST_F(client_test, a_header_without_end_is_refused) {
  asks.emplace(home, peers, client_options{.header_bytes_max = 1000});
  ask();
  answer("HTTP/1.1 200 OK\r\nA: ");
  for (int i = 0; i < 20 && told.empty(); ++i) answer(std::string(100, 'a'));
  EXPECT_EQ(told, std::vector<std::string>{"protocol_violation"});
}

TEST_F(client_test, nothing_is_sent_twice_at_whatever_step_a_connection_breaks) {
  for (std::size_t step = 1; step <= 3; ++step) {
    told.clear();
    peers.fail_at = step;
    const auto before = peers.asked;
    ask("POST", "body");
    if (told.empty()) answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", peers.servers.size() - 1);
    EXPECT_EQ(told, std::vector<std::string>{"unavailable"}) << step;
    EXPECT_EQ(peers.asked, before + 1);
  }
}

TEST_F(client_test, gives_up_in_time) {
  ask();
  home.advance(milliseconds{999});
  EXPECT_TRUE(told.empty());
  home.advance(milliseconds{1});
  EXPECT_EQ(told, std::vector<std::string>{"timeout"});
  EXPECT_TRUE(peers.states.at(0)->closed);
}

TEST_F(client_test, dropped_a_question_ends_with_its_connection) {
  ask();
  handles.clear();
  home.run();
  EXPECT_TRUE(peers.states.at(0)->closed);
  EXPECT_EQ(home.timers(), 0U);
  EXPECT_TRUE(told.empty());
}

TEST_F(client_test, gone_it_leaves_questions_without_an_answer) {
  ask();
  asks.reset();
  handles.clear();
  home.run();
  EXPECT_TRUE(told.empty());
}

}  // namespace
}  // namespace fanfare::http
