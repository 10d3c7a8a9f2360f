#include <fanfare/http/server.hpp>

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "http/connection.hpp"
#include "http/open_count.hpp"
#include "http/router.hpp"
#include "http/shard.hpp"
#include "net/listener.hpp"
#include "net/stop_signals.hpp"
#include "net/tcp_stream.hpp"
#include "net/tls_stream.hpp"
#include "net/worker.hpp"

namespace fanfare::http {

namespace {

void check(const server_options& options) {
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    throw std::runtime_error("TLS needs a certificate and a key");
  }
  if (options.connections_max == 0 || options.header_bytes_max < 64 || options.target_bytes_max == 0) {
    throw std::runtime_error("a bound of the HTTP server is too small to serve anybody");
  }
}

}  // namespace

struct server::state {
  enum class stage : std::uint8_t { setting_up, running, stopping, stopped };

  /// What is there when the workers are the server's own: they, and the door that sockets come in by.
  struct house {
    explicit house(state& in)
        : workers(in.options.workers, in.metrics),
          listening(workers, in.metrics,
                    [&in](net::worker& owner, net::unique_fd socket) { in.accepted(owner, std::move(socket)); }) {
      if (!in.options.tls_cert.empty()) tls.emplace(in.options.tls_cert, in.options.tls_key);
    }
    std::optional<net::tls_context> tls;
    net::worker_pool workers;
    net::listener listening;
  };

  /// `others`: workers of the program's own, or null.
  state(server_options given, executor_pool* others)
      : options((check(given), std::move(given))),
        own_metrics(options.metrics != nullptr ? nullptr : std::make_shared<metrics::registry>()),
        metrics(options.metrics != nullptr ? *options.metrics : *own_metrics),
        open(std::make_shared<open_count>(metrics, own_metrics, options.connections_max)),
        own(others != nullptr ? nullptr : std::make_unique<house>(*this)),
        workers(others != nullptr ? *others : own->workers) {
    for (unsigned i = 0; i < workers.size(); ++i) {
      shards.push_back(std::make_unique<shard>(workers.at(i), options, routes, metrics));
    }
  }

  void accepted(net::worker& owner, net::unique_fd socket) {
    serve(owner, [&](std::shared_ptr<void> token) -> std::unique_ptr<net::byte_stream> {
      if (own->tls) return net::tls_stream::accept(owner, std::move(socket), *own->tls, std::move(token));
      return std::make_unique<net::tcp_stream>(owner, std::move(socket), std::move(token));
    });
  }

  void serve(executor& owner, const open_stream& make) {
    auto admitted = open->admit();
    if (admitted.verdict == open_count::decision::drop) return;
    auto stream = make(std::move(admitted.token));
    auto& home = *shards[owner.index()];
    if (admitted.verdict == open_count::decision::serve)
      connection::serve(home, std::move(stream));
    else
      connection::refuse(home, std::move(stream));
  }

  /// Runs `work` for every shard on its worker and waits for all.
  void on_every_shard(void (shard::*work)()) {
    std::vector<std::future<void>> ran;
    for (auto& each : shards) {
      auto done = std::make_shared<std::promise<void>>();
      ran.push_back(done->get_future());
      each->home.post([&shard = *each, work, done] {
        (shard.*work)();
        done->set_value();
      });
    }
    for (auto& each : ran) each.wait();
  }

  // On a thread of its own, so that a handler may ask for it: the workers it waits for include the caller's.
  void wind_down(milliseconds grace) {
    const auto until = std::chrono::steady_clock::now() + grace;
    std::promise<void> closed;
    own->listening.close([&closed] { closed.set_value(); });
    closed.get_future().wait();
    on_every_shard(&shard::drain);
    run_stop_hooks();
    open->wait_for_none(until);
    on_every_shard(&shard::close_all);
    own->workers.stop();
    const std::lock_guard lock(mutex);
    at = stage::stopped;
    if (signals) signals->finish();
    changed.notify_all();
  }

  /// Their threads, if they have any, are not ours to wait for.
  void close_on_others() {
    {
      const std::lock_guard lock(mutex);
      if (at == stage::stopped) return;
      at = stage::stopped;
    }
    run_stop_hooks();
    for (auto& each : shards) each->home.post([&shard = *each] { shard.close_all(); });
  }

