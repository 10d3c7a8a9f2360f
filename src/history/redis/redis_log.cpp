#include "history/redis/redis_log.hpp"

#include <future>
#include <stdexcept>
#include <utility>

namespace fanfare::history {

namespace {
constexpr milliseconds tick_interval{100};
constexpr milliseconds answer_delay_max{1000};  // beyond it an append is answered though this node has not seen it yet
}  // namespace

redis_log::redis_log(executor& home, redis_log_options options)
    : home_(home), options_(std::move(options)), key_(options_.prefix + ":log"), window_("w", options_.window) {
  home_.post([this] { start(); });
  if (options_.start_timeout.count() == 0) return;
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, options_.start_timeout, [this] { return open_; })) return;
  const auto why = trouble_.empty() ? "it does not answer" : trouble_;
  lock.unlock();
  close();
  throw std::runtime_error(why);
}

void redis_log::start() {
  auto how = options_.appender;
  how.key = key_;
  appender_ = std::make_unique<redis_appender>(
      home_, std::move(how),
      redis_appender::events{[this](auto came) { on_answered(std::move(came)); },
                             [this] {
                               if (joiner_) joiner_->join();  // null: the client that it has ends with it
                             },
                             [this](const std::string& why) { set_refusing(true, why); }});
  follower_ = std::make_unique<redis_follower>(
      home_, options_.make_client, redis_follower::options{.key = key_, .patience = options_.patience},
      redis_follower::events{[this](const auto& item) { return on_item(item); }, [this] { give_answers(); },
                             [this] { follow(follower_->last(), true); },
                             [this] {
                               following_ = false;
                               joiner_->join();
                             }});
  joiner_ = std::make_unique<redis_joiner>(
      home_, options_.make_client, key_, options_.draw_epoch,
      redis_joiner::events{[this] { return known(); },
                           [this](const auto& now, bool missed, bool moved) { on_joined(now, missed, moved); },
                           [this](const std::string& reason) { on_away(reason); }});
  reader_ = std::make_unique<redis_reader>(*joiner_, key_, options_.page_bytes_max);
}

void redis_log::begin_close() {
  const std::lock_guard guard(mutex_);
  if (std::exchange(stopping_, true)) return;
  home_.post([this] {
    take_inbox();
    if (!away_since_) away_since_ = home_.now();
    tick();
  });
}

void redis_log::close() {
  begin_close();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_; });
}

/// Nothing more comes; who still waits is told so.
void redis_log::end() {
  home_.cancel(std::exchange(timer_, 0));
  give_answers();
  if (appender_) appender_->expire(steady_time::max());
  reader_ = nullptr;
  joiner_ = nullptr;
  follower_ = nullptr;
  appender_ = nullptr;
  // Behind the clients that end themselves in what was posted before.
  home_.post([this] {
    const std::lock_guard guard(mutex_);
    ended_ = true;
    changed_.notify_all();
  });
}

void redis_log::watch_facts(fact_watcher watcher) {
  const bool wants_all = watcher.reread != nullptr;
  told_.watch_facts(std::move(watcher));
  if (!wants_all) return;
  home_.post([this] {
    facts_missed_ = true;
    if (joiner_ && following_) follow(follower_->last(), true);
  });
  if (options_.start_timeout.count() == 0) return;
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, options_.start_timeout, [this] { return all_told_; })) return;
  throw std::runtime_error("Redis did not give what is kept beside the events");
}

void redis_log::append(std::vector<entry> batch, std::vector<answer> answers, appended done) {
  give({std::move(batch), std::move(answers), std::nullopt, std::move(done), {}});
}

void redis_log::keep(fact item, kept done) {
  give({{},
        {},
        std::move(item),
        [done = std::move(done)](const result<placed>& outcome) { done(outcome ? result<void>() : outcome.error()); },
        {}});
}

void redis_log::give(append_job job) {
  bool first = false;
  {
    const std::lock_guard guard(mutex_);
    if (!stopping_ && (ready_ || !job.kept())) {
      inbox_.push_back(std::move(job));
      job.done = nullptr;
      first = inbox_.size() == 1;
    }
  }
  if (job.done) return job.done(errc::unavailable);
  if (first) home_.post([this] { take_inbox(); });
}

void redis_log::take_inbox() {
  std::vector<append_job> jobs;
  {
    const std::lock_guard guard(mutex_);
    jobs.swap(inbox_);
  }
  if (!appender_) return;
  for (auto& job : jobs) {
    job.deadline = home_.now() + options_.patience;
    appender_->add(std::move(job));
  }
  if (away_since_) pass_locally();
  if (timer_ == 0) tick();
}

