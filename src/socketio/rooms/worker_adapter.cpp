#include "socketio/rooms/worker_adapter.hpp"

#include <algorithm>
#include <utility>

#include "socketio/socket_impl.hpp"

namespace fanfare::socketio {

namespace {

bool is_alone(const broadcast_options& options, const socket_impl& socket) {
  return options.rooms.size() == 1 && options.rooms.front() == socket.id();
}

/// Whether it goes by the lanes' own queues, to every worker.
bool has_place(const broadcast_options& options) { return options.sequence != 0 || options.ordered; }

}  // namespace

struct worker_adapter::delivery {
  std::vector<engineio::outbound> frames;
  engineio::send_options how;
  broadcast_options options;
  std::uint64_t position = 0;  // of connection state recovery; 0: not kept
  packet_type type = packet_type::event;
  std::shared_ptr<const packet> original;  // when somebody listens to what is sent
};

worker_adapter::worker_adapter(context_ptr shared, std::string nsp) : shared_(std::move(shared)), nsp_(std::move(nsp)) {
  for (unsigned i = 0; i < shared_->workers.size(); ++i) lanes_.push_back(std::make_unique<lane>(directory_, i));
  if (const auto& recovery = shared_->options.recovery) {
    recovery_ = std::make_unique<recovery_store>(*recovery, shared_->around.make_id());
  }
}

worker_adapter::~worker_adapter() = default;

void worker_adapter::count_socket(unsigned worker, std::ptrdiff_t change) {
  lanes_[worker]->sockets += static_cast<std::size_t>(change);
  sockets_ += static_cast<std::size_t>(change);
  shared_->count.sockets.add(static_cast<double>(change));
}

std::vector<char> worker_adapter::choose_workers(const broadcast_options& options) const {
  std::vector<char> chosen(lanes_.size(), 0);
  // A sequence goes everywhere: a join that has not reached the directory may still count on it (see the header).
  const bool everywhere = options.rooms.empty() || has_place(options);
  // Before the directory: a posted join enters there first and is counted off after.
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (everywhere || lanes_[i]->joins_posted.load() != 0) chosen[i] = 1;
  }
  for (const auto& room : options.rooms) directory_.choose(room, chosen);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i]->sockets.load() == 0) chosen[i] = 0;
  }
  return chosen;
}

void worker_adapter::run_on(const std::vector<char>& chosen, const lane_work& work) {
  auto* const current = shared_->workers.current();
  auto keep = std::static_pointer_cast<worker_adapter>(shared_from_this());
  for (unsigned i = 0; i < lanes_.size(); ++i) {
    if (chosen[i] == 0 || (current != nullptr && current->index() == i)) continue;
    shared_->workers.at(i).post([keep, i, work] { work(*keep->lanes_[i]); });
  }
  if (current != nullptr && chosen[current->index()] != 0) work(*lanes_[current->index()]);
}

std::shared_ptr<worker_adapter::delivery> worker_adapter::prepare(const packet& out, const broadcast_options& options) {
  auto what = std::make_shared<delivery>();
  what->frames = shared_->encoder->encode(out);
  what->how = {options.is_volatile, options.compress, options.conflate_key};
  what->options = options;
  what->type = out.type;
  if (outgoing_listeners_.load() > 0) what->original = std::make_shared<const packet>(out);
  return what;
}

void worker_adapter::deliver(lane& to, const delivery& what) {
  const auto reached = to.rooms.visit(what.options, [&what](socket_impl& socket) {
    socket.deliver(what.frames, what.how, what.original, what.position, is_alone(what.options, socket));
  });
  if (reached != 0) shared_->count.sent(what.type, reached);
}

void worker_adapter::broadcast(const packet& out, const broadcast_options& options) {
  packet named = out;
  named.nsp = nsp_;
  if (recovery_) return broadcast_in_order(std::move(named), options);
  const auto chosen = choose_workers(options);
  if (std::find(chosen.begin(), chosen.end(), 1) == chosen.end()) return;
  std::shared_ptr<const delivery> what = prepare(named, options);
  if (!has_place(options)) return run_on(chosen, [this, what](lane& to) { deliver(to, *what); });
  const auto keep = std::static_pointer_cast<worker_adapter>(shared_from_this());
  // By the lane's own queue: Asio holds back what a worker posts to itself until the handler that runs has ended, and
  // what another worker posts meanwhile would overtake it.
  for (unsigned i = 0; i < lanes_.size(); ++i) {
    if (chosen[i] == 0) continue;
    {
      const std::lock_guard lock(lanes_[i]->mutex);
      lanes_[i]->queued.push_back(what);
    }
    shared_->workers.at(i).post([keep, i] { keep->drain(*keep->lanes_[i]); });
  }
}

void worker_adapter::broadcast_in_order(packet out, const broadcast_options& options) {
  auto* const current = shared_->workers.current();
  bool drain_here = false;
  {
    const std::lock_guard order(recovery_order_);
    // Node: what asks for an acknowledgement cannot be replayed, and what is volatile need not be.
    std::uint64_t position = 0;
    if (out.type == packet_type::event && !out.id && !options.is_volatile) {
      auto reserved = recovery_->reserve();
      position = reserved.position;
      if (auto* args = out.data.if_array()) args->emplace_back(std::move(reserved.offset));
    }
    const auto what = prepare(out, options);
    what->position = position;
    if (position != 0) recovery_->append(position, what->frames, options, shared_->around.unix_ms());
    const auto chosen = choose_workers(options);
    const auto keep = std::static_pointer_cast<worker_adapter>(shared_from_this());
    for (unsigned i = 0; i < lanes_.size(); ++i) {
      if (chosen[i] == 0) continue;
      {
        const std::lock_guard lock(lanes_[i]->mutex);
        lanes_[i]->queued.push_back(what);
      }
      const bool inline_here = current != nullptr && current->index() == i && !has_place(options);
      if (inline_here)
        drain_here = true;
      else
        shared_->workers.at(i).post([keep, i] { keep->drain(*keep->lanes_[i]); });
    }
  }
  if (drain_here) drain(*lanes_[current->index()]);
}

