#include <fanfare/base/metrics.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

namespace fanfare::metrics {
namespace {

TEST(metrics, one_cell_for_one_name_and_its_labels) {
  registry all;
  auto& opened = all.counter("fanfare_connections_opened_total", "Opened", {{"transport", "websocket"}});
  auto& polled = all.counter("fanfare_connections_opened_total", "Opened", {{"transport", "polling"}});
  EXPECT_NE(&opened, &polled);
  for (int i = 0; i < 1000; ++i) all.counter("fanfare_filler_total", "", {{"i", std::to_string(i)}});
  EXPECT_EQ(&opened, &all.counter("fanfare_connections_opened_total", "", {{"transport", "websocket"}}));
  opened.add();
  opened.add(2);
  EXPECT_EQ(opened.get(), 3);
  EXPECT_EQ(polled.get(), 0);
}

TEST(metrics, collects_what_was_counted_set_and_computed) {
  registry all;
  all.counter("a_total", "A").add(2);
  all.gauge("b", "B", {{"x", "y"}}).set(-1.5);
  all.observe("c", "C", [] { return 7.0; });
  const auto samples = all.collect();
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_EQ(samples[0].name, "a_total");
  EXPECT_EQ(samples[0].help, "A");
  EXPECT_EQ(samples[0].type, kind::counter);
  EXPECT_EQ(samples[0].amount, 2);
  EXPECT_EQ(samples[1].labelled, (labels{{"x", "y"}}));
  EXPECT_EQ(samples[1].amount, -1.5);
  EXPECT_EQ(samples[2].type, kind::gauge);
  EXPECT_EQ(samples[2].amount, 7);
}

TEST(metrics, observing_again_replaces_what_is_asked) {
  registry all;
  all.observe("c", "C", [] { return 1.0; });
  all.observe("c", "C", [] { return 2.0; });
  ASSERT_EQ(all.collect().size(), 1U);
  EXPECT_EQ(all.collect()[0].amount, 2);
}

TEST(metrics, what_is_asked_may_use_the_registry) {
  registry all;
  all.observe("c", "C", [&all] { return all.gauge("d", "D").get() + 1; });
  EXPECT_EQ(all.collect()[0].amount, 1);
}

TEST(metrics, one_name_is_of_one_kind) {
  registry all;
  all.counter("a_total", "A");
  EXPECT_THROW(all.gauge("a_total", "A", {{"x", "y"}}), std::logic_error);
}

TEST(metrics, counts_from_many_threads) {
  registry all;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&all] {
      for (int i = 0; i < 1000; ++i) all.counter("a_total", "A").add();
    });
  }
  for (int i = 0; i < 10; ++i) (void)all.collect();
  for (auto& each : threads) each.join();
  EXPECT_EQ(all.counter("a_total", "A").get(), 4000);
}

}  // namespace
}  // namespace fanfare::metrics
