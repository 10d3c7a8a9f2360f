#include <fanfare/http/client.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "http/client/response_parser.hpp"

namespace fanfare::http {

std::string request_text(const request& what) {
  std::string out = what.method + " " + what.target + " HTTP/1.1\r\n";
  for (const auto& [name, content] : what.headers) out += name + ": " + content + "\r\n";
  if (!what.body.empty() || what.method == "POST" || what.method == "PUT" || what.method == "PATCH") {
    out += "Content-Length: " + std::to_string(what.body.size()) + "\r\n";
  }
  return out + "\r\n" + what.body;
}

struct client::state {
  state(executor& on, net::connector& with, client_options how) : home(on), connector(with), options(how) {}

  struct waiting {
    net::endpoint peer;
    std::unique_ptr<net::byte_stream> stream;
    steady_time since;
  };
  /// A connection to the peer that its server has not ended and need not be about to.
  [[nodiscard]] std::unique_ptr<net::byte_stream> take(const net::endpoint& peer) {
    while (!idle.empty() && home.now() - idle.front().since > options.idle_max) idle.pop_front();
    // The one that waited least is the surest.
    const auto found = std::find_if(idle.rbegin(), idle.rend(), [&](const auto& each) { return each.peer == peer; });
    if (found == idle.rend()) return nullptr;
    auto stream = std::move(found->stream);
    idle.erase(std::next(found).base());
    std::array<char, 1> into{};
    if (stream->read_some(into).status == net::io_status::would_block) return stream;
    return take(peer);
  }
  void keep(const net::endpoint& peer, std::unique_ptr<net::byte_stream> stream) {
    idle.push_back({peer, std::move(stream), home.now()});
    if (idle.size() > options.idle_connections_max) idle.pop_front();
  }

  executor& home;
  net::connector& connector;
  const client_options options;
  std::deque<waiting> idle;                       // the one that waits longest first
  std::set<std::shared_ptr<question>> questions;  // under way
};

class client::question : public std::enable_shared_from_this<client::question> {
 public:
  question(std::weak_ptr<client::state> of, executor& home, net::endpoint peer, const request& what, answered done)
      : of_(std::move(of)),
        home_(home),
        peer_(std::move(peer)),
        out_(request_text(what)),
        head_only_(what.method == "HEAD"),
        done_(std::move(done)) {}
  ~question() { home_.cancel(timer_); }
  question(const question&) = delete;
  question& operator=(const question&) = delete;

  void start(milliseconds timeout) {
    timer_ = home_.after(timeout, guarded([this] { end(error{errc::timeout, {}, {}}); }));
    home_.post(guarded([this] { connect(); }));
  }
  /// Ends it without an answer.
  void drop() {
    done_ = nullptr;
    end({});
  }

 private:
  template <class Work>
  [[nodiscard]] std::function<void()> guarded(Work work) {
    return [weak = weak_from_this(), work = std::move(work)] {
      if (const auto self = weak.lock()) work();
    };
  }

  void connect() {
    const auto of = of_.lock();
    if (!done_ || !of) return;
    parser_.emplace(of->options.header_bytes_max, of->options.answer_bytes_max, head_only_);
    if ((stream_ = of->take(peer_))) return write();
    auto connected = [weak = weak_from_this()](result<std::unique_ptr<net::byte_stream>> made) {
      const auto self = weak.lock();
      if (!self || !self->done_) return;
      if (!made) return self->end(made.error());
      self->stream_ = std::move(*made);
      self->write();
    };
    connecting_ = of->connector.connect(home_, peer_, of->options.connect_timeout, std::move(connected));
  }

  void write() {
    while (written_ < out_.size()) {
      const std::array<std::string_view, 1> rest{std::string_view(out_).substr(written_)};
      const auto put = stream_->write_some(rest);
      if (put.status == net::io_status::would_block) return stream_->wait_writable(guarded([this] { write(); }));
      if (put.status != net::io_status::ok) break;  // an answer may lie there all the same: read it
      written_ += put.bytes;
    }
    out_ = {};
    read();
  }

  void read() {
    std::array<char, 16384> into{};
    for (;;) {
      const auto got = stream_->read_some(into);
      if (got.status == net::io_status::would_block) return stream_->wait_readable(guarded([this] { read(); }));
      if (got.status == net::io_status::failed) return end(error{errc::unavailable, "the connection broke", {}});
      if (got.status == net::io_status::end) {
        if (const auto whole = parser_->finish(); !whole) return end(whole.error());
        return end({});
      }
      const auto whole = parser_->feed({into.data(), got.bytes});
      if (!whole) return end(whole.error());
      if (!*whole) continue;
      if (const auto of = of_.lock(); of && parser_->keep_alive()) of->keep(peer_, std::move(stream_));
      return end({});
    }
  }

  void end(const std::optional<error>& failure) {
    const auto self = shared_from_this();
    if (const auto of = of_.lock()) of->questions.erase(self);
    stream_.reset();
    connecting_.reset();
    auto done = std::exchange(done_, nullptr);
    if (!done) return;
    if (failure) return done(*failure);
    done(parser_->take());
  }

  std::weak_ptr<client::state> of_;
  executor& home_;
  const net::endpoint peer_;
  std::string out_;
  std::size_t written_ = 0;
  const bool head_only_;
  answered done_;  // null once it has ended
  timer_id timer_ = 0;
  std::shared_ptr<void> connecting_;
  std::unique_ptr<net::byte_stream> stream_;
  std::optional<response_parser> parser_;
};

client::client(executor& home, net::connector& connector, client_options options)
    : state_(std::make_shared<state>(home, connector, options)) {}

client::~client() { state_->questions.clear(); }

std::shared_ptr<void> client::ask(const net::endpoint& peer, const request& what, milliseconds timeout, answered done) {
  auto made = std::make_shared<question>(state_, state_->home, peer, what, std::move(done));
  state_->questions.insert(made);
  made->start(timeout);
  return std::shared_ptr<void>(made.get(), [weak = std::weak_ptr(made)](void*) {
    if (const auto one = weak.lock()) one->drop();
  });
}

std::size_t client::idle() const noexcept { return state_->idle.size(); }

}  // namespace fanfare::http
