#include <fanfare/net/splice.hpp>

#include <array>
#include <string_view>
#include <utility>

namespace fanfare::net {

namespace {

constexpr std::size_t ahead_bytes_max = 16384;
constexpr milliseconds linger{10000};
constexpr unsigned turns_max = 16;  // of one direction in a row, so that a fast one does not keep the worker

class live_splice final : public splice, public std::enable_shared_from_this<live_splice> {
 public:
  live_splice(executor& home, splice_end one, splice_end other, std::function<void()> done)
      : home_(home),
        ways_{way{one.stream.get(), other.stream.get(), std::move(other.first)},
              way{other.stream.get(), one.stream.get(), std::move(one.first)}},
        ends_{std::move(one.stream), std::move(other.stream)},
        done_(std::move(done)) {}
  ~live_splice() override { close(); }
  live_splice(const live_splice&) = delete;
  live_splice& operator=(const live_splice&) = delete;

  void start() {
    for (auto& each : ways_) go_on(each);
  }
  void close() override {
    home_.cancel(std::exchange(timer_, 0));
    for (auto& end : ends_) {
      if (end) end->close();
    }
    done_ = nullptr;
  }

 private:
  struct way {
    byte_stream* from;
    byte_stream* to;
    std::string held;  // read and not written yet
    std::size_t written = 0;
    bool finished = false;
  };

  void go_on(way& at) {
    home_.post([weak = weak_from_this(), &at] {
      if (const auto self = weak.lock()) self->carry(at);
    });
  }
  std::function<void()> when_ready(way& at) {
    return [weak = weak_from_this(), &at] {
      if (const auto self = weak.lock()) self->carry(at);
    };
  }

  void carry(way& at) {
    for (unsigned turn = 0; turn < turns_max; ++turn) {
      if (!done_ || at.finished) return;
      if (!(at.held.empty() ? read(at) : write(at))) return;
    }
    go_on(at);
  }

  /// Both say whether there is more to do now.
  bool read(way& at) {
    std::array<char, ahead_bytes_max> into{};
    const auto got = at.from->read_some(into);
    switch (got.status) {
      case io_status::ok:
        at.held.assign(into.data(), got.bytes);
        return true;
      case io_status::would_block:
        at.held.shrink_to_fit();
        at.from->wait_readable(when_ready(at));
        return false;
      case io_status::end:
        finish(at);
        return false;
      case io_status::failed:
        break;
    }
    end();
    return false;
  }
  bool write(way& at) {
    const std::array<std::string_view, 1> rest{std::string_view(at.held).substr(at.written)};
    const auto put = at.to->write_some(rest);
    switch (put.status) {
      case io_status::ok:
        at.written += put.bytes;
        if (at.written == at.held.size()) {
          at.held.clear();
          at.written = 0;
        }
        return true;
      case io_status::would_block:
        at.to->wait_writable(when_ready(at));
        return false;
      default:
        end();
        return false;
    }
  }

  void finish(way& at) {
    at.finished = true;
    at.to->shutdown_write();
    if (ways_[0].finished && ways_[1].finished) return end();
    timer_ = home_.after(linger, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->end();
    });
  }
  void end() {
    auto done = std::exchange(done_, nullptr);
    close();
    if (done) home_.post(std::move(done));
  }

  executor& home_;
  std::array<way, 2> ways_;
  std::array<std::unique_ptr<byte_stream>, 2> ends_;
  std::function<void()> done_;  // null once it has ended
  timer_id timer_ = 0;
};

}  // namespace

std::shared_ptr<splice> make_splice(executor& home, splice_end one, splice_end other, std::function<void()> done) {
  auto made = std::make_shared<live_splice>(home, std::move(one), std::move(other), std::move(done));
  made->start();
  return made;
}

}  // namespace fanfare::net
