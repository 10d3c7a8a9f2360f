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
  if (!call_.empty() && !sent_) return send();
  flush();
}

void redis_appender::know(std::uint64_t head, std::string by) {
  if (head < known_head_) return;
  known_head_ = head;
  known_by_ = std::move(by);
}

void redis_appender::flush() {
  if (client_ == nullptr || !call_.empty()) return;
  std::size_t entries = 0;
  std::size_t bytes = 0;
  while (!waiting_.empty() && entries < options_.call_entries_max && bytes < options_.call_bytes_max) {
    call_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    entries += call_.back().batch.size() + 1;
    for (const auto& item : call_.back().batch) bytes += counted_bytes(item);
  }
  if (call_.empty()) return;
  ++call_number_;
  send();
}

void redis_appender::send() {
  std::int64_t now_ms = 0;
  for (const auto& job : call_) {
    for (const auto& item : job.batch) now_ms = std::max(now_ms, item.time_ms);
  }
  word_list words;
  words.add("EVALSHA");
  words.add(script_);
  words.add("1");
  words.add(options_.key);
  words.add(epoch_);
  words.add(options_.node);
  words.add(call_number_);
  words.add(known_head_);
  words.add(now_ms);
  words.add(options_.bounds.bytes_max);
  words.add(options_.bounds.entries_max);
  words.add(std::max<std::size_t>(options_.bounds.room_entries_max, 1));
  words.add(options_.bounds.age_max.count());
  words.add(options_.answer_window.count());
  words.add(options_.answers_max);
  for (const auto& job : call_) {
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
  sent_ = true;
  client_->submit(std::move(commands), [this, alive = std::weak_ptr(alive_)](const auto& came) {
    if (!alive.expired()) on_reply(came);
  });
}

void redis_appender::on_reply(const result<std::vector<redis::reply>>& came) {
  sent_ = false;
  if (!came) {
    client_ = nullptr;
    return told_.lost();
  }
  const auto& reply = came->at(0);
  const bool elsewhere = reply.elements.size() == 1;  // {"epoch"}
  if (elsewhere || reply.is_error("NOSCRIPT")) {
    client_ = nullptr;
    return told_.lost();
  }
  if (reply.is_error()) return refuse(reply.text);
  if (!settle(*came)) return refuse("its answer cannot be read");
  flush();
}

/// What it was did not run.
void redis_appender::refuse(const std::string& why) {
  auto jobs = std::exchange(call_, {});
  told_.refused(why);
  for (auto& job : jobs) {
    if (job.done) job.done(errc::unavailable);
  }
  flush();
}

bool redis_appender::settle(const std::vector<redis::reply>& replies) {
  const auto& parts = replies[0].elements;
  if (parts.size() != 3 || parts[2].elements.size() != call_.size()) return false;
  auto now = parse_standing(parts[0]);
  const auto before = parse_stream_id(parts[1].text);
  if (!now || !before) return false;
  const bool too_few = options_.min_replicas != 0 && replies.back().integer < options_.min_replicas;
  answered out{std::exchange(call_, {}), {}, *before, std::move(*now)};
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
  if (out.now.head > before->position) know(out.now.head, options_.node + ":" + std::to_string(call_number_));
  told_.done(std::move(out));
  return true;
}

void redis_appender::expire(steady_time now) {
  std::vector<log::appended> late;
  while (!waiting_.empty() && waiting_.front().deadline <= now) {
    late.push_back(std::move(waiting_.front().done));
    waiting_.pop_front();
  }
  bool awaited = false;
  for (auto& job : call_) {
    if (job.done && job.deadline <= now) late.push_back(std::exchange(job.done, nullptr));
    awaited = awaited || job.done;
  }
  // Nobody waits for it any more: made again it could only surprise.
  if (!awaited && !sent_) call_.clear();
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
