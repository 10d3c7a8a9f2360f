// `fanfare serve`: from configuration to a running server, then signals until the end.

#include <signal.h>

#include <chrono>
#include <exception>
#include <ostream>

#include <fmt/format.h>

#include "server/commands.hpp"
#include "server/dev_mode.hpp"
#include "server/log.hpp"
#include "server/service/service.hpp"

namespace fanfare::server {

namespace {

configuration settings_for(const serve_request& asked) {
  auto settings = load(asked.from);
  if (!asked.listen.empty()) settings.set_text("server.listen", asked.listen, "--listen");
  if (!asked.workers.empty()) settings.set_text("server.workers", asked.workers, "--workers");
  return settings;
}

sigset_t own_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

void reload(const serve_request& asked, const configuration& in_effect, service& running, log& lines) {
  try {
    const auto settings = settings_for(asked);
    if (const auto faults = settings.inconsistencies(); !faults.empty()) throw config_error(faults);
    running.reload(settings);
    lines.info("reloaded", {{"file", asked.from.path}});
    if (const auto waiting = in_effect.waiting_for_restart(settings); !waiting.empty()) {
      lines.warn("changed, but only a restart takes it", {{"keys", fmt::format("{}", fmt::join(waiting, " "))}});
    }
  } catch (const std::exception& failure) {
    lines.error("not reloaded", {{"reason", in_words(failure)}});
  }
}

/// Drains for a while, which another signal cuts short, and stops.
void end(service& running, const configuration& settings, const sigset_t& signals, log& lines) {
  const auto drain_ms = settings.integer("server.drain_ms");
  lines.info("draining", {{"drain_ms", drain_ms}});
  running.drain();
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(drain_ms);
  for (auto left = until - std::chrono::steady_clock::now(); left > left.zero();
       left = until - std::chrono::steady_clock::now()) {
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
    const timespec wait{ns / 1000000000, ns % 1000000000};
    const int signal = sigtimedwait(&signals, nullptr, &wait);
    if (signal == SIGTERM || signal == SIGINT) break;
  }
  running.stop();
  lines.info("stopped");
}

}  // namespace

int run_serve(const serve_request& asked, const streams& io) {
  auto settings = settings_for(asked);
  if (asked.dev) apply_dev_presets(settings);
  if (asked.dev && !asked.dev_public) {
    std::vector<std::string> faults;
    for (const auto& address : open_addresses(settings)) {
      faults.push_back(
          fmt::format("{}: --dev gives a token for everything to whoever opens its page, and {} is not this "
                      "machine alone; add --dev-public where that is meant",
                      settings.source("server.listen"), address));
    }
    if (!faults.empty()) throw config_error(faults);
  }
  if (const auto faults = settings.inconsistencies(); !faults.empty()) throw config_error(faults);
  // Before any thread is made, so that each of them has these signals blocked and only sigwait() takes them.
  const auto signals = own_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  log lines(settings.text("log.format") == "json" ? log_format::json : log_format::text, settings.text("log.level"));
  service running(settings, lines);
  std::string token;
  if (asked.dev) {
    token = dev_token(settings);
    running.give_away(dashboard_gift(settings, token, asked.program), asked.dev_public);
    open_at_dashboard(running.web());
  }
  running.start();
  io.out << "fanfare listening on " << running.url() << std::endl;
  if (asked.dev) io.out << dev_banner(running.url(), settings, token, asked.program) << std::flush;
  lines.info("listening", {{"url", running.url()}, {"workers", running.web().workers().size()}, {"version", version}});

  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGHUP) break;
    if (asked.dev)
      lines.warn("SIGHUP changes nothing with --dev");
    else
      reload(asked, settings, running, lines);
  }
  end(running, settings, signals, lines);
  return 0;
}

}  // namespace fanfare::server
