#include "redis/connection.hpp"

#include <array>
#include <utility>

namespace fanfare::redis {

namespace {
constexpr std::size_t read_bytes = 65536;
constexpr int reads_per_turn_max = 16;  // so that one busy server does not starve the worker
}  // namespace

connection::connection(executor& home, net::endpoint to, connection_terms terms, events told)
    : home_(home),
      peer_(std::move(to)),
      terms_(std::move(terms)),
      told_(std::make_shared<const events>(std::move(told))),
      fsm_(*this, terms_) {}

std::shared_ptr<connection> connection::open(executor& home, net::connector& connector, const net::endpoint& to,
                                             milliseconds connect_timeout, connection_terms terms, events told) {
  std::shared_ptr<connection> made(new connection(home, to, std::move(terms), std::move(told)));
  made->connecting_ = connector.connect(
      home, to, connect_timeout, [weak = std::weak_ptr(made)](result<std::unique_ptr<net::byte_stream>> outcome) {
        const auto self = weak.lock();
        if (!self) return;
        if (!outcome) return self->fsm_.on_lost(outcome.error());
        self->adopt(std::move(*outcome));
      });
  return made;
}

connection::~connection() { home_.cancel(timer_); }

void connection::adopt(std::unique_ptr<net::byte_stream> stream) {
  if (fsm_.now_in() == connection_fsm::state::ended) return;
  stream_ = std::move(stream);
  fsm_.on_connected(home_.now());
  keep_time();
  if (stream_) read();
}

void connection::read() {
  const auto self = shared_from_this();
  thread_local std::array<char, read_bytes> buffer;
  for (int i = 0; i < reads_per_turn_max && stream_; ++i) {
    const auto got = stream_->read_some(buffer);
    if (got.status == net::io_status::would_block) break;
    if (got.status == net::io_status::end) {
      return fsm_.on_lost({errc::unavailable, net::shown(peer_) + ": the server closed the connection", {}});
    }
    if (got.status == net::io_status::failed) {
      return fsm_.on_lost({errc::unavailable, net::shown(peer_) + ": the connection broke", {}});
    }
    fsm_.on_bytes({buffer.data(), got.bytes}, home_.now());
  }
  settle();
  if (!stream_) return;
  stream_->wait_readable([weak = weak_from_this()] {
    if (const auto still = weak.lock()) still->read();
  });
}

void connection::send(std::string_view bytes) {
  gathered_ += bytes;
  if (flush_due_ || writing_) return;
  flush_due_ = true;
  home_.defer([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->flush_due_ = false;
    if (!self->writing_) self->write();
  });
}

void connection::write() {
  writing_ = false;
  while (stream_) {
    if (taken_ == offered_.size()) {
      offered_.clear();
      taken_ = 0;
      std::swap(offered_, gathered_);
      if (offered_.empty()) return;
    }
    const std::string_view rest = std::string_view(offered_).substr(taken_);
    const auto wrote = stream_->write_some(std::span(&rest, 1));
    if (wrote.status == net::io_status::would_block) {
      writing_ = true;
      return stream_->wait_writable([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->write();
      });
    }
    if (wrote.status != net::io_status::ok) {
      return fsm_.on_lost({errc::unavailable, net::shown(peer_) + ": the connection broke", {}});
    }
    taken_ += wrote.bytes;
    fsm_.on_taken(wrote.bytes);
  }
}

bool connection::submit(exchange&& work) {
  if (!fsm_.submit(std::move(work), home_.now())) return false;
  keep_time();
  return true;
}

// The timer is moved only when an earlier deadline comes: a later one is found when it fires.
void connection::keep_time() {
  const auto next = fsm_.next_time();
  if (!next || (timer_ != 0 && timer_at_ <= *next)) return;
  home_.cancel(timer_);
  timer_at_ = *next;
  const auto delay = std::chrono::ceil<milliseconds>(*next - home_.now());
  timer_ = home_.after(std::max(delay, milliseconds{0}), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->timer_ = 0;
    self->fsm_.on_time(self->home_.now());
    self->settle();
  });
}

void connection::ready() {
  if (const auto told = told_; told && told->ready) told->ready();
}

void connection::push(reply message) {
  if (const auto told = told_; told && told->push) told->push(std::move(message));
}

void connection::ended(const error& why) {
  home_.cancel(std::exchange(timer_, 0));
  connecting_.reset();
  if (stream_) stream_->close();
  // A handler of the stream may be running: it looks at stream_ next.
  stream_.reset();
  if (const auto told = std::exchange(told_, nullptr); told && told->ended) told->ended(why);
}

void connection::settle() {
  if (retiring_ && fsm_.in_flight() == 0) return fsm_.close();
  keep_time();
}

void connection::retire() {
  const auto self = shared_from_this();
  told_ = nullptr;
  retiring_ = true;
  settle();
}

void connection::close() {
  const auto self = shared_from_this();
  told_ = nullptr;
  fsm_.close();
}

}  // namespace fanfare::redis
