#include "net/worker.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fanfare/net/workers.hpp>
#include <map>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>

namespace fanfare::net {

namespace asio = boost::asio;

namespace {

thread_local worker* current_worker = nullptr;

// Signals belong to the thread that waits for them, and a TLS write to a closed peer must not raise SIGPIPE:
// blocked here, it stays pending for ever and harms nobody.
void block_signals() {
  sigset_t set;
  sigfillset(&set);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) sigdelset(&set, fault);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

struct worker::loop {
  loop(unsigned at, metrics::registry& metrics)
      : index(at),
        exceptions(metrics.counter("fanfare_handler_exceptions_total", "Exceptions that escaped a handler.")) {}

  void guarded(const std::function<void()>& work) noexcept {
    try {
      work();
    } catch (...) {
      exceptions.add();
    }
  }

  void run_deferred() {
    // What these defer in turn runs after the next round of ready handlers.
    auto batch = std::exchange(deferred, {});
    for (auto& work : batch) {
      guarded(work);
      work = nullptr;
    }
  }

  void run_due() {
    armed = steady_time::max();
    const auto now = std::chrono::steady_clock::now();
    while (!timers.empty() && timers.begin()->first.first <= now) {
      auto node = timers.extract(timers.begin());
      due.erase(node.key().second);
      guarded(node.mapped());
    }
    arm();
  }

  // One Asio timer stands for all: it is moved only when an earlier one comes, so that pushing a deadline out,
  // which every request does, costs no system call.
  void arm() {
    if (timers.empty() || timers.begin()->first.first >= armed) return;
    armed = timers.begin()->first.first;
    alarm.expires_at(armed);
    alarm.async_wait([this](const boost::system::error_code& failure) {
      if (!failure) run_due();
    });
  }

  unsigned index;
  metrics::cell& exceptions;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  asio::steady_timer alarm{context};
  steady_time armed = steady_time::max();
  timer_id last_timer = 0;
  std::map<std::pair<steady_time, timer_id>, std::function<void()>> timers;
  std::unordered_map<timer_id, steady_time> due;
  std::vector<std::function<void()>> deferred;
  std::thread thread;
};

worker::worker(unsigned index, metrics::registry& metrics) : loop_(std::make_unique<loop>(index, metrics)) {}

worker::~worker() {
  stop();
  join();
}

void worker::start() {
  loop_->thread = std::thread([this] { run(); });
}

void worker::stop() noexcept { loop_->context.stop(); }

void worker::join() {
  if (loop_->thread.joinable()) loop_->thread.join();
}

void worker::run() noexcept {
  current_worker = this;
  block_signals();
  pthread_setname_np(pthread_self(), ("fanfare-" + std::to_string(loop_->index)).c_str());
  for (bool done = false; !done;) {
    try {
      loop_->context.run();
      done = true;
    } catch (...) {
      loop_->exceptions.add();
    }
  }
  // What waits here may own connections, whose destructors may cancel timers: let them go while the loop exists.
  while (!loop_->timers.empty() || !loop_->deferred.empty()) {
    const auto timers = std::exchange(loop_->timers, {});
    const auto deferred = std::exchange(loop_->deferred, {});
  }
  current_worker = nullptr;
}

unsigned worker::index() const noexcept { return loop_->index; }

void worker::post(std::function<void()> work) { asio::post(loop_->context, std::move(work)); }

void worker::defer(std::function<void()> work) {
  loop_->deferred.push_back(std::move(work));
  // Asio appends to its queue: this runs behind every handler that is ready now.
  if (loop_->deferred.size() == 1) asio::post(loop_->context, [this] { loop_->run_deferred(); });
}

steady_time worker::now() const { return std::chrono::steady_clock::now(); }

timer_id worker::after(milliseconds delay, std::function<void()> work) {
  const auto at = now() + std::max(delay, milliseconds{0});
  const auto id = ++loop_->last_timer;
  loop_->timers.emplace(std::pair{at, id}, std::move(work));
  loop_->due.emplace(id, at);
  loop_->arm();
  return id;
}

void worker::cancel(timer_id timer) {
  const auto found = loop_->due.find(timer);
  if (found == loop_->due.end()) return;
  // Taken out before it is destroyed: what it captured may cancel timers itself.
  const auto node = loop_->timers.extract({found->second, timer});
  loop_->due.erase(found);
}

asio::io_context& worker::context() noexcept { return loop_->context; }

worker* worker::current() noexcept { return current_worker; }

worker_pool::worker_pool(unsigned size, metrics::registry& metrics) {
  if (size == 0) size = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < size; ++i) workers_.push_back(std::make_unique<worker>(i, metrics));
}

worker_pool::~worker_pool() { stop(); }

void worker_pool::start() {
  for (auto& each : workers_) each->start();
}

void worker_pool::stop() {
  for (auto& each : workers_) each->stop();
  for (auto& each : workers_) each->join();
}

executor* worker_pool::current() noexcept {
  worker* const here = worker::current();
  return here != nullptr && here->index() < size() && workers_[here->index()].get() == here ? here : nullptr;
}

namespace {

class running_pool final : public running_workers {
 public:
  running_pool(unsigned size, metrics::registry& metrics) : pool_(size, metrics) { pool_.start(); }
  executor_pool& pool() noexcept override { return pool_; }

 private:
  worker_pool pool_;
};

}  // namespace

std::unique_ptr<running_workers> start_workers(unsigned size, metrics::registry& metrics) {
  return std::make_unique<running_pool>(size, metrics);
}

}  // namespace fanfare::net
