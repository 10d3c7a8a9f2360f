#include "server/commands.hpp"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <ostream>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fanfare/base/json.hpp>

#include "domain/catalogue/catalogue_formats.hpp"
#include "domain/envelope.hpp"
#include "server/configuration/production_check.hpp"
#include "server/event_types.hpp"
#include "server/http_client.hpp"
#include "server/listen_client.hpp"
#include "server/service/service.hpp"

namespace fanfare::server {

namespace {

/// What --data names. Throws std::runtime_error.
std::string read_data(const std::string& given) {
  if (!given.starts_with('@')) return given;
  if (given == "@-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream file(given.substr(1), std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + given.substr(1));
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string base_of(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

void print_problem(const client_response& answer, std::ostream& err) {
  err << "fanfare: " << answer.status;
  const auto body = json::parse(answer.body);
  for (const auto* name : {"title", "pointer", "detail"}) {
    const auto* item = body ? body->find(name) : nullptr;
    auto text = item != nullptr ? item->as_string() : std::string_view();
    if (text.ends_with('.')) text.remove_suffix(1);
    if (!text.empty()) err << ": " << text;
  }
  err << "\n";
}

/// Gives the exit code: hints leave it 0.
int report_production(const configuration& settings, const std::string& path, const streams& io) {
  const auto found = production_warnings(settings, surroundings_of(path));
  for (const auto& each : found) io.err << "fanfare: " << each.line() << "\n";
  const auto warnings = std::ranges::count(found, urgency::warning, &production_warning::level);
  const auto hints = std::ssize(found) - warnings;
  const auto counted = [](auto count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  };
  if (warnings == 0) {
    io.out << path << ": good for production, " << counted(hints, "hint") << "\n";
    return 0;
  }
  io.err << "fanfare: " << path << ": not ready for production: " << counted(warnings, "warning") << ", "
         << counted(hints, "hint") << "\n";
  return 1;
}

}  // namespace

configuration load(const config_sources& from) {
  configuration settings;
  if (!from.path.empty()) settings.load_file(from.path);
  settings.load_environment(from.environment);
  return settings;
}

int run_token(const config_sources& from, const token_request& asked, const streams& io) {
  io.out << mint_token(load(from), asked, std::chrono::system_clock::now()) << "\n";
  return 0;
}

int run_publish(const publish_request& asked, const streams& io) {
  auto data = json::parse(read_data(asked.data));
  if (!data) {
    io.err << "fanfare: --data is no JSON: " << data.error().detail << "\n";
    return 1;
  }
  if (asked.key.empty()) {
    io.err << "fanfare: a service key or a token is needed: --key or FANFARE_KEY\n";
    return 1;
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  // The id is made here, so that each repetition is the same event to the server.
  object event{{"type", asked.type}, {"id", asked.id.empty() ? domain::make_event_id(now_ms, real_world()) : asked.id}};
  if (!asked.rooms.empty()) event.set("rooms", array(asked.rooms.begin(), asked.rooms.end()));
  event.set("data", std::move(*data));

  client_request request;
  request.method = "POST";
  request.url = base_of(asked.url) + "/api/v1/events";
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Authorization", "Bearer " + asked.key);
  request.body = json::write(value(std::move(event)));
  constexpr int attempts = 3;
  for (int attempt = 1;; ++attempt) {
    const auto answer = http_request(request);
    if (answer && answer->status == 202) {
      const auto body = json::parse(answer->body);
      const auto* first = body ? body->at_pointer("/events/0") : nullptr;
      io.out << (first ? json::write(*first) : answer->body) << "\n";
      return 0;
    }
    const bool again = !answer ? answer.error().code != errc::bad_request
                               : answer->status == 503 || answer->status == 429 || answer->status == 502;
    if (!again || attempt == attempts) {
      if (answer)
        print_problem(*answer, io.err);
      else
        io.err << "fanfare: " << asked.url << ": " << answer.error().detail << "\n";
      return 1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200 * attempt));
  }
}

int run_listen(const listen_request& asked, const streams& io) {
  if (asked.token.empty()) {
    io.err << "fanfare: a token is needed: --token or FANFARE_TOKEN (fanfare token makes one)\n";
    return 1;
  }
  listen_options options;
  options.url = asked.url;
  options.token = asked.token;
  options.rooms = asked.rooms;
  options.since = asked.since;
  options.retries = asked.retries;
  options.last = asked.last;
  options.on_event = [&io](const value& event) { io.out << json::write(event) << std::endl; };
  options.on_notice = [&io](std::string_view text) { io.err << "fanfare: " << text << std::endl; };
  listen_client client(std::move(options));
  // SIGINT and SIGTERM end it in order: the events printed are whole lines.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::jthread waiter([&client, ends](const std::stop_token& done) {
    const timespec step{0, 100000000};
    while (!done.stop_requested()) {
      if (sigtimedwait(&ends, nullptr, &step) > 0) return client.stop();
    }
  });
  return client.run() ? 0 : 1;
}

int run_events(const config_sources& from, const std::string& format, const streams& io) {
  const auto types = load_catalogue(load(from));
  if (format == "json-schema")
    io.out << json::write_pretty(domain::json_schema_bundle(types)) << "\n";
  else if (format == "asyncapi")
    io.out << json::write_pretty(domain::asyncapi_document(types, std::string(version))) << "\n";
  else if (format == "typescript")
    io.out << domain::typescript(types);
  else if (format == "python")
    io.out << domain::python(types);
  else if (format == "cpp")
    io.out << domain::cpp(types);
  else if (format == "markdown")
    io.out << domain::markdown(types);
  else
    io.out << domain::table(types);
  return 0;
}

int run_events_check(const config_sources& from, const std::vector<std::string>& paths, const streams& io) {
  if (auto faults = check_schemas(load(from), paths); !faults.empty()) throw config_error(std::move(faults));
  for (const auto& path : paths) io.out << path << ": good\n";
  return 0;
}

int run_config_check(const config_sources& from, bool production, const streams& io) {
  // All at once: who mends one at a time would run this as often as there are faults.
  std::vector<std::string> faults;
  const auto note = [&faults](const std::vector<std::string>& more) {
    for (const auto& each : more) {
      if (std::ranges::find(faults, each) == faults.end()) faults.push_back(each);
    }
  };
  const auto collect = [&note](const auto& work) {
    try {
      work();
    } catch (const config_error& failure) {
      note(failure.problems());
    }
  };
  configuration settings;
  const auto text = read_config_file(from.path);
  collect([&] { settings.load_toml(text, from.path); });
  collect([&] { settings.load_environment(from.environment); });
  const auto together = settings.inconsistencies();
  note(together);
  collect([&] { static_cast<void>(load_retention(settings, load_catalogue(settings))); });
  collect([&] { static_cast<void>(access_policy_of(settings)); });
  collect([&] { static_cast<void>(github_settings_of(settings)); });
  // Keys that are missing or too short have been told, with their cure.
  if (together.empty()) collect([&] { static_cast<void>(verification_keys(settings)); });
  if (!faults.empty()) throw config_error(faults);
  if (production) return report_production(settings, from.path, io);
  io.out << from.path << ": good\n";
  return 0;
}

int run_config_show(const config_sources& from, const streams& io) {
  io.out << show(load(from));
  return 0;
}

}  // namespace fanfare::server
