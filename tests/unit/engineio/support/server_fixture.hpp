#pragma once

// An echoing server on real sockets, with as many workers as the test's parameter says, and ways to ask it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <fanfare/engineio/server.hpp>

#include "engineio/session_id.hpp"
#include "engineio/support/raw_client.hpp"

namespace fanfare::engineio {

using test::raw_answer;
using test::raw_client;

class server_fixture : public testing::TestWithParam<unsigned> {
 protected:
  ~server_fixture() override {
    if (web) web->stop(milliseconds{100});
  }
  void start() {
    http::server_options on;
    on.listen = {"127.0.0.1:0"};
    on.workers = GetParam();
    web = std::make_unique<http::server>(on);
    io = std::make_unique<server>(*web, options);
    io->on_connection([this](const socket_ptr& socket) {
      auto* const raw = socket.get();
      socket->on_message([raw](socket::message in) {
        if (in.bytes == "close me") return raw->close();
        raw->send(in.binary ? encode_binary(in.bytes) : encode_text(in.bytes));
      });
      socket->on_close([this](close_reason reason) { note(std::string(to_string(reason))); });
    });
    web->start();
    port = web->port();
  }

  void note(std::string text) {
    const std::lock_guard lock(mutex);
    notes.push_back(std::move(text));
    noted.notify_all();
  }
  /// Waits until so many sessions have ended.
  std::vector<std::string> closed(std::size_t count) {
    std::unique_lock lock(mutex);
    noted.wait_for(lock, std::chrono::seconds{30}, [&] { return notes.size() >= count; });
    return notes;
  }

  raw_answer ask(std::string_view method, std::string_view query, std::string_view body = {}) {
    return raw_client(port).ask(method, query, body);
  }
  std::string open() {
    const auto answer = ask("GET", "EIO=4&transport=polling");
    const auto at = answer.body.find("\"sid\":\"");
    return at == std::string::npos ? "" : answer.body.substr(at + 7, 20);
  }
  static std::string poll_of(const std::string& sid) { return "EIO=4&transport=polling&sid=" + sid; }
  static std::string upgrade_of(const std::string& sid) { return "EIO=4&transport=websocket&sid=" + sid; }
  raw_answer get(const std::string& sid) { return ask("GET", poll_of(sid)); }
  raw_answer post(const std::string& sid, std::string_view body) { return ask("POST", poll_of(sid), body); }
  std::unique_ptr<raw_client> upgraded(const std::string& sid) {
    auto client = std::make_unique<raw_client>(port);
    EXPECT_EQ(client->open_websocket(upgrade_of(sid)).status, 101U);
    client->send_frame("2probe");
    EXPECT_EQ(client->frame(), "3probe");
    return client;
  }

  /// While it lives the worker that owns the session handles nothing, so that what is sent meanwhile is readable at
  /// once.
  class held_worker {
   public:
    held_worker(http::server& web, const std::string& sid) {
      std::promise<void> holds;
      auto held = holds.get_future();
      web.workers().at(place_of(sid).value().worker).post([&holds, until = release_.get_future().share()] {
        holds.set_value();
        until.wait();
      });
      held.wait();
    }
    ~held_worker() { release_.set_value(); }
    held_worker(const held_worker&) = delete;
    held_worker& operator=(const held_worker&) = delete;

   private:
    std::promise<void> release_;
  };

  server_options options;
  std::unique_ptr<http::server> web;
  std::unique_ptr<server> io;
  std::uint16_t port = 0;
  std::mutex mutex;
  std::condition_variable noted;
  std::vector<std::string> notes;
};

}  // namespace fanfare::engineio