void worker_adapter::drain(lane& from, std::uint64_t up_to) {
  while (true) {
    std::shared_ptr<const delivery> next;
    {
      const std::lock_guard lock(from.mutex);
      if (from.queued.empty() || from.queued.front()->options.sequence > up_to) return;
      next = std::move(from.queued.front());
      from.queued.pop_front();
    }
    deliver(from, *next);
  }
}

void worker_adapter::broadcast_with_ack(const packet& out, const broadcast_options& options, milliseconds limit,
                                        std::function<void(std::size_t)> counted, std::function<void(array)> answered) {
  packet named = out;
  named.nsp = nsp_;
  named.id = next_ack_id();
  const std::shared_ptr<const delivery> what = prepare(named, options);
  const auto chosen = choose_workers(options);
  struct tally {
    std::atomic<std::size_t> workers_left{0}, sockets{0};
    std::function<void(std::size_t)> counted;
    std::function<void(array)> answered;
  };
  auto sum = std::make_shared<tally>();
  sum->workers_left = static_cast<std::size_t>(std::count(chosen.begin(), chosen.end(), 1));
  sum->counted = std::move(counted);
  sum->answered = std::move(answered);
  if (sum->workers_left == 0) return sum->counted(0);
  run_on(chosen, [this, what, sum, limit, id = *named.id](lane& to) {
    std::size_t expected = 0;
    const auto reached = to.rooms.visit(what->options, [&](socket_impl& socket) {
      const bool waits = socket.expect_ack(id, limit, [sum](const result<array>& answer) {
        if (answer) sum->answered(*answer);
      });
      if (!waits) return;
      ++expected;
      socket.deliver(what->frames, what->how, what->original, 0, is_alone(what->options, socket));
    });
    if (reached != 0) shared_->count.sent(what->type, expected);
    sum->sockets += expected;
    if (--sum->workers_left == 0) sum->counted(sum->sockets);
  });
}

void worker_adapter::add_sockets(const broadcast_options& options, const std::vector<std::string>& rooms) {
  const auto chosen = choose_workers(options);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (chosen[i] != 0) ++lanes_[i]->joins_posted;
  }
  run_on(chosen, [options, rooms](lane& at) {
    at.rooms.visit(options, [&rooms](socket_impl& socket) {
      for (const auto& room : rooms) (void)socket.join(room, 0);
    });
    --at.joins_posted;
  });
}

void worker_adapter::remove_sockets(const broadcast_options& options, const std::vector<std::string>& rooms) {
  run_on(choose_workers(options), [options, rooms](lane& at) {
    at.rooms.visit(options, [&rooms](socket_impl& socket) {
      for (const auto& room : rooms) socket.leave(room);
    });
  });
}

void worker_adapter::disconnect_sockets(const broadcast_options& options, bool close) {
  run_on(choose_workers(options), [options, close](lane& at) {
    at.rooms.visit(options, [close](socket_impl& socket) { socket.disconnect(close); });
  });
}

void worker_adapter::fetch_sockets(const broadcast_options& options,
                                   std::function<void(std::vector<remote_socket>)> done) {
  struct gathering {
    std::mutex mutex;
    std::size_t workers_left;
    std::vector<remote_socket> found;
    std::function<void(std::vector<remote_socket>)> done;
  };
  auto* const current = shared_->workers.current();
  auto& answer_on = current != nullptr ? *current : shared_->workers.at(0);
  auto sum = std::make_shared<gathering>();
  sum->done = [shared = shared_, done = std::move(done)](std::vector<remote_socket> found) {
    shared->guard([&] { done(std::move(found)); });
  };
  const auto chosen = choose_workers(options);
  sum->workers_left = static_cast<std::size_t>(std::count(chosen.begin(), chosen.end(), 1));
  if (sum->workers_left == 0) return answer_on.post([sum] { sum->done({}); });
  run_on(chosen, [sum, options, &answer_on](lane& at) {
    std::vector<remote_socket> mine;
    at.rooms.visit(options, [&mine](socket_impl& socket) { mine.push_back(socket.describe()); });
    const std::lock_guard lock(sum->mutex);
    std::move(mine.begin(), mine.end(), std::back_inserter(sum->found));
    if (--sum->workers_left == 0) answer_on.post([sum] { sum->done(std::move(sum->found)); });
  });
}

void worker_adapter::server_side_emit_with_ack(std::string_view, const array&, milliseconds,
                                               std::function<void(result<std::vector<value>>)> done) {
  done(std::vector<value>{});
}

void worker_adapter::list_rooms(std::function<void(std::vector<std::pair<std::string, std::size_t>>)> done) {
  done(directory_.list());
}

std::size_t worker_adapter::room_size(std::string_view room) const {
  return room.empty() ? size() : directory_.size(room);
}

void worker_adapter::shut_down() {
  run_on(std::vector<char>(lanes_.size(), 1),
         [](lane& at) { at.rooms.visit({}, [](socket_impl& socket) { socket.on_close("server shutting down"); }); });
}

void worker_adapter::clear() {
  for (auto& lane : lanes_) {
    lane->rooms.clear();
    const std::lock_guard lock(lane->mutex);
    lane->queued.clear();
  }
}

}  // namespace fanfare::socketio
