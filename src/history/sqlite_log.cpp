#include "history/sqlite_log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fanfare::history {

namespace {

std::unique_ptr<sqlite_reader> open_reader(const std::string& path) {
  try {
    return std::make_unique<sqlite_reader>(path);
  } catch (const sqlite_error&) {
    return nullptr;  // tried again at the next read, which fails meanwhile
  }
}

}  // namespace

// A lock of its own: SQLite's, on the file itself, are let go between transactions.
sqlite_log::lock_file::lock_file(const std::string& path)
    : fd_(::open((path + "-lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (fd_ < 0) throw std::runtime_error(path + ": cannot be opened: " + std::strerror(errno));
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(fd_);
  throw std::runtime_error(path + ": is in use by another server");
}

sqlite_log::lock_file::~lock_file() { ::close(fd_); }

sqlite_log::sqlite_log(std::string epoch, sqlite_log_options options)
    : options_(std::move(options)), fresh_epoch_(std::move(epoch)), lock_(options_.path) {
  try {
    open();
  } catch (const sqlite_error& failure) {
    throw std::runtime_error(options_.path + ": " + failure.what());
  }
  epoch_ = store_->epoch();
  publish_state();
  writer_ = std::thread([this] { write(); });
  // Opened before there is trouble: a full disk has no room for the index of the write-ahead log, which readers share.
  reader_ = std::thread([this, reader = open_reader(options_.path)]() mutable { answer_reads(std::move(reader)); });
}

void sqlite_log::close() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  wake_writer_.notify_all();
  wake_reader_.notify_all();
  if (writer_.joinable()) writer_.join();
  if (reader_.joinable()) reader_.join();
  try {
    if (store_) store_->end_life();
  } catch (const sqlite_error&) {  // the next start looks at it as after a crash
  }
  store_ = nullptr;
}

void sqlite_log::open() {
  auto opened = std::make_unique<sqlite_store>(options_.path, options_.sync, fresh_epoch_, options_.bounds);
  // Somebody put another file in its place: what has been told of the old one would not be true of it.
  if (!epoch_.empty() && opened->epoch() != epoch_) throw sqlite_error("the file is another one now", 0);
  store_ = std::move(opened);
}

void sqlite_log::observe(observer work) {
  const std::lock_guard in_order(order_);
  observer_ = std::move(work);
}

void sqlite_log::append(std::vector<entry> batch, std::vector<answer> answers, appended done) {
  const bool kept = std::ranges::any_of(batch, &entry::kept);  // answers about what is not kept are not worth a commit
  std::unique_lock lock(mutex_);
  if (stopping_ || (kept && !ready_)) {
    lock.unlock();
    return done(errc::unavailable);
  }
  job given{std::move(batch), std::move(answers), std::move(done), std::nullopt};
  if (kept || busy_ || !jobs_.empty()) {
    jobs_.push_back(std::move(given));
    lock.unlock();
    return wake_writer_.notify_one();
  }
  // Nothing is before it, and the disk has no part in it.
  busy_ = true;
  std::vector<std::uint64_t> positions;
  for (auto& item : given.batch) positions.push_back(item.position = head_);
  given.outcome = placed{std::move(positions), {}};
  lock.unlock();
  std::vector<job> jobs;
  jobs.push_back(std::move(given));
  settle(jobs);
}

/// Observes and answers them in order, then lets the next ones go.
void sqlite_log::settle(std::vector<job>& jobs) {
  {
    const std::lock_guard in_order(order_);
    for (const auto& each : jobs) {
      if (!each.outcome || !observer_) continue;
      for (const auto& item : each.batch) observer_(item);
    }
  }
  {
    const std::lock_guard guard(mutex_);
    busy_ = false;
  }
  wake_writer_.notify_one();
  // Whoever is told may append again.
  for (auto& each : jobs) {
    if (each.done) each.done(std::move(each.outcome));
  }
}

void sqlite_log::write() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto due = [this] { return !busy_ && (!jobs_.empty() || trim_to_ms_ != 0 || stopping_); };
    if (ready_)
      wake_writer_.wait(lock, due);
    else
      wake_writer_.wait_for(lock, options_.retry, due);
    if (busy_) continue;
    if (stopping_ && jobs_.empty()) return;
    std::vector<job> jobs(std::make_move_iterator(jobs_.begin()), std::make_move_iterator(jobs_.end()));
    jobs_.clear();
    busy_ = true;
    lock.unlock();
    write_together(jobs);
    settle(jobs);
    lock.lock();
  }
}

