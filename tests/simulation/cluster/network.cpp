#include "network.hpp"

#include <algorithm>
#include <utility>

namespace fanfare::simulation {

/// A connection: the client's end, and what is on its way.
struct way::pipe {
  pipe() = default;
  ~pipe() {
    if (const auto there = server.lock()) there->close(session);
  }
  pipe(const pipe&) = delete;
  pipe& operator=(const pipe&) = delete;
  std::weak_ptr<redis_server> server;
  redis_server::session_id session = 0;
  executor* home = nullptr;
  std::string inbox;
  bool broken = false;  // the client's end is told
  bool closed = false;  // by the client
  bool deaf = false;    // nothing arrives at the server any more
  std::function<void()> on_readable;
  steady_time at_server, at_client;                     // when the last bytes arrive there
  std::vector<std::pair<bool, std::string>> held = {};  // while frozen: whether to the server, and what
};

class way::stream final : public net::byte_stream {
 public:
  stream(way& of, std::shared_ptr<pipe> over) : of_(of), alive_(of.alive_), over_(std::move(over)) {}
  ~stream() override { stream::close(); }

  void wait_readable(std::function<void()> work) override {
    over_->on_readable = std::move(work);
    if (!over_->inbox.empty() || over_->broken) wake(over_);
  }
  void wait_writable(std::function<void()> work) override { over_->home->post(std::move(work)); }
  net::io_result read_some(std::span<char> into) override {
    if (over_->inbox.empty()) return {over_->broken ? net::io_status::failed : net::io_status::would_block, 0};
    const auto count = std::min(into.size(), over_->inbox.size());
    std::copy_n(over_->inbox.begin(), count, into.begin());
    over_->inbox.erase(0, count);
    return {net::io_status::ok, count};
  }
  net::io_result write_some(std::span<const std::string_view> buffers) override {
    if (over_->broken || alive_.expired()) return {net::io_status::failed, 0};
    std::string bytes;
    for (const auto& each : buffers) bytes += each;
    const auto size = bytes.size();
    of_.to_server(over_, std::move(bytes));
    return {net::io_status::ok, size};
  }
  void shutdown_write() override {}
  /// As the kernel does it: what was written goes on its way.
  void close() override {
    over_->closed = true;
    over_->on_readable = nullptr;
  }
  void reset() override { close(); }
  [[nodiscard]] std::unique_ptr<detached> detach() override { return nullptr; }
  [[nodiscard]] std::string remote_address() const override { return "192.0.2.1"; }
  [[nodiscard]] bool secure() const noexcept override { return false; }

 private:
  way& of_;
  std::weak_ptr<bool> alive_;
  pipe_ptr over_;
};

std::chrono::microseconds way::draw_delay() const {
  return std::chrono::microseconds(50 + at_.below(static_cast<std::uint64_t>(delay_max.count()) * 1000));
}

std::shared_ptr<void> way::connect(executor& home, const net::endpoint&, milliseconds timeout, connected done) {
  auto asked = std::make_shared<call>(call{home, std::move(done)});
  at_.after(draw_delay(), [this, alive = std::weak_ptr(alive_), weak = std::weak_ptr(asked)] {
    if (!alive.expired()) open(weak);
  });
  at_.after(timeout, [weak = std::weak_ptr(asked)] {
    const auto late = weak.lock();
    if (!late || !late->done) return;
    late->home.post([weak] {
      const auto asked = weak.lock();
      if (asked && asked->done) std::exchange(asked->done, nullptr)(error{errc::timeout, "no connection in time", {}});
    });
  });
  return asked;
}

void way::open(const std::weak_ptr<call>& asked) {
  const auto waits = asked.lock();
  if (!waits || !waits->done || frozen_) return;
  result<std::unique_ptr<net::byte_stream>> outcome = error{errc::unavailable, "refused", {}};
  if (where_) {
    auto over = std::make_shared<pipe>();
    over->server = where_;
    over->home = &waits->home;
    over->session = where_->open([this, alive = std::weak_ptr(alive_), weak = std::weak_ptr(over)](std::string bytes) {
      const auto to = weak.lock();
      if (to && !alive.expired()) to_client(to, std::move(bytes));
    });
    std::erase_if(pipes_, [](const auto& each) { return each->closed && each->held.empty(); });
    pipes_.push_back(over);
    outcome = std::unique_ptr<net::byte_stream>(std::make_unique<stream>(*this, std::move(over)));
  }
  waits->home.post([asked, outcome = std::make_shared<decltype(outcome)>(std::move(outcome))] {
    const auto still = asked.lock();
    if (still && still->done) std::exchange(still->done, nullptr)(std::move(*outcome));
  });
}

void way::to_server(const pipe_ptr& over, std::string bytes) {
  over->at_server = std::max(over->at_server, at_.steady_now() + draw_delay());
  at_.after(std::chrono::ceil<std::chrono::microseconds>(over->at_server - at_.steady_now()),
            [this, alive = std::weak_ptr(alive_), over, bytes = std::move(bytes)]() mutable {
              if (!alive.expired()) arrive(over, true, std::move(bytes));
            });
}

void way::to_client(const pipe_ptr& over, std::string bytes) {
  over->at_client = std::max(over->at_client, at_.steady_now() + draw_delay());
  at_.after(std::chrono::ceil<std::chrono::microseconds>(over->at_client - at_.steady_now()),
            [this, alive = std::weak_ptr(alive_), weak = std::weak_ptr(over), bytes = std::move(bytes)]() mutable {
              const auto to = weak.lock();
              if (to && !alive.expired()) arrive(to, false, std::move(bytes));
            });
}

void way::arrive(const pipe_ptr& over, bool at_server, std::string bytes) {
  if (frozen_ || !over->held.empty())
    over->held.emplace_back(at_server, std::move(bytes));
  else
    deliver(over, at_server, bytes);
}

void way::deliver(const pipe_ptr& over, bool at_server, const std::string& bytes) {
  if (at_server) {
    const auto server = over->server.lock();
    if (server && !over->deaf) server->receive(over->session, bytes);
  } else if (!over->closed && !over->broken) {
    over->inbox += bytes;
    wake(over);
  }
}

void way::wake(const pipe_ptr& over) {
  over->home->post([weak = std::weak_ptr(over)] {
    const auto still = weak.lock();
    if (still && still->on_readable) std::exchange(still->on_readable, nullptr)();
  });
}

void way::cut() {
  for (const auto& over : std::exchange(pipes_, {})) {
    over->broken = true;
    over->deaf = at_.one_in(2);
    if (!over->closed) wake(over);
  }
}

// A sender that was not answered waits ever longer before it sends again: what a connection that was given up has left
// to send may come behind what another one has sent since.
void way::thaw() {
  constexpr std::int64_t retransmission_ms = 1500;
  frozen_ = false;
  for (const auto& over : pipes_) {
    if (over->held.empty()) continue;
    const auto pause = over->closed || at_.one_in(3) ? at_.between(0, retransmission_ms) : milliseconds{0};
    at_.after(pause + draw_delay(), [this, alive = std::weak_ptr(alive_), over] {
      if (alive.expired() || frozen_) return;
      for (const auto& [at_server, bytes] : std::exchange(over->held, {})) deliver(over, at_server, bytes);
    });
  }
}

}  // namespace fanfare::simulation