  void run_stop_hooks() {
    std::vector<std::function<void()>> hooks;
    {
      const std::lock_guard lock(mutex);
      hooks.swap(stop_hooks);
    }
    while (!hooks.empty()) {
      try {
        hooks.back()();
      } catch (...) {
        metrics.counter("fanfare_handler_exceptions_total", "Exceptions that escaped a handler.").add();
      }
      hooks.pop_back();
    }
  }

  server_options options;
  std::shared_ptr<metrics::registry> own_metrics;
  metrics::registry& metrics;
  std::shared_ptr<open_count> open;
  router routes;
  const std::unique_ptr<house> own;
  executor_pool& workers;
  std::vector<std::unique_ptr<shard>> shards;

  mutable std::mutex mutex;
  std::condition_variable changed;
  stage at = stage::setting_up;
  std::vector<std::function<void()>> stop_hooks;
  std::optional<net::stop_signals> signals;
  std::thread stopper;
};

server::server(server_options options) {
  if (options.listen.empty()) throw std::runtime_error("no address to listen on");
  state_ = std::make_unique<state>(std::move(options), nullptr);
}

server::server(server_options options, executor_pool& workers)
    : state_(std::make_unique<state>(std::move(options), &workers)) {}

server::~server() {
  stop(milliseconds{0});
  if (state_->stopper.joinable()) state_->stopper.join();
}

void server::route(std::string_view method, std::string_view pattern, handler work, route_options options) {
  state_->routes.add(method, pattern, std::move(work), std::move(options));
}

void server::start() {
  const std::lock_guard lock(state_->mutex);
  if (!state_->own) throw std::logic_error("an HTTP server on workers of others is not started");
  if (state_->at != state::stage::setting_up) throw std::logic_error("an HTTP server starts once");
  for (const auto& address : state_->options.listen) state_->own->listening.bind(address);
  state_->own->workers.start();
  state_->own->listening.start();
  state_->at = state::stage::running;
}

void server::run() {
  const bool main_thread = ::syscall(SYS_gettid) == ::getpid();
  bool started = false;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->at == state::stage::stopped) return;
    if (main_thread) state_->signals.emplace();
    started = state_->at != state::stage::setting_up;
  }
  if (!started) start();
  // Signals are waited for by the thread that has them; stop() ends the wait.
  if (main_thread) {
    state_->signals->wait([this] {
      const std::lock_guard lock(state_->mutex);
      if (state_->at == state::stage::running) {
        state_->at = state::stage::stopping;
        state_->stopper = std::thread([this] { state_->wind_down(milliseconds{2000}); });
      }
    });
  }
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->at == state::stage::stopped; });
}

void server::serve(executor& home, const open_stream& open) { state_->serve(home, open); }

void server::stop(milliseconds grace) {
  if (!state_->own) return state_->close_on_others();
  std::unique_lock lock(state_->mutex);
  if (state_->at == state::stage::setting_up) {
    state_->at = state::stage::stopped;
    return;
  }
  if (state_->at == state::stage::running) {
    state_->at = state::stage::stopping;
    state_->stopper = std::thread([this, grace] { state_->wind_down(grace); });
  }
  // A worker, or a stop hook, cannot wait for its own end.
  if (state_->workers.current() != nullptr || std::this_thread::get_id() == state_->stopper.get_id()) return;
  state_->changed.wait(lock, [this] { return state_->at == state::stage::stopped; });
}

void server::on_stop(std::function<void()> work) {
  const std::lock_guard lock(state_->mutex);
  state_->stop_hooks.push_back(std::move(work));
}

void server::set_cors(const cors_policy& policy) {
  for (auto& each : state_->shards) {
    each->home.post([&shard = *each, policy] { shard.policy = cors(policy); });
  }
}

void server::set_connections_max(std::size_t connections_max) { state_->open->set_max(connections_max); }

std::vector<std::string> server::addresses() const {
  return state_->own ? state_->own->listening.addresses() : std::vector<std::string>();
}
std::uint16_t server::port() const { return state_->own ? state_->own->listening.port() : std::uint16_t{0}; }
executor_pool& server::workers() noexcept { return state_->workers; }
metrics::registry& server::metrics() noexcept { return state_->metrics; }
const server_options& server::options() const noexcept { return state_->options; }
const world& server::around() const noexcept { return *state_->options.around; }
std::size_t server::connections() const noexcept { return state_->open->now(); }

}  // namespace fanfare::http
