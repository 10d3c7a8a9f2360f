#pragma once

// One connection over memory, whose client is the test.

#include "http/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "net/memory_stream.hpp"
#include "support/fake_executor.hpp"

namespace fanfare::http {

constexpr std::string_view get_root = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// The client writes with send() and reads with received(); the worker runs whatever becomes due.
struct driven : testing::Test {
  void connect(std::size_t capacity = 1 << 20) {
    home = std::make_unique<shard>(worker, options, routes, numbers);
    auto pair = net::memory_stream::make(worker, worker, capacity);
    served = pair.first->state();
    client = std::move(pair.second);
    connection::serve(*home, std::move(pair.first));
    worker.run();
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto wrote = client->write_some(std::span(&bytes, 1));
      worker.run();
      if (wrote.status != net::io_status::ok) return;
      bytes.remove_prefix(wrote.bytes);
    }
  }
  std::string received() {
    std::string all;
    char part[4096];
    for (auto got = client->read_some(part); got.status == net::io_status::ok; got = client->read_some(part)) {
      all.append(part, got.bytes);
      worker.run();
    }
    return all;
  }
  std::string exchange(std::string_view bytes) {
    send(bytes);
    return received();
  }
  bool gone() const { return served->closed && home->open.empty(); }
  double errors(const char* cause) {
    return numbers.counter("fanfare_http_errors_total", "", {{"cause", cause}}).get();
  }
  void park(const char* path = "/park") {
    routes.add("GET", path, [this](exchange_ptr asked) { parked = std::move(asked); }, {});
  }

  test::fake_executor worker;
  test::fake_executor other{1};
  metrics::registry numbers;
  server_options options;
  router routes;
  std::unique_ptr<shard> home;
  std::shared_ptr<net::memory_stream::end_state> served;
  std::unique_ptr<net::memory_stream> client;
  exchange_ptr parked;

  driven() {
    routes.add("GET", "/", [](exchange_ptr asked) { asked->respond(response::text(200, "hello")); }, {});
    routes.add("POST", "/echo", [](exchange_ptr asked) { asked->respond(response::text(200, asked->request().body)); },
               {});
    routes.add("POST", "/big", [](exchange_ptr asked) { asked->respond(response::text(200, "big")); }, {5000});
    routes.add("GET", "/long",
               [](exchange_ptr asked) { asked->respond(response::text(200, std::string(5000, 'x')), true); }, {});
    options.body_bytes_max = 1000;
    options.pipelined_bytes_max = 2000;
  }
};

}  // namespace fanfare::http