void sqlite_log::write_together(std::vector<job>& jobs) {
  std::string reason;
  try {
    if (!store_) {
      open();
      store_->probe();
    }
    store(jobs);
  } catch (const std::exception& failure) {
    reason = failure.what();
  }
  if (reason.empty()) return publish_state();
  lose(reason);
  for (auto& each : jobs) {
    if (each.item || std::ranges::any_of(each.batch, &entry::kept)) {
      each.outcome = errc::unavailable;
      continue;
    }
    std::vector<std::uint64_t> positions;
    for (auto& item : each.batch) positions.push_back(item.position = head());
    each.outcome = placed{std::move(positions), {}};
  }
}

void sqlite_log::store(std::vector<job>& jobs) {
  std::int64_t now_ms = 0;
  {
    const std::lock_guard guard(mutex_);
    now_ms = std::exchange(trim_to_ms_, 0);
  }
  store_->begin();
  for (auto& each : jobs) {
    // Storing what the bounds drop at once would promise a replay that can never be.
    if (store_->too_large(each.batch)) {
      each.outcome = error{errc::over_limit, "the batch is larger than the whole history", {}};
      continue;
    }
    if (each.item) store_->keep(*each.item);
    store_->append(each.batch);
    store_->remember(each.answers, each.batch);
    std::vector<std::uint64_t> positions;
    for (const auto& item : each.batch) {
      positions.push_back(item.position);
      if (item.kept) now_ms = std::max(now_ms, item.time_ms);
    }
    each.outcome = placed{std::move(positions), {}};
  }
  store_->trim(now_ms);
  store_->commit();
}

void sqlite_log::lose(const std::string& reason) {
  store_ = nullptr;
  bool told = false;
  {
    const std::lock_guard guard(mutex_);
    told = !std::exchange(ready_, false);
  }
  if (!told && options_.on_trouble) options_.on_trouble(reason);
}

void sqlite_log::publish_state() {
  bool was_lost = false;
  {
    const std::lock_guard guard(mutex_);
    head_ = store_->head();
    oldest_ = store_->oldest();
    used_ = store_->used();
    was_lost = !std::exchange(ready_, true);
  }
  if (was_lost && options_.on_trouble) options_.on_trouble("");
}

void sqlite_log::read(range wanted, page_ready done) const {
  {
    const std::lock_guard guard(mutex_);
    questions_.push_back({std::move(wanted), std::move(done)});
  }
  wake_reader_.notify_one();
}

void sqlite_log::answer_reads(std::unique_ptr<sqlite_reader> reader) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_reader_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
    if (stopping_ && questions_.empty()) return;
    auto asked = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    result<page> out = errc::unavailable;
    try {
      if (!reader) reader = open_reader(options_.path);
      if (reader) out = reader->read(asked.wanted);
    } catch (const std::exception&) {
      reader = nullptr;
    }
    asked.done(std::move(out));
    lock.lock();
  }
}

void sqlite_log::keep(fact item, kept done) {
  job given;
  given.done = [done = std::move(done)](const result<placed>& outcome) {
    done(outcome ? result<void>() : outcome.error());
  };
  given.item = std::move(item);
  {
    const std::lock_guard guard(mutex_);
    if (ready_ && !stopping_) {
      jobs_.push_back(std::move(given));
      given.done = nullptr;
    }
  }
  if (given.done) return given.done(errc::unavailable);
  wake_writer_.notify_one();
}

std::vector<fact> sqlite_log::facts(std::int64_t now_ms) const { return sqlite_facts::facts(options_.path, now_ms); }

std::vector<answer> sqlite_log::remembered() const { return sqlite_facts::remembered(options_.path); }

std::uint64_t sqlite_log::head() const {
  const std::lock_guard guard(mutex_);
  return head_;
}

std::uint64_t sqlite_log::oldest() const {
  const std::lock_guard guard(mutex_);
  return oldest_;
}

log::usage sqlite_log::used() const {
  const std::lock_guard guard(mutex_);
  return used_;
}

bool sqlite_log::ready() const {
  const std::lock_guard guard(mutex_);
  return ready_;
}

void sqlite_log::trim(std::int64_t now_ms) {
  {
    const std::lock_guard guard(mutex_);
    trim_to_ms_ = now_ms;
  }
  wake_writer_.notify_one();
}

}  // namespace fanfare::history
