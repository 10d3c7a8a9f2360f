#pragma once

// A whole service on a free port, configured by keys, with one service key and a secret.

#include <initializer_list>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/test_client.hpp"
#include "server/authorization.hpp"
#include "server/log.hpp"
#include "server/service/service.hpp"

namespace fanfare::test {

using key_list = std::initializer_list<std::pair<std::string_view, std::string_view>>;

inline server::configuration test_settings(const key_list& more = {}) {
  server::configuration settings;
  settings.set_text("server.listen", "127.0.0.1:0", "test");
  settings.set_text("server.workers", "2", "test");
  settings.set_text("auth.secret", std::string(32, 's'), "test");
  settings.set_text("publish.keys", "key-of-the-served", "test");
  for (const auto& [name, text] : more) settings.set_text(name, text, "test");
  return settings;
}

/// What the configuration's reader is told of a fault, or "none".
template <class Work>
std::string fault_of(Work work) {
  try {
    work();
  } catch (const server::config_error& failure) {
    return failure.what();
  }
  return "none";
}

struct served {
  server::configuration settings;
  std::mutex mutex;
  std::vector<std::string> lines;
  server::log log;
  server::service running;

  explicit served(const key_list& more = {})
      : settings(test_settings(more)),
        log(server::log_format::json, "debug",
            [this](std::string_view line) {
              const std::lock_guard lock(mutex);
              lines.emplace_back(line);
            }),
        running(settings, log) {
    running.start();
  }

  [[nodiscard]] std::uint16_t port() { return running.web().port(); }
  [[nodiscard]] std::string token(const std::string& sub, const std::vector<std::string>& projects = {"p1"}) const {
    return server::mint_token(settings, {.sub = sub, .projects = projects}, std::chrono::system_clock::now());
  }
  http_answer publish(const std::string& project, int number) {
    const value event = object{{"type", "project.updated"},
                               {"data", object{{"project_id", project}, {"changes", object{{"n", number}}}}}};
    return call(port(), "POST", "/api/v1/events",
                {{"X-API-Key", "key-of-the-served"}, {"Content-Type", "application/json"}}, json::write(event));
  }
};

}  // namespace fanfare::test
