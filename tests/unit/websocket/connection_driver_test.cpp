#include "websocket/connection_driver.hpp"

#include "websocket/scripted_client.hpp"

namespace fanfare::websocket {
namespace {

using namespace std::string_literals;
using namespace test;

TEST(connection_driver, writes_the_head_first_with_what_opened_sent) {
  harness at;
  auto driver = at.make();
  driver->start(
      [&](connection_ptr connection) {
        at.listen(connection);
        connection->send_text("hi");
      },
      "");
  at.worker.run();
  EXPECT_EQ(at.ours->steps, 1U);  // one write
  EXPECT_EQ(at.read(), "HEAD" + server_frame(opcode::text, "hi"));
  EXPECT_EQ(at.events, log{"drain"});
}

TEST(connection_driver, delivers_messages_and_what_came_with_the_request) {
  harness at;
  at.open({"HEAD", "chat", {}}, 65536, text_frame("early") + text_frame("cut").substr(0, 4));
  EXPECT_EQ(at.server->protocol(), "chat");
  EXPECT_EQ(&at.server->worker(), &at.worker);
  EXPECT_EQ(at.server->request().method, "");
  at.write(text_frame("cut").substr(4) + client_frame(opcode::binary, "\xff"));
  EXPECT_EQ(at.events, (log{"text early", "text cut", "binary \xff"}));
  EXPECT_EQ(at.registry.counter("fanfare_websocket_messages_total", "", {{"direction", "in"}}).get(), 3);
}

TEST(connection_driver, gathers_what_one_turn_sends_into_one_write) {
  harness at;
  at.open();
  at.read();
  const auto before = at.ours->steps;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    at.server->send_text(std::to_string(i));
    expected += server_frame(opcode::text, std::to_string(i));
  }
  EXPECT_EQ(at.server->queued_bytes(), expected.size());
  at.server->send(std::vector{std::make_shared<const framed_message>(true, "", "many")}, true);
  EXPECT_EQ(at.read(), expected + server_frame(opcode::binary, "many"));
  EXPECT_EQ(at.ours->steps, before + 1);
  EXPECT_EQ(at.events, log{"drain"});
  EXPECT_EQ(at.server->queued_bytes(), 0U);
}

TEST(connection_driver, drains_after_a_slow_peer_has_read_all) {
  harness at;
  at.open({"", "", {}}, 100);
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    at.server->send_text(std::string(50, 'x'));
    expected += server_frame(opcode::text, std::string(50, 'x'));
  }
  at.worker.run();
  EXPECT_TRUE(at.events.empty());
  EXPECT_EQ(at.read(), expected);
  EXPECT_EQ(at.events, log{"drain"});
}

TEST(connection_driver, writes_a_great_burst_before_the_turn_ends) {
  harness at;
  at.open({"", "", {}}, 10000000);
  at.server->send_text(std::string(70000, 'x'));
  EXPECT_LT(at.server->queued_bytes(), 70000U);
  EXPECT_TRUE(at.events.empty());  // no handler inside a call
  EXPECT_EQ(at.read().size(), 70010U);
  EXPECT_EQ(at.events, log{"drain"});
}

TEST(connection_driver, answers_every_ping_in_its_place) {  // Autobahn 2.10, 5.6
  harness at;
  at.open();
  at.read();
  at.write(client_frame(opcode::ping, "1") + client_frame(opcode::pong, "x") + client_frame(opcode::ping, "2"));
  EXPECT_EQ(at.read(), server_frame(opcode::pong, "1") + server_frame(opcode::pong, "2"));
  EXPECT_TRUE(at.events.empty());
  at.server->ping("hello" + std::string(200, 'p'));
  EXPECT_EQ(at.read(), server_frame(opcode::ping, "hello" + std::string(120, 'p')));
}

TEST(connection_driver, answers_pings_of_a_peer_that_does_not_read_in_bounded_memory) {
  harness at;
  at.open({"", "", {}}, 10);
  at.server->send_text(std::string(100, 'x'));
  for (int i = 0; i < 1000; ++i) at.write(client_frame(opcode::ping, std::to_string(i)));
  EXPECT_LT(at.server->queued_bytes(), 300U);
  EXPECT_NE(at.read().find(server_frame(opcode::pong, "999")), std::string::npos);
}

TEST(connection_driver, drops_a_peer_whose_queue_is_past_its_bound) {
  harness at;
  at.settings.send_queue_bytes_max = 1000;
  at.open({"", "", {}}, 10);
  for (int i = 0; i < 10; ++i) at.server->send_text(std::string(90, 'x'));
  at.worker.run();
  EXPECT_TRUE(at.events.empty());
  at.server->send_text(std::string(200, 'x'));
  EXPECT_TRUE(at.events.empty());  // no handler inside a call
  EXPECT_EQ(at.server->queued_bytes(), 0U);
  at.server->send_text("into the void");
  at.worker.run();
  EXPECT_EQ(at.events, log{"close 1006 send queue overflow"});
  EXPECT_TRUE(at.ours->reset);
  EXPECT_EQ(at.closes("overload"), 1);
}

