#include "server/service/redis_connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "redis/real/redis_process.hpp"
#include "server/served.hpp"

namespace fanfare::test {
namespace {

using testing::HasSubstr;

struct redis_connection_test : testing::Test {
  std::string ask(server::redis_connection& at, redis::batch commands) {
    std::promise<std::string> got;
    at.home().post([&] {
      at.client().submit(std::move(commands),
                         [&](const auto& came) { got.set_value(came ? came->at(0).text : came.error().detail); });
    });
    return got.get_future().get();
  }
  temporary_folder folder;
  metrics::registry numbers;
};

TEST_F(redis_connection_test, asks_and_hears_what_the_url_names) {
  const auto port = redis::test::free_ports(1).at(0);
  auto redis = redis::test::server(folder, port);
  const auto settings =
      test_settings({{"redis.url", "redis://127.0.0.1:" + std::to_string(port)}, {"redis.prefix", "p"}});
  std::promise<void> ready;
  server::redis_connection at(settings, numbers, real_world(), [&ready](const std::string& reason) {
    if (reason.empty()) ready.set_value();
  });
  ready.get_future().wait();
  EXPECT_EQ(at.prefix(), "{p}");
  EXPECT_EQ(ask(at, {"ECHO", "hello"}), "hello");

  std::promise<std::string> heard;
  std::shared_ptr<redis::subscriber> ears;
  at.run([&] {
    redis::subscriber::events told;
    told.message = [&heard](const redis::published& came) { heard.set_value(came.channel + "=" + came.payload); };
    ears = at.make_subscriber(std::move(told));
    ears->subscribe(redis::subscription::channel, "c", [&at](const auto&) {
      at.client().submit({"PUBLISH", "c", "news"}, [](const auto&) {});
    });
  });
  EXPECT_EQ(heard.get_future().get(), "c=news");
  at.run([&] {
    ears->close();
    ears.reset();
  });
  at.close();
  at.close();
}

TEST_F(redis_connection_test, names_the_key_that_is_wrong) {
  const auto refused = [this](const key_list& more) {
    return fault_of([&] { server::redis_connection(test_settings(more), numbers, real_world(), nullptr); });
  };
  EXPECT_THAT(refused({{"redis.url", "http://h"}}), HasSubstr("test: redis.url must start with redis://"));
  EXPECT_THAT(refused({{"redis.url", "rediss://h"}, {"redis.tls_ca", "/no/such/file"}}), HasSubstr("redis.tls_ca"));
}

}  // namespace
}  // namespace fanfare::test
