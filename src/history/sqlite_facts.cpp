#include "history/sqlite_facts.hpp"

#include <algorithm>
#include <utility>

#include <fanfare/base/json.hpp>

namespace fanfare::history {

namespace {

constexpr std::int64_t trim_every_ms = 60000;

}  // namespace

sqlite_facts::sqlite_facts(sqlite_database& file, answer_bounds bounds)
    : file_(file),
      bounds_(bounds),
      remember_(file.prepare("INSERT OR REPLACE INTO answer(key, time_ms, digest, events) VALUES(?,?,?,?)")),
      keep_(file.prepare("INSERT OR REPLACE INTO fact(name, number, until_ms, content) VALUES(?,?,?,?)")),
      withdraw_(file.prepare("DELETE FROM fact WHERE name=?")),
      drop_(file.prepare("DELETE FROM fact WHERE until_ms < ?")),
      forget_(file.prepare("DELETE FROM answer WHERE number IN (SELECT number FROM answer ORDER BY number LIMIT ?)")),
      aged_(file.prepare("SELECT count(*) FROM (SELECT 1 FROM answer WHERE number <= "
                         "(SELECT max(number) FROM (SELECT number, time_ms FROM answer ORDER BY number LIMIT 1000) "
                         "WHERE time_ms < ?))")) {}

void sqlite_facts::count() { answers_ = static_cast<std::size_t>(file_.number("SELECT count(*) FROM answer")); }

void sqlite_facts::trim(std::int64_t now_ms) {
  forget_answers(now_ms);
  if (now_ms - trimmed_ms_ <= trim_every_ms) return;
  trimmed_ms_ = now_ms;
  drop_.reset().bind(1, now_ms).run();
}

void sqlite_facts::remember(const std::vector<answer>& answers, const std::vector<entry>& batch) {
  for (const auto& each : answers) {
    array events;
    for (const auto& event : each.events) {
      const auto position = event.of_batch ? batch.at(*event.of_batch).position : event.position;
      array pair;
      pair.emplace_back(event.id);
      pair.emplace_back(static_cast<std::int64_t>(position));
      events.emplace_back(std::move(pair));
    }
    const auto text = json::write(value(std::move(events)));
    remember_.reset().bind_blob(1, each.key).bind(2, each.time_ms).bind_blob(3, each.digest).bind_text(4, text).run();
    ++answers_;
  }
}

void sqlite_facts::keep(const fact& item) {
  if (item.until_ms == 0) return withdraw_.reset().bind_blob(1, item.name).run();
  keep_.reset().bind_blob(1, item.name).bind(2, item.number).bind(3, item.until_ms).bind_blob(4, item.content).run();
}

std::vector<fact> sqlite_facts::facts(const std::string& path, std::int64_t now_ms) {
  sqlite_database file(path, sqlite_database::access::read);
  std::vector<fact> out;
  auto rows = file.prepare("SELECT name, number, until_ms, content FROM fact WHERE until_ms >= ?");
  for (rows.bind(1, now_ms); rows.step();) {
    out.push_back({std::string(rows.text(0)), rows.integer(1), rows.integer(2), std::string(rows.text(3))});
  }
  return out;
}

// They come in the order of their time, near enough: what is past the window is at the front.
void sqlite_facts::forget_answers(std::int64_t now_ms) {
  std::int64_t gone = 0;
  if (answers_ > bounds_.answers_max) {
    gone = static_cast<std::int64_t>(answers_ - bounds_.answers_max);
  } else if (answers_ != 0) {
    auto& aged = aged_.reset().bind(1, now_ms - bounds_.window.count());
    if (aged.step()) gone = aged.integer(0);
    aged.reset();
  }
  if (gone == 0) return;
  forget_.reset().bind(1, gone).run();
  answers_ -= std::min(answers_, static_cast<std::size_t>(gone));
}

std::vector<answer> sqlite_facts::remembered(const std::string& path) {
  sqlite_database file(path, sqlite_database::access::read);
  std::vector<answer> out;
  for (auto rows = file.prepare("SELECT key, digest, time_ms, events FROM answer ORDER BY number"); rows.step();) {
    answer each;
    each.key = rows.text(0);
    each.digest = rows.text(1);
    each.time_ms = rows.integer(2);
    const auto events = json::parse(rows.text(3));
    if (!events || events->if_array() == nullptr) continue;
    for (const auto& event : *events->if_array()) {
      const auto* pair = event.if_array();
      if (pair == nullptr || pair->size() != 2 || (*pair)[1].if_integer() == nullptr) continue;
      each.events.push_back(
          {std::string((*pair)[0].as_string()), static_cast<std::uint64_t>(*(*pair)[1].if_integer()), {}});
    }
    out.push_back(std::move(each));
  }
  return out;
}

}  // namespace fanfare::history