TEST(connection_driver, lets_a_handler_end_the_connection_and_drop_it) {
  for (const int how : {0, 1, 2}) {
    harness at;
    at.open();
    at.read();
    std::weak_ptr<connection> watched = at.server;
    auto held = std::make_shared<connection_ptr>(std::move(at.server));
    (*held)->on_message([&at, held, how](connection::message item) {
      at.events.push_back(item.bytes);
      if (how == 0) (*held)->terminate();
      if (how == 1) (*held)->close();
      (*held)->on_message([&at](connection::message other) { at.events.push_back("replaced " + other.bytes); });
      if (how == 2) (*held)->on_message(nullptr);
      held->reset();
    });
    at.write(text_frame("1") + text_frame("2"));
    if (how == 0) {
      EXPECT_EQ(at.events, (log{"1", "close 1006 "}));
    }
    if (how == 1) {
      EXPECT_EQ(at.events, (log{"1", "replaced 2"}));
    }
    if (how == 2) {
      EXPECT_EQ(at.events, log{"1"});
    }
    held.reset();
    at.peer->close();
    at.worker.run();
    EXPECT_TRUE(watched.expired()) << how;
  }
}

TEST(connection_driver, is_freed_though_its_handlers_hold_it) {
  harness at;
  at.open();
  std::weak_ptr<connection> watched = at.server;
  at.server->on_message([held = at.server](connection::message) {});
  at.server->on_close([held = at.server](std::uint16_t, std::string_view) {});
  at.server->on_drain([held = at.server] {});
  at.server.reset();
  at.peer->close();
  at.worker.run();
  EXPECT_TRUE(watched.expired());
}

TEST(connection_driver, goes_with_its_worker) {
  std::weak_ptr<connection> open, closing;
  for (auto* watched : {&open, &closing}) {
    harness at;
    at.open();
    *watched = at.server;
    if (watched == &closing) at.server->close();
    at.worker.run();
    at.server.reset();
  }
  EXPECT_TRUE(open.expired());
  EXPECT_TRUE(closing.expired());
}

TEST(connection_driver, ends_once_at_whichever_step_the_stream_fails) {
  for (std::size_t step = 1; step < 12; ++step) {
    harness at;
    auto driver = at.make({"HEAD", "", {}}, 64);
    at.ours->fail_at = step;
    driver->start(
        [&](connection_ptr connection) {
          at.listen(connection);
          connection->on_message([&at](connection::message item) { at.server->send_text(item.bytes); });
        },
        text_frame("early"));
    driver.reset();
    for (int i = 0; i < 3 && !at.ours->closed; ++i) {
      at.worker.run();
      const auto bytes = text_frame(std::string(40, 'x'));
      const std::string_view buffer = bytes;
      at.peer->write_some({&buffer, 1});
      at.read();
    }
    if (!at.ours->closed) at.server->close();
    at.read();
    at.worker.advance(at.settings.close_timeout * 2);
    EXPECT_TRUE(at.ours->closed) << step;
    log closes;
    for (const auto& event : at.events) {
      if (event.starts_with("close")) closes.push_back(event);
    }
    EXPECT_EQ(closes.size(), 1U) << step;
  }
}

TEST(connection_driver, yields_to_others_after_one_buffer) {
  harness at;
  at.open({"", "", {}});
  at.theirs->write_max = at.ours->capacity = 1000000;
  std::string bytes;
  for (int i = 0; i < 30; ++i) bytes += client_frame(opcode::binary, std::string(10000, 'x'));
  const std::string_view buffer = bytes;
  ASSERT_EQ(at.peer->write_some({&buffer, 1}).bytes, bytes.size());
  std::size_t seen = 0;
  at.worker.post([&] { seen = at.events.size(); });
  at.worker.run();
  EXPECT_GT(seen, 0U);
  EXPECT_LT(seen, 30U);
  EXPECT_EQ(at.events.size(), 30U);
}

TEST(connection_driver, compresses_what_was_agreed_and_is_worth_it) {
  harness at;
  at.settings.deflate = deflate_options{.threshold = 100};
  handshake agreed;
  agreed.deflate.emplace();
  at.open(std::move(agreed));
  const std::string big(5000, 'z');
  at.server->send_text("small");
  at.server->send(std::make_shared<framed_message>(false, "", big), false);
  at.server->send_text(big);
  const auto bytes = at.read();
  const auto plain = server_frame(opcode::text, "small") + server_frame(opcode::text, big);
  ASSERT_EQ(bytes.substr(0, plain.size()), plain);
  const auto header = decode_header(std::string_view(bytes).substr(plain.size()));
  EXPECT_TRUE(header.header.rsv1);
  EXPECT_LT(header.header.length, 100U);
  inflater expander(15, false);
  std::string out;
  EXPECT_EQ(expander.feed(std::string_view(bytes).substr(plain.size() + header.size), out, 5000), inflater::status::ok);
  EXPECT_EQ(expander.finish(out, 5000), inflater::status::ok);
  EXPECT_EQ(out, big);

  deflater compressor(6, 15, false);
  std::string squeezed;
  ASSERT_TRUE(compressor.message(big, squeezed));
  at.write(compressed_frame(opcode::text, squeezed));
  EXPECT_EQ(at.events.back(), "text " + big);
}

}  // namespace
}  // namespace fanfare::websocket
