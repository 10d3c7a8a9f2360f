#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

#include "history/memory_log.hpp"

namespace fanfare::test {

/// A memory log whose pages wait, once told to, until the test lets them come, on the test's thread.
class held_log : public history::memory_log {
 public:
  using memory_log::memory_log;
  void read(history::range wanted, page_ready done) const override {
    {
      const std::lock_guard lock(mutex_);
      ranges_.push_back(wanted);
      if (holds_) {
        waiting_.push_back([this, wanted = std::move(wanted), done = std::move(done)](bool well) {
          if (well) return memory_log::read(wanted, done);
          done(errc::unavailable);
        });
        return;
      }
    }
    memory_log::read(std::move(wanted), std::move(done));
  }
  /// As a disk that refuses: it takes nothing.
  void refuse(bool on = true) { refuses_ = on; }
  [[nodiscard]] bool ready() const override { return !refuses_; }
  void keep(history::fact item, kept done) override {
    if (refuses_) return done(errc::unavailable);
    memory_log::keep(std::move(item), std::move(done));
  }
  void hold(bool on = true) {
    const std::lock_guard lock(mutex_);
    holds_ = on;
  }
  [[nodiscard]] std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  [[nodiscard]] std::size_t asked() const {
    const std::lock_guard lock(mutex_);
    return ranges_.size();
  }
  /// The oldest page that waits comes, or fails.
  void settle(bool well = true) {
    std::unique_lock lock(mutex_);
    const auto work = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    lock.unlock();
    work(well);
  }

 private:
  mutable std::mutex mutex_;
  bool holds_ = false;
  std::atomic<bool> refuses_{false};
  mutable std::vector<history::range> ranges_;
  mutable std::vector<std::function<void(bool)>> waiting_;
};

}  // namespace fanfare::test
