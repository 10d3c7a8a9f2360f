#include "server/history_commands.hpp"

#include <functional>
#include <ostream>

#include <fmt/format.h>
#include <fanfare/base/json.hpp>
#include <fanfare/base/rfc3339.hpp>

#include "history/cursor.hpp"
#include "history/sqlite_file.hpp"

namespace fanfare::server {

namespace {

std::string path_of(const history_request& asked) {
  if (!asked.path.empty()) return asked.path;
  const auto settings = load(asked.from);
  if (settings.text("history.path").empty()) {
    throw config_error(
        {"history.path is empty, so there is no file: name one with --path, or a configuration with -c"});
  }
  return settings.text("history.path");
}

int with_file(const history_request& asked, const streams& io, const std::function<int(history::sqlite_file&)>& work) {
  const auto path = path_of(asked);
  try {
    history::sqlite_file file(path);
    return work(file);
  } catch (const history::sqlite_error& failure) {
    io.err << "fanfare: " << path << ": " << failure.what() << "\n";
    return 1;
  }
}

std::string time_of(std::int64_t ms) {
  return ms == 0 ? "-" : format_rfc3339(std::chrono::system_clock::time_point(std::chrono::milliseconds(ms)));
}

}  // namespace

int run_history_stats(const history_request& asked, const streams& io) {
  return with_file(asked, io, [&io](history::sqlite_file& file) {
    const auto found = file.stats();
    const auto line = [&io](const char* name, const auto& content) {
      io.out << fmt::format("{:<14}{}\n", name, content);
    };
    line("events", found.entries);
    line("rooms", found.rooms);
    line("oldest", fmt::format("{}  {}", time_of(found.oldest_ms), history::to_text(found.epoch, found.oldest)));
    line("newest", fmt::format("{}  {}", time_of(found.newest_ms), history::to_text(found.epoch, found.head)));
    line("json bytes", found.json_bytes);
    line("file bytes", fmt::format("{} ({} free)", found.file_bytes, found.free_bytes));
    line("answers", found.answers);
    const auto facts = [&found](const char* kind) { return found.facts.contains(kind) ? found.facts.at(kind) : 0; };
    line("revocations", facts("revoked"));
    line("sessions", facts("session"));
    return 0;
  });
}

int run_history_export(const history_request& asked, const streams& io) {
  return with_file(asked, io, [&](history::sqlite_file& file) {
    const auto epoch = file.stats().epoch;
    std::uint64_t after = 0;
    if (!asked.since.empty()) {
      const auto cursor = history::parse_cursor(asked.since);
      if (!cursor || cursor->epoch != epoch) {
        io.err << "fanfare: --since is no cursor of this history\n";
        return 2;
      }
      after = cursor->position;
    }
    file.each(asked.room, after, [&](std::uint64_t position, std::string_view text) {
      auto envelope = json::parse(text);
      if (!envelope || envelope->if_object() == nullptr) return;
      envelope->if_object()->set("cursor", history::to_text(epoch, position));
      io.out << json::write(*envelope) << "\n";
    });
    return io.out.good() ? 0 : 1;
  });
}

int run_history_delete(const history_request& asked, const streams& io) {
  return with_file(asked, io, [&](history::sqlite_file& file) {
    const auto count = asked.user.empty() ? file.erase_room(asked.room) : file.erase_user(asked.user);
    io.out << "deleted " << count << (count == 1 ? " event\n" : " events\n");
    return 0;
  });
}

int run_history_backup(const history_request& asked, const streams& io) {
  return with_file(asked, io, [&](history::sqlite_file& file) {
    file.backup(asked.to);
    io.out << asked.to << ": written\n";
    return 0;
  });
}

int run_history_verify(const history_request& asked, const streams& io) {
  return with_file(asked, io, [&](history::sqlite_file& file) {
    const auto faults = file.verify();
    for (const auto& fault : faults) io.err << "fanfare: " << fault << "\n";
    if (!faults.empty()) return 1;
    io.out << "good: " << file.stats().entries << " events\n";
    return 0;
  });
}

}  // namespace fanfare::server
