#include "history/redis/redis_appender.hpp"

#include <algorithm>
#include <utility>

namespace fanfare::history {

bool append_job::kept() const { return item.has_value() || std::ranges::any_of(batch, &entry::kept); }

redis_appender::redis_appender(executor& home, appender_options options, events told)
    : home_(home), options_(std::move(options)), told_(std::move(told)) {}

void redis_appender::add(append_job job) {
  waiting_.push_back(std::move(job));
  if (std::exchange(flush_due_, true)) return;
  // What several publishers have in the same turn leaves in one call.
  home_.defer([this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    flush_due_ = false;
    flush();
  });
}

void redis_appender::go(redis::client& client, std::string script, std::string epoch) {
  client_ = &client;
  script_ = std::move(script);
  epoch_ = std::move(epoch);
  flush();
}

void redis_appender::know(std::uint64_t head, std::string by) {
  if (head < known_head_) return;
  known_head_ = head;
  known_by_ = std::move(by);
}

void redis_appender::flush() {
  for (auto& each : calls_) {
    if (client_ != nullptr && !each.sent) send(each);
  }
  while (client_ != nullptr && calls_.size() < calls_max && !waiting_.empty()) {
    gather();
    send(calls_.back());
  }
}

void redis_appender::gather() {
  std::size_t entries = 0;
  std::size_t bytes = 0;
  // Publishers that wait for the same answer come together again: in two halves, one is appended while the other's are
  // answered. Few are not worth a call more.
  const auto jobs_max = calls_.empty() && waiting_.size() >= split_min ? waiting_.size() / 2 : waiting_.size();
  auto& next = calls_.emplace_back(call{++call_number_, {}, false});
  while (next.jobs.size() < jobs_max && entries < options_.call_entries_max && bytes < options_.call_bytes_max) {
    next.jobs.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    entries += next.jobs.back().batch.size() + 1;
    for (const auto& item : next.jobs.back().batch) bytes += counted_bytes(item);
  }
}

void redis_appender::send(call& which) {
  std::int64_t now_ms = 0;
  for (const auto& job : which.jobs) {
    for (const auto& item : job.batch) now_ms = std::max(now_ms, item.time_ms);
  }
  word_list words;
  words.add("EVALSHA");
  words.add(script_);
  words.add("1");
  words.add(options_.key);
  words.add(epoch_);
  words.add(options_.node);
  words.add(which.number);
  words.add(which.number == calls_.front().number ? "0" : "1");
  words.add(known_head_);
  words.add(now_ms);
  words.add(options_.bounds.bytes_max);
  words.add(options_.bounds.entries_max);
  words.add(std::max<std::size_t>(options_.bounds.room_entries_max, 1));
  words.add(options_.bounds.age_max.count());
  words.add(options_.answer_window.count());
  words.add(options_.answers_max);
  words.add(++sendings_);
  for (const auto& job : which.jobs) {
    if (job.item)
      add_fact(words, *job.item);
    else
      add_batch(words, job.batch, job.answers);
  }
  redis::batch commands;
  commands.add(words.words());
  commands.at_key(options_.key);
  if (options_.min_replicas != 0) {
    commands.add({"WAIT", std::to_string(options_.min_replicas), std::to_string(options_.replica_timeout.count())});
  }
  which.sent = true;
  client_->submit(std::move(commands),
                  [this, alive = std::weak_ptr(alive_), number = which.number, over = connection_](const auto& came) {
                    // What was under way when it was lost is made again; what is told of it yet is nobody's.
                    if (!alive.expired() && over == connection_) on_reply(number, came);
                  });
}

void redis_appender::lose() {
  client_ = nullptr;
  ++connection_;
  for (auto& each : calls_) each.sent = false;
  told_.lost();
}

void redis_appender::on_reply(std::uint64_t number, const result<std::vector<redis::reply>>& came) {
  if (!came) return lose();
  const auto& reply = came->at(0);
  if (reply.is_error("NOSCRIPT")) return lose();
  if (reply.is_error()) return refuse(number, reply.text);
  if (reply.elements.size() == 1) {
    if (reply.elements[0].text != "early") return lose();  // {"epoch"}
    // The one before it was refused, and has been answered.
    for (auto& each : calls_) each.sent = each.sent && each.number != number;
    return flush();
  }
  if (calls_.front().number != number || !settle(*came)) return refuse(number, "its answer cannot be read");
  flush();
}

/// What it was did not run.
void redis_appender::refuse(std::uint64_t number, const std::string& why) {
  const auto which = std::ranges::find(calls_, number, &call::number);
  auto jobs = std::move(which->jobs);
  calls_.erase(which);
  told_.refused(why);
  for (auto& job : jobs) {
    if (job.done) job.done(errc::unavailable);
  }
  flush();
}

bool redis_appender::settle(const std::vector<redis::reply>& replies) {
  const auto& parts = replies[0].elements;
  auto& done = calls_.front();
  if (parts.size() != 4 || parts[2].elements.size() != done.jobs.size()) return false;
  auto now = parse_standing(parts[0]);
  const auto before = parse_stream_id(parts[1].text);
  if (!now || !before) return false;
  const bool too_few = options_.min_replicas != 0 && replies.back().integer < options_.min_replicas;
  answered out{std::move(done.jobs), {}, *before, std::move(*now)};
  calls_.pop_front();
  for (std::size_t i = 0; i < out.jobs.size(); ++i) {
    auto outcome = parse_outcome(parts[2].elements[i], out.jobs[i].answers);
    if (outcome && outcome->positions.size() != out.jobs[i].batch.size()) outcome = errc::internal;
    if (outcome && too_few && out.jobs[i].kept()) {
      out.jobs[i].done = [done = std::move(out.jobs[i].done)](const auto&) {
        if (done) done(error{errc::unavailable, "too few replicas have it", {}});
      };
    }
    out.outcomes.push_back(std::move(outcome));
  }
  if (out.now.head > before->position) know(out.now.head, parts[3].text);
  told_.done(std::move(out));
  return true;
}

void redis_appender::expire(steady_time now) {
  std::vector<log::appended> late;
  while (!waiting_.empty() && waiting_.front().deadline <= now) {
    late.push_back(std::move(waiting_.front().done));
    waiting_.pop_front();
  }
  for (auto& each : calls_) {
    for (auto& job : each.jobs) {
      if (job.done && job.deadline <= now) late.push_back(std::exchange(job.done, nullptr));
    }
  }
  // Nobody waits for it any more: made again it could only surprise.
  std::erase_if(calls_, [](const call& each) {
    return !each.sent && std::ranges::none_of(each.jobs, [](const auto& job) { return job.done != nullptr; });
  });
  for (const auto& done : late) {
    if (done) done(errc::unavailable);
  }
}

std::vector<append_job> redis_appender::take_passing() {
  std::vector<append_job> out;
  std::deque<append_job> rest;
  for (auto& job : waiting_) {
    if (job.kept())
      rest.push_back(std::move(job));
    else
      out.push_back(std::move(job));
  }
  waiting_ = std::move(rest);
  return out;
}

}  // namespace fanfare::history