/// What is not kept waits for nobody.
void redis_log::pass_locally() {
  for (auto& job : appender_->take_passing()) {
    placed out;
    for (auto& item : job.batch) {
      item.position = head();
      out.positions.push_back(item.position);
      observe_one(item);
    }
    if (job.done) job.done(std::move(out));
  }
}

void redis_log::tick() {
  home_.cancel(std::exchange(timer_, 0));
  if (!appender_) return;
  const auto now = home_.now();
  appender_->expire(now);
  give_answers();
  bool stopping = false;
  std::string refused;
  {
    const std::lock_guard guard(mutex_);
    stopping = stopping_;
    if (ready_ && away_since_ && *away_since_ + options_.patience <= now) {
      ready_ = false;
      refused = trouble_;
    }
  }
  if (!refused.empty() && options_.on_trouble) options_.on_trouble(refused);
  const bool waits = !appender_->idle() || !answers_.empty();
  const bool late = away_since_ && *away_since_ + options_.patience <= now;
  if (stopping && (!waits || late)) return end();
  if (waits || away_since_ || stopping) {
    timer_ = home_.after(stopping ? milliseconds{5} : tick_interval, [this] { tick(); });
  }
}

known_log redis_log::known() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> unseen;
  if (!following_ || doubts_) unseen.emplace_back(head() + 1, position_max);
  return {epoch(), appender_->known_head(), appender_->known_by(), std::move(unseen)};
}

void redis_log::on_away(const std::string& reason) {
  {
    const std::lock_guard guard(mutex_);
    trouble_ = reason;
  }
  appender_->pause();
  if (!away_since_) away_since_ = home_.now();
  pass_locally();
  if (timer_ == 0) tick();
}

void redis_log::on_joined(const standing& now, bool missed, bool moved) {
  const auto before = epoch();
  const bool another = before != now.epoch;
  away_since_.reset();
  if (another) {
    {
      const std::lock_guard guard(mutex_);
      epoch_ = now.epoch;
      head_ = now.head;
    }
    window_.begin_after(now.head);
    appender_->forget(now.head);
    if (!before.empty()) break_off("epoch");
    follow(now.last, !before.empty());
  } else {
    if (missed) {
      window_.begin_after(head());
      broken_to_ = whole_to_;
      break_off("gap");
    }
    // Facts have no position that would show whether all of them are still there.
    if (facts_missed_ || moved || !following_)
      follow(follower_->last(), facts_missed_ || moved);
    else if (std::exchange(doubts_, false))
      follower_->go_on();
  }
  take_standing(now);
  bool recovered = false;
  {
    const std::lock_guard guard(mutex_);
    recovered = open_ && !ready_;
    open_ = ready_ = true;
    trouble_.clear();
    changed_.notify_all();
  }
  if (recovered && options_.on_trouble) options_.on_trouble("");
  appender_->go(joiner_->client(), joiner_->loaded().append, now.epoch);
}

void redis_log::break_off(std::string_view cause) {
  count("fanfare_history_breaks_total", "Times that the log was found to have lost events, by cause.", cause);
  told_.broke();
}

/// False: not yet.
bool redis_log::on_item(const redis::reply& came) {
  const auto item = parse_item(came);
  if (!item) {
    count("fanfare_history_malformed_total", "Entries of the log that are none.", "stream");
    return true;
  }
  if (item->event) return on_event(*item->event, item->by);
  if (item->kept) {
    if (item->by != options_.appender.node) told_.fact_heard(*item->kept);
    return true;
  }
  if (item->epoch == epoch()) return true;
  // What follows is of another life of the log.
  follower_->stop();
  following_ = false;
  joiner_->join();
  return true;
}

bool redis_log::on_event(const entry& item, const std::string& by) {
  // Positions that are not there were given up for newer ones, or dropped: a client that got what comes behind those
  // could leave with a cursor that promises all. Whatever this page lacks was gone before the question.
  const auto expected = head() + (item.kept ? 1 : 0);
  if (item.position > std::max(expected, whole_to_)) {
    whole_to_ = follower_->read_to().position;
    doubts_ = true;
    joiner_->join();
    return false;
  }
  if (item.position > expected && item.position <= broken_to_) window_.begin_after(item.position - (item.kept ? 1 : 0));
  if (item.kept) appender_->know(item.position, by);
  observe_one(item);
  return true;
}

