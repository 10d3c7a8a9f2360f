#include "domain/replay.hpp"

#include "domain/publishing_rig.hpp"
#include "support/held_log.hpp"

namespace fanfare::domain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct replay_test : testing::Test {
  catalogue types;
  test::held_log log{"e"};
  recorder out;
  node both{types, log, out};
  test::fake_executor worker;
  std::vector<std::uint64_t> sent;
  std::vector<bool> outcomes;
  std::vector<std::function<void()>> drained;
  std::function<void()> on_send = [] {};
  std::shared_ptr<replay> missed;

  replay_test() { log.hold(); }
  void publish(int count, const std::string& project = "p1") {
    for (int n = 0; n < count; ++n) {
      publish_context context;
      context.now = system_time(std::chrono::seconds(1000));
      draft item;
      item.type = "project.updated";
      item.data = object{{"project_id", project}, {"changes", object{}}, {"n", n}};
      both.publisher.publish({std::move(item)}, context, [](const auto& answer) { ASSERT_TRUE(answer); });
    }
  }
  void start(replay::wish wish, replay_bounds bounds = {.page_entries = 2}) {
    wish.head = both.events.head();
    missed = std::make_shared<replay>(both.events, worker, std::move(wish), bounds,
                                      replay::receiver{[this](const replayed& event) {
                                                         const auto cursor = event.envelope.find("cursor")->as_string();
                                                         sent.push_back(std::stoull(std::string(cursor.substr(2))));
                                                         on_send();
                                                       },
                                                       [this](auto go_on) { drained.push_back(std::move(go_on)); }},
                                      [this](bool recovered) { outcomes.push_back(recovered); });
    missed->start();
    worker.run();
  }
  void page(bool well = true) {
    log.settle(well);
    worker.run();
  }
  void drain() {
    const auto go_on = std::move(drained.front());
    drained.erase(drained.begin());
    go_on();
    worker.run();
  }
};

TEST_F(replay_test, reads_a_page_when_the_last_has_left) {
  publish(5);
  start({.rooms = {"project:p1"}, .from = {.after = 1}});
  EXPECT_THAT(sent, IsEmpty()) << "the log has not answered";
  page();
  EXPECT_THAT(sent, ElementsAre(2, 3));
  EXPECT_EQ(log.waiting(), 0U) << "the client has not taken the first page";
  publish(1);
  drain();
  page();
  EXPECT_THAT(sent, ElementsAre(2, 3, 4, 5)) << "what came since is live";
  EXPECT_THAT(outcomes, ElementsAre(true));
  EXPECT_EQ(worker.timers(), 0U);
}

TEST_F(replay_test, at_the_head_nothing_is_read) {
  publish(2);
  start({.rooms = {"project:p1"}, .from = {.after = 2}});
  EXPECT_EQ(log.asked(), 0U);
  EXPECT_THAT(outcomes, ElementsAre(true));
}

TEST_F(replay_test, a_page_that_fails_ends_it_as_not_recovered) {
  publish(5);
  for (const int good : {0, 1}) {
    outcomes.clear();
    start({.rooms = {"project:p1"}});
    for (int n = 0; n < good; ++n) page(), drain();
    page(false);
    EXPECT_THAT(outcomes, ElementsAre(false));
    EXPECT_EQ(worker.timers(), 0U);
  }
}

TEST_F(replay_test, stopping_at_each_step_sends_nothing_more) {
  publish(5);
  start({.rooms = {"project:p1"}});
  missed->stop();
  EXPECT_THAT(outcomes, ElementsAre(false)) << "while the log reads";
  page();
  EXPECT_THAT(sent, IsEmpty());

  start({.rooms = {"project:p1"}});
  page();
  missed->stop();
  drain();
  EXPECT_THAT(outcomes, ElementsAre(false, false)) << "while the client takes";
  EXPECT_EQ(log.waiting(), 0U);

  sent.clear();
  on_send = [this] { missed->stop(); };
  start({.rooms = {"project:p1"}});
  page();
  EXPECT_THAT(sent, ElementsAre(1)) << "by what sending did";
  missed->stop();
  EXPECT_THAT(outcomes, ElementsAre(false, false, false)) << "once each";
}

TEST_F(replay_test, one_that_is_dropped_says_nothing) {
  publish(5);
  start({.rooms = {"project:p1"}});
  missed.reset();
  page();
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_THAT(outcomes, IsEmpty());
  EXPECT_EQ(worker.timers(), 0U);
}

