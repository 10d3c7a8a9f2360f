#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <ostream>
#include <sstream>
#include <streambuf>
#include <thread>

#include "api/test_client.hpp"
#include "server/commands.hpp"

namespace fanfare::test {
namespace {

/// A stream whose text another thread can wait for.
class watched : public std::streambuf {
 public:
  std::string wait_for(const std::string& part) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return text_.find(part) != std::string::npos; });
    return text_;
  }

 protected:
  int overflow(int letter) override {
    const char one = static_cast<char>(letter);
    xsputn(&one, 1);
    return letter;
  }
  std::streamsize xsputn(const char* text, std::streamsize count) override {
    const std::lock_guard lock(mutex_);
    text_.append(text, static_cast<std::size_t>(count));
    changed_.notify_all();
    return count;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
};

/// run_serve() on a thread, which signals are sent to.
struct serving {
  watched text;
  std::ostream out{&text};
  std::ostringstream err;
  int code = -1;
  std::thread thread;

  explicit serving(server::serve_request asked)
      : thread([this, asked = std::move(asked)] {
          code = server::run_serve(asked, {out, err});
        }) {}
  std::uint16_t port() {
    const std::string mark = "fanfare listening on http://127.0.0.1:";
    const auto all = text.wait_for(mark);
    text.wait_for("\n");
    EXPECT_TRUE(all.starts_with(mark)) << all;
    const auto line = text.wait_for("\n");
    return static_cast<std::uint16_t>(std::stoi(line.substr(mark.size())));
  }
  void signal(int number) { pthread_kill(thread.native_handle(), number); }
  int end() {
    signal(SIGTERM);
    thread.join();
    return code;
  }
};

TEST(Serve, DevModePrintsThePortAndOpensAtTheDashboard) {
  serving running({.from = {}, .listen = "127.0.0.1:0", .workers = "1", .dev = true});
  const auto port = running.port();
  EXPECT_EQ(call(port, "GET", "/").headers.get("Location"), "/dashboard/");
  EXPECT_THAT(call(port, "GET", "/dashboard/session.json").body, testing::HasSubstr("\"token\":\"eyJ"));
  EXPECT_THAT(running.text.wait_for("More tokens"),
              testing::HasSubstr("curl http://127.0.0.1:" + std::to_string(port)));
  running.signal(SIGHUP);
  EXPECT_EQ(call(port, "GET", "/readyz").status, 200u);
  EXPECT_EQ(running.end(), 0);
}

TEST(Serve, HangUpReloadsAndTermDrains) {
  const auto path = testing::TempDir() + "fanfare_serve_test.toml";
  const auto write = [&path](const std::string& key, const std::string& secret) {
    std::ofstream(path) << "[auth]\nsecret = \"" << secret << "\"\n[publish]\nkeys = [\"" << key
                        << "\"]\n[server]\ndrain_ms = 60000\n[log]\nlevel = \"off\"\n";
  };
  const auto status = [](std::uint16_t port, const std::string& key) {
    return call(port, "GET", "/api/v1/rooms", {{"X-API-Key", key}}).status;
  };
  write("first-key-of-the-file", std::string(32, 's'));
  serving running({.from = {path, nullptr}, .listen = "127.0.0.1:0", .workers = "1"});
  const auto port = running.port();
  EXPECT_EQ(status(port, "first-key-of-the-file"), 200u);
  write("next-key-of-the-file", std::string(32, 's'));
  running.signal(SIGHUP);
  while (status(port, "next-key-of-the-file") != 200u) std::this_thread::yield();
  EXPECT_EQ(status(port, "first-key-of-the-file"), 401u);
  // A file that cannot be used leaves everything as it was.
  write("third-key-of-the-file", "short");
  running.signal(SIGHUP);
  running.signal(SIGTERM);
  while (call(port, "GET", "/readyz").status != 503u) std::this_thread::yield();
  EXPECT_EQ(status(port, "next-key-of-the-file"), 200u);
  // The second signal cuts the minute of draining short.
  EXPECT_EQ(running.end(), 0);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace fanfare::test
