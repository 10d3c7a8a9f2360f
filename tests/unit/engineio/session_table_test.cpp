#include "engineio/session_table.hpp"

#include "engineio/support/session_fixture.hpp"

namespace fanfare::engineio {
namespace {

class session_table_test : public session_fixture {};

TEST_F(session_table_test, finds_what_was_inserted) {
  make_table();
  EXPECT_EQ(table->find("abcdefghijklmnopqrst"), one);
  EXPECT_EQ(table->find("other"), nullptr);
  EXPECT_EQ(table->all(), std::vector{one});
  table->erase("abcdefghijklmnopqrst");
  table->erase("abcdefghijklmnopqrst");
  EXPECT_EQ(table->all().size(), 0U);
}

TEST_F(session_table_test, one_deferral_flushes_all) {
  open_websocket();
  auto second = std::make_shared<session>(table, "second", http::request{}, nullptr);
  const auto connection = std::make_shared<fake_websocket>(worker);
  table->insert(second);
  second->open_websocket(connection);
  worker.advance(session::write_pause);
  const auto news = encode_text("news");
  one->send(news, {});
  second->send(news, {});
  one->send(news, {});
  EXPECT_EQ(socket->sent, list{});
  worker.run();
  EXPECT_EQ(socket->sent, (list{"4news", "4news"}));
  ASSERT_EQ(socket->batches.size(), 1U);
  EXPECT_EQ(connection->sent.back(), "4news");
}

TEST_F(session_table_test, what_is_sent_while_flushing_leaves_with_the_next_turn) {
  open_websocket();
  // The drain report comes while the table flushes; a session that then sends is dirty anew.
  socket->on_drain([this] { one->send(encode_text("more"), {}); });
  one->send(encode_text("first"), {});
  worker.run();
  EXPECT_EQ(socket->sent, list{"4first"});
  EXPECT_EQ(one->queued_bytes(), 5U);
}

TEST_F(session_table_test, clear_breaks_the_circle) {
  open_polling();
  const std::weak_ptr<session> weak = one;
  one->send(encode_text("unsent"), {});
  one = nullptr;
  table->clear();
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace fanfare::engineio
