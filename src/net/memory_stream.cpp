#include "net/memory_stream.hpp"

#include <algorithm>

namespace fanfare::net {

struct memory_stream::link {
  memory_stream::end_state ends[2];
};

namespace {

using end_state = memory_stream::end_state;

bool readable(const end_state& end) { return !end.inbox.empty() || end.ended || end.broken; }
bool writable(const end_state& end, const end_state& peer) {
  return end.broken || peer.closed || peer.inbox.size() < peer.capacity;
}

// Readiness is looked at again when the posted work runs: as with epoll, a stale event reaches nobody.
template <class Link>
void wake(const std::shared_ptr<Link>& shared, unsigned side) {
  end_state& end = shared->ends[side];
  if (end.home == nullptr || (!end.on_readable && !end.on_writable)) return;
  end.home->post([weak = std::weak_ptr<Link>(shared), side] {
    const auto link = weak.lock();
    if (!link) return;
    end_state& now = link->ends[side];
    if (now.on_readable && readable(now)) std::exchange(now.on_readable, nullptr)();
    if (now.on_writable && writable(now, link->ends[1 - side])) std::exchange(now.on_writable, nullptr)();
  });
}

}  // namespace

class memory_stream::detached_memory final : public byte_stream::detached {
 public:
  detached_memory(std::shared_ptr<link> shared, unsigned side) : held_(new memory_stream(std::move(shared), side)) {}
  std::unique_ptr<byte_stream> attach(executor& target) override {
    held_->mine().home = &target;
    return std::move(held_);
  }

 private:
  std::unique_ptr<memory_stream> held_;
};

memory_stream::pair memory_stream::make(executor& first, executor& second, std::size_t capacity) {
  auto shared = std::make_shared<link>();
  for (auto& end : shared->ends) end.capacity = capacity;
  shared->ends[0].home = &first;
  shared->ends[1].home = &second;
  return {std::unique_ptr<memory_stream>(new memory_stream(shared, 0)),
          std::unique_ptr<memory_stream>(new memory_stream(shared, 1))};
}

memory_stream::end_state& memory_stream::mine() const { return link_->ends[side_]; }
memory_stream::end_state& memory_stream::other() const { return link_->ends[1 - side_]; }
std::shared_ptr<memory_stream::end_state> memory_stream::state() const { return {link_, &mine()}; }

bool memory_stream::step_fails() {
  end_state& end = mine();
  if (++end.steps == end.fail_at) end.broken = true;
  return end.broken || end.closed;
}

void memory_stream::wait_readable(std::function<void()> work) {
  if (mine().closed) return;
  mine().on_readable = std::move(work);
  if (readable(mine())) wake(link_, side_);
}

void memory_stream::wait_writable(std::function<void()> work) {
  if (mine().closed) return;
  mine().on_writable = std::move(work);
  if (writable(mine(), other())) wake(link_, side_);
}

io_result memory_stream::read_some(std::span<char> into) {
  if (step_fails()) return {io_status::failed, 0};
  end_state& end = mine();
  if (end.inbox.empty()) return {end.ended ? io_status::end : io_status::would_block, 0};
  const auto count = std::min({into.size(), end.inbox.size(), end.read_max});
  std::copy_n(end.inbox.begin(), count, into.begin());
  end.inbox.erase(0, count);
  wake(link_, 1 - side_);
  return {io_status::ok, count};
}

io_result memory_stream::write_some(std::span<const std::string_view> buffers) {
  if (step_fails() || other().closed) return {io_status::failed, 0};
  end_state& peer = other();
  const auto free = peer.capacity > peer.inbox.size() ? peer.capacity - peer.inbox.size() : 0;
  auto room = std::min(free, mine().write_max);
  std::size_t written = 0;
  for (const auto& buffer : buffers.first(std::min<std::size_t>(buffers.size(), 64))) {
    const auto part = buffer.substr(0, room);
    peer.inbox += part;
    written += part.size();
    room -= part.size();
  }
  if (written == 0) return {io_status::would_block, 0};
  wake(link_, 1 - side_);
  return {io_status::ok, written};
}

void memory_stream::shutdown_write() {
  other().ended = true;
  wake(link_, 1 - side_);
}

void memory_stream::close() {
  if (!link_ || mine().closed) return;
  end_state& end = mine();
  end.closed = true;
  const auto readable = std::exchange(end.on_readable, nullptr);
  const auto writable = std::exchange(end.on_writable, nullptr);
  other().ended = true;
  wake(link_, 1 - side_);
}

void memory_stream::reset() {
  if (mine().closed) return;
  mine().reset = true;
  other().broken = true;
  close();
}

std::unique_ptr<byte_stream::detached> memory_stream::detach() {
  end_state& end = mine();
  end.on_readable = end.on_writable = nullptr;
  end.home = nullptr;
  // The stream object left behind is an end of nothing.
  auto empty = std::make_shared<link>();
  return std::make_unique<detached_memory>(std::exchange(link_, std::move(empty)), side_);
}

}  // namespace fanfare::net
