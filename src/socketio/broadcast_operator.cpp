// What a broadcast_operator's calls ask of its adapter; gathering of acknowledgements over nodes. Thread: any.
#include <fanfare/socketio/broadcast_operator.hpp>

#include <iterator>
#include <memory>
#include <utility>

#include <fanfare/socketio/adapter.hpp>

#include "socketio/codec/packet_rules.hpp"

namespace fanfare::socketio {
namespace {

void add(std::vector<std::string>& to, std::string room) { to.push_back(std::move(room)); }
void add(std::vector<std::string>& to, const std::vector<std::string>& rooms) {
  to.insert(to.end(), rooms.begin(), rooms.end());
}

packet make_packet(std::string_view name, array args) {
  array data;
  data.reserve(args.size() + 1);
  data.emplace_back(name);
  std::move(args.begin(), args.end(), std::back_inserter(data));
  return {packet_type::event, {}, std::nullopt, std::move(data)};
}

/// Answers to one broadcast, all handled on one worker.
struct ack_gathering : std::enable_shared_from_this<ack_gathering> {
  ack_gathering(executor& on, std::function<void(broadcast_operator::acks)> work) : worker(on), done(std::move(work)) {}

  /// Runs `step` on the worker; what comes after the end is too late.
  template <class Step>
  void run(Step step) {
    auto work = [self = shared_from_this(), step = std::move(step)]() mutable {
      if (!self->done) return;
      step(*self);
      self->finish_when_whole();
    };
    worker.dispatch(std::move(work));
  }

  void finish_when_whole() {
    if (nodes_counted < nodes || result.answers.size() < expected) return;
    finish();
  }

  void finish() {
    worker.cancel(timer);
    const auto call = std::exchange(done, nullptr);
    try {
      call(std::move(result));
    } catch (...) {
      // The program's own handler; no connection is to suffer for it.
    }
  }

  executor& worker;
  std::function<void(broadcast_operator::acks)> done;
  broadcast_operator::acks result;
  std::size_t nodes = SIZE_MAX;  // until counted
  std::size_t nodes_counted = 0, expected = 0;
  timer_id timer = 0;
};

}  // namespace

broadcast_operator broadcast_operator::to(std::string room) const {
  auto next = *this;
  add(next.options_.rooms, std::move(room));
  return next;
}

broadcast_operator broadcast_operator::to(const std::vector<std::string>& rooms) const {
  auto next = *this;
  add(next.options_.rooms, rooms);
  return next;
}

broadcast_operator broadcast_operator::except(std::string room) const {
  auto next = *this;
  add(next.options_.except, std::move(room));
  return next;
}

broadcast_operator broadcast_operator::except(const std::vector<std::string>& rooms) const {
  auto next = *this;
  add(next.options_.except, rooms);
  return next;
}

broadcast_operator broadcast_operator::volatile_() const {
  auto next = *this;
  next.options_.is_volatile = true;
  return next;
}

broadcast_operator broadcast_operator::compress(bool on) const {
  auto next = *this;
  next.options_.compress = on;
  return next;
}

broadcast_operator broadcast_operator::local() const {
  auto next = *this;
  next.options_.local = true;
  return next;
}

broadcast_operator broadcast_operator::timeout(milliseconds limit) const {
  auto next = *this;
  next.timeout_ = limit;
  return next;
}

broadcast_operator broadcast_operator::conflate(std::string key) const {
  auto next = *this;
  next.options_.conflate_key = std::move(key);
  return next;
}

broadcast_operator broadcast_operator::sequence(std::uint64_t position) const {
  auto next = *this;
  next.options_.sequence = position;
  return next;
}

broadcast_operator broadcast_operator::ordered() const {
  auto next = *this;
  next.options_.ordered = true;
  return next;
}

void broadcast_operator::emit_list(std::string_view name, array args) const {
  if (is_reserved_event(name)) return;  // peers would refuse it (socket.io-parser)
  target_->broadcast(make_packet(name, std::move(args)), options_);
}

void broadcast_operator::emit_with_ack(std::string_view name, array args, std::function<void(acks)> done) const {
  auto& pool = target_->workers();
  auto* const current = pool.current();
  auto gathering = std::make_shared<ack_gathering>(current != nullptr ? *current : pool.at(0), std::move(done));
  // A broadcast to everybody may be answered by a thousand sockets before they have been counted: that is fine, the
  // end is checked after every step.
  auto start = [gathering, target = target_, options = options_, limit = timeout_,
                out = make_packet(name, std::move(args))] {
    gathering->timer = gathering->worker.after(limit, [gathering] {
      if (!gathering->done) return;
      gathering->result.timed_out = true;
      gathering->finish();
    });
    target->broadcast_with_ack(
        out, options, limit,
        [gathering](std::size_t sockets) {
          gathering->run([sockets](ack_gathering& sum) {
            ++sum.nodes_counted;
            sum.expected += sockets;
          });
        },
        [gathering](array answer) {
          gathering->run([answer = std::move(answer)](ack_gathering& sum) mutable {
            sum.result.answers.push_back(answer.empty() ? value() : std::move(answer.front()));
          });
        });
    if (options.local) return gathering->run([](ack_gathering& sum) { sum.nodes = 1; });
    target->count_nodes(
        [gathering](std::size_t nodes) { gathering->run([nodes](ack_gathering& sum) { sum.nodes = nodes; }); });
  };
  if (current != nullptr) return start();
  gathering->worker.post(std::move(start));
}

void broadcast_operator::sockets_join(const std::vector<std::string>& rooms) const {
  target_->add_sockets(options_, rooms);
}

void broadcast_operator::sockets_leave(const std::vector<std::string>& rooms) const {
  target_->remove_sockets(options_, rooms);
}

void broadcast_operator::disconnect_sockets(bool close) const { target_->disconnect_sockets(options_, close); }

void broadcast_operator::fetch_sockets(std::function<void(std::vector<remote_socket>)> done) const {
  target_->fetch_sockets(options_, std::move(done));
}

}  // namespace fanfare::socketio
