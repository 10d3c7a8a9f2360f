#include "history/redis/redis_reader.hpp"

#include <algorithm>

namespace fanfare::history {

void redis_reader::page(const range& wanted, log::page_ready done) {
  constexpr std::size_t entries_max = 10000;
  word_list words;
  words.add("EVALSHA");
  words.add(joiner_.loaded().read);
  words.add("1");
  words.add(key_);
  words.add(wanted.after);
  words.add(std::min(wanted.up_to, position_max));
  words.add(wanted.since_ms);
  words.add(wanted.newest_first ? "1" : "0");
  words.add(std::clamp<std::size_t>(wanted.entries_max, 1, entries_max));
  words.add(std::min(wanted.bytes_max, page_bytes_max_));
  for (const auto& room : wanted.rooms) words.add(room);
  redis::batch commands;
  commands.add(words.words());
  commands.at_key(key_);
  joiner_.client().submit(std::move(commands),
                          [done = std::move(done)](const auto& came) {
                            if (!came || came->at(0).is_error()) return done(errc::unavailable);
                            done(parse_page(came->at(0)));
                          },
                          {.repeatable = true});
}

void redis_reader::facts(facts_ready done) {
  redis::batch commands{"GET", key_ + ":passed"};
  commands.at_key(key_);
  joiner_.client().submit(std::move(commands),
                          [this, alive = std::weak_ptr(alive_), done = std::move(done)](const auto& came) {
                            if (!came || came->at(0).is_error() || alive.expired()) return done(errc::unavailable);
                            auto into = std::make_shared<kept_facts>();
                            if (const auto passed = parse_stream_id(came->at(0).text)) into->passed = *passed;
                            scan_facts("0", into, done);
                          },
                          {.repeatable = true});
}

void redis_reader::scan_facts(const std::string& cursor, const std::shared_ptr<kept_facts>& into,
                              const facts_ready& done) {
  redis::batch commands{"HSCAN", key_ + ":facts", cursor, "COUNT", "1000"};
  commands.at_key(key_);
  joiner_.client().submit(std::move(commands),
                          [this, alive = std::weak_ptr(alive_), into, done](const auto& came) {
                            if (!came || came->at(0).elements.size() != 2 || alive.expired()) {
                              return done(errc::unavailable);
                            }
                            const auto& page = came->at(0).elements[1].elements;
                            for (std::size_t i = 0; i + 1 < page.size(); i += 2) {
                              auto each = parse_fact(page[i].text, page[i + 1].text);
                              if (each) into->all.push_back(std::move(*each));
                            }
                            const auto& next = came->at(0).elements[0].text;
                            if (next == "0") return done(std::move(*into));
                            scan_facts(next, into, done);
                          },
                          {.repeatable = true});
}

void redis_reader::find(const std::string& name, log::found done) {
  redis::batch commands{"HGET", key_ + ":facts", name};
  commands.at_key(key_);
  joiner_.client().submit(std::move(commands),
                          [name, done = std::move(done)](const auto& came) {
                            done(came && !came->at(0).is_null() ? parse_fact(name, came->at(0).text) : std::nullopt);
                          },
                          {.repeatable = true});
}

void redis_reader::trim(std::int64_t now_ms, const memory_log_options& bounds,
                        std::function<void(const standing& now)> done) {
  redis::batch commands{"EVALSHA",
                        joiner_.loaded().trim,
                        "1",
                        key_,
                        std::to_string(now_ms),
                        std::to_string(bounds.bytes_max),
                        std::to_string(bounds.entries_max),
                        std::to_string(bounds.age_max.count())};
  commands.at_key(key_);
  joiner_.client().submit(std::move(commands),
                          [alive = std::weak_ptr(alive_), done = std::move(done)](const auto& came) {
                            const auto now = came && !alive.expired() ? parse_standing(came->at(0)) : std::nullopt;
                            if (now) done(*now);
                          });
}

}  // namespace fanfare::history
