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
  temporary_folder folder;
  metrics::registry numbers;
};

TEST_F(redis_connection_test, asks_what_the_url_names) {
  const auto port = redis::test::free_ports(1).at(0);
  auto redis = redis::test::server(folder, port);
  const auto settings =
      test_settings({{"redis.url", "redis://127.0.0.1:" + std::to_string(port)}, {"redis.prefix", "p"}});
  server::redis_connection at(settings, numbers, real_world());
  EXPECT_EQ(at.prefix(), "{p}");
  std::promise<std::string> got;
  std::unique_ptr<redis::client> client;
  at.home().post([&] {
    client = at.make_client();
    client->submit({"CLIENT", "GETNAME"}, [&](const auto& came) {
      // The client ends first, on its own thread, and not from within its answer.
      at.home().post([&, name = came ? came->at(0).text : came.error().detail] {
        client.reset();
        got.set_value(name);
      });
    });
  });
  EXPECT_EQ(got.get_future().get(), "fanfare");
}

TEST_F(redis_connection_test, names_the_key_that_is_wrong) {
  const auto refused = [this](const key_list& more) {
    return fault_of([&] { server::redis_connection(test_settings(more), numbers, real_world()); });
  };
  EXPECT_THAT(refused({{"redis.url", "http://h"}}), HasSubstr("test: redis.url must start with redis://"));
  EXPECT_THAT(refused({{"redis.url", "rediss://h"}, {"redis.tls_ca", "/no/such/file"}}), HasSubstr("redis.tls_ca"));
}

}  // namespace
}  // namespace fanfare::test
