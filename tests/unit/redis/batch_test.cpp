#include "redis/batch.hpp"

#include <gtest/gtest.h>

#include "redis/rig.hpp"
#include "redis/slots.hpp"

namespace fanfare::redis {
namespace {

using test::wire;

TEST(batch, gathers_commands) {
  batch some{"SET", "a", "1"};
  some.add({"GET", "a"}).at_key("a");
  EXPECT_EQ(some.size(), 2U);
  EXPECT_EQ(some.bytes(), wire({"SET", "a", "1"}) + wire({"GET", "a"}));
  EXPECT_EQ(some.slot(), slot_of("a"));
  EXPECT_FALSE(some.transaction());
  EXPECT_TRUE(batch().empty());
  EXPECT_TRUE(batch().add({}).empty());
}

TEST(batch, knows_a_transaction_by_its_first_command) {
  EXPECT_TRUE(batch({"MULTI"}).add({"EXEC"}).transaction());
  EXPECT_TRUE(batch({"multi"}).transaction());
  EXPECT_FALSE(batch({"MULTIPLY"}).transaction());
  EXPECT_FALSE(batch({"GET", "MULTI"}).add({"MULTI"}).transaction());
}

TEST(batch, asks_before_each_command) {
  const auto asked = batch({"GET", "a"}).add({"GET", "b"}).at_slot(7).asking();
  EXPECT_EQ(asked.bytes(), wire({"ASKING"}) + wire({"GET", "a"}) + wire({"ASKING"}) + wire({"GET", "b"}));
  EXPECT_EQ(asked.size(), 4U);
  EXPECT_EQ(asked.slot(), 7);
}

}  // namespace
}  // namespace fanfare::redis