TEST_F(replay_test, is_bounded_in_bytes_and_time) {
  publish(5);
  start({.rooms = {"project:p1"}}, {.page_entries = 2, .bytes_max = 300});
  page();
  EXPECT_THAT(outcomes, ElementsAre(false)) << "two events are more";
  EXPECT_THAT(sent, ElementsAre(1, 2));

  start({.rooms = {"project:p1"}}, {.page_entries = 2, .time_max = std::chrono::seconds(3)});
  page();
  worker.advance(std::chrono::milliseconds(2999));
  EXPECT_THAT(outcomes, SizeIs(1));
  worker.advance(std::chrono::milliseconds(1));
  EXPECT_THAT(outcomes, ElementsAre(false, false)) << "the client took too long";
}

TEST_F(replay_test, pages_are_bounded_in_bytes) {
  publish(5);
  start({.rooms = {"project:p1"}}, {.page_entries = 100, .page_bytes = 10});
  page();
  EXPECT_THAT(sent, ElementsAre(1)) << "one at least";
}

TEST_F(replay_test, the_newest_are_found_from_the_end) {
  publish(3);
  publish(4, "p2");
  publish(2);
  start({.rooms = {"project:p1"}, .last = 3});
  page();
  page();
  EXPECT_THAT(sent, IsEmpty());
  page();
  drain();
  page();
  EXPECT_THAT(sent, ElementsAre(3, 8, 9));
  EXPECT_THAT(outcomes, ElementsAre(true));
}

TEST_F(replay_test, the_newest_that_pass_a_filter) {
  publish(9);
  const auto only = *filter::parse(object{{"in", object{{"/data/n", array{0, 4}}}}});
  start({.rooms = {"project:p1"}, .last = 7, .only = feed::matching(only)}, {.page_entries = 3});
  for (int n = 0; n < 3; ++n) page();
  page();
  EXPECT_THAT(sent, ElementsAre(1)) << "of the first page of three";
  drain();
  page();
  drain();
  page();
  EXPECT_THAT(sent, ElementsAre(1, 5)) << "all there are";
  EXPECT_THAT(outcomes, ElementsAre(true));
}

TEST_F(replay_test, the_newest_are_all_there_though_something_between_has_gone) {
  history::memory_log kept("e", {.entries_max = 4});
  publishing_options options;
  ASSERT_TRUE(options.kept_for.add("project.deleted keep", types));
  node other(types, kept, out, std::move(options));
  for (int n = 0; n < 6; ++n) {
    publish_context context;
    context.now = system_time(std::chrono::seconds(1000));
    draft item;
    item.type = n == 0 ? "project.deleted" : "project.updated";
    item.data = object{{"project_id", "p1"}, {"changes", object{}}};
    other.publisher.publish({std::move(item)}, context, [](const auto& answer) { ASSERT_TRUE(answer); });
  }
  const auto joins = [](const auto&, auto) { return result<void>(); };
  const auto newest = subscribe(other.events, {.rooms = {"project:p1"}, .last = 10}, joins);
  EXPECT_TRUE(newest->recovered);
  EXPECT_THAT(newest->events, SizeIs(4)) << "1, which is kept, and 4 to 6";
  EXPECT_FALSE(subscribe(other.events, {{"project:p1"}, "e-1"}, joins)->recovered) << "2 and 3 have gone";
}

TEST_F(replay_test, what_has_been_trimmed_meanwhile_is_told) {
  history::memory_log small("e", {.entries_max = 4});
  node other(types, small, out);
  for (int n = 0; n < 6; ++n) {
    publish_context context;
    context.now = system_time(std::chrono::seconds(1000));
    draft item;
    item.type = "project.deleted";
    item.data = object{{"project_id", "p1"}};
    other.publisher.publish({std::move(item)}, context, [](const auto& answer) { ASSERT_TRUE(answer); });
  }
  const auto joins = [](const auto&, auto) { return result<void>(); };
  EXPECT_FALSE(subscribe(other.events, {{"project:p1"}, "e-1"}, joins)->recovered);
  EXPECT_TRUE(subscribe(other.events, {{"project:p1"}, "e-2"}, joins)->recovered);
}

}  // namespace
}  // namespace fanfare::domain