void redis_log::observe_one(const entry& item) {
  if (item.kept) {
    auto held = item;
    if (held.expires_ms == never) held.expires_ms = 0;  // what the log never drops, the window may
    window_.admit(held);
    const std::lock_guard guard(mutex_);
    head_ = item.position;
  }
  told_.event(item);
}

/// Redis is there, but will not write: its memory is full, its disk refuses, its replicas are gone.
void redis_log::set_refusing(bool now, const std::string& why) {
  {
    const std::lock_guard guard(mutex_);
    if (std::exchange(refusing_, now) == now) return;
  }
  if (options_.on_trouble) options_.on_trouble(why);
}

void redis_log::on_answered(redis_appender::answered came) {
  set_refusing(false, "");
  // Nothing is between what this node has seen and what it has appended: it need not read that. Facts that it has read
  // may lie behind events that were gone by then.
  if (following_ && !doubts_ && came.before == follower_->last() && came.before.position == head()) {
    observe_own(came);
    follower_->pass(came.now.last);
  }
  take_standing(came.now);
  for (std::size_t i = 0; i < came.jobs.size(); ++i) {
    if (!came.jobs[i].done) continue;
    answers_.add(came.now.last, home_.now() + answer_delay_max,
                 [done = std::move(came.jobs[i].done), outcome = std::move(came.outcomes[i])] { done(outcome); });
  }
  give_answers();
}

void redis_log::observe_own(const redis_appender::answered& came) {
  for (std::size_t i = 0; i < came.jobs.size(); ++i) {
    const auto& outcome = came.outcomes[i];
    if (!outcome) continue;
    const auto& batch = came.jobs[i].batch;
    const auto repeated = repeated_of(*outcome);
    for (std::size_t n = 0; n < batch.size(); ++n) {
      if (repeated[n]) continue;
      auto item = batch[n];
      item.position = outcome->positions[n];
      observe_one(item);
    }
  }
}

void redis_log::give_answers() {
  const bool late = answers_.give([this] { return follower_->last(); }, home_.now());
  if (!late || !following_) return;
  // What it reads from may be a master that is none any more.
  follower_->stop();
  following_ = false;
  joiner_->join();
}

void redis_log::take_standing(const standing& now) {
  const std::lock_guard guard(mutex_);
  used_ = now.used;
  oldest_ = now.oldest;
}

/// Reads on behind `after`: when facts were missed, once all that are kept have been told, so that what is read is
/// newer.
void redis_log::follow(const stream_id& after, bool all_facts) {
  facts_missed_ = all_facts;
  following_ = !all_facts;
  doubts_ = false;
  whole_to_ = broken_to_ = 0;
  const auto turn = ++follows_;
  if (following_) return follower_->read_on(after);
  follower_->stop_at(after);
  reader_->facts([this, after, turn](const auto& kept) {
    if (!joiner_ || turn != follows_) return;  // asked again since: it would read anew what has been read by then
    if (!kept) return joiner_->try_later("it did not give what is kept beside the events");
    told_.facts_reread(kept->all);
    {
      const std::lock_guard guard(mutex_);
      all_told_ = true;
      changed_.notify_all();
    }
    follower_->cover(kept->passed);
    follow(after, false);
  });
}

void redis_log::find(std::string name, found done) const {
  home_.post([this, name = std::move(name), done = std::move(done)] {
    if (!reader_ || away_since_) return done(std::nullopt);
    reader_->find(name, done);
  });
}

void redis_log::read(range wanted, page_ready done) const {
  std::optional<page> near;
  window_.read(wanted, [&near](result<page> came) { near = std::move(*came); });
  if (near->complete || (wanted.newest_first && near->more)) return done(std::move(*near));
  home_.post([this, wanted = std::move(wanted), done = std::move(done)] {
    if (!reader_ || away_since_) return done(errc::unavailable);
    reader_->page(wanted, done);
  });
}

void redis_log::trim(std::int64_t now_ms) {
  home_.post([this, now_ms] {
    if (!reader_ || away_since_) return;
    reader_->trim(now_ms, options_.appender.bounds, [this](const standing& now) {
      take_standing(now);
      // It has written: where nothing is appended, as this log is not ready, nobody else would find out.
      set_refusing(false, "");
    });
  });
}

void redis_log::count(std::string_view name, std::string_view help, std::string_view cause) const {
  if (options_.metrics != nullptr) {
    options_.metrics->counter(name, help, {{"cause", std::string(cause)}}).add();
  }
}

}  // namespace fanfare::history
