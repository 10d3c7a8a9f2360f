// The one-node adapter: broadcasts are encoded once and handed to the workers that have a socket for them.
// Inbound: broadcast_operator, adapters of fleets. Outbound: socket_impl, on its own worker.
#pragma once

#include <atomic>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include <fanfare/socketio/adapter.hpp>

#include "socketio/context.hpp"
#include "socketio/rooms/recovery_store.hpp"
#include "socketio/rooms/room_directory.hpp"
#include "socketio/rooms/worker_rooms.hpp"

namespace fanfare::socketio {

/// Order. A broadcast reaches the caller's own worker inline, so that what a handler broadcasts and then emits
/// arrives in that order, as in Node; other workers get it posted. It may thereby overtake a broadcast that another
/// thread posted a moment ago, which is as good as one made a moment later. Not so with a log behind it: broadcasts
/// with a `sequence`, and those `ordered` among them, queue for every worker, the caller's included, so that each
/// worker delivers them in the order they were made, and none between two steps of one handler (reading the log's end,
/// then joining); a join after a sequence first delivers what is queued up to there, so that no replay overtakes it.
/// With connection state recovery, deliveries queue per worker in the order of their offsets, and a broadcast first
/// delivers what its own worker has queued: clients get offsets in order. Thread: any, but for rooms_of() and
/// deliver_queued().
class worker_adapter final : public adapter {
 public:
  worker_adapter(context_ptr shared, std::string nsp);
  ~worker_adapter() override;

  void broadcast(const packet& out, const broadcast_options& options) override;
  void broadcast_with_ack(const packet& out, const broadcast_options& options, milliseconds limit,
                          std::function<void(std::size_t)> counted, std::function<void(array)> answered) override;
  void add_sockets(const broadcast_options& options, const std::vector<std::string>& rooms) override;
  void remove_sockets(const broadcast_options& options, const std::vector<std::string>& rooms) override;
  void disconnect_sockets(const broadcast_options& options, bool close) override;
  void fetch_sockets(const broadcast_options& options, std::function<void(std::vector<remote_socket>)> done) override;
  void server_side_emit(std::string_view, const array&) override {}
  void server_side_emit_with_ack(std::string_view, const array&, milliseconds,
                                 std::function<void(result<std::vector<value>>)> done) override;
  void count_nodes(std::function<void(std::size_t)> done) override { done(1); }
  void list_rooms(std::function<void(std::vector<std::pair<std::string, std::size_t>>)> done) override;
  [[nodiscard]] std::size_t room_size(std::string_view room) const override;
  void watch_rooms(std::function<void(const std::string&, bool)> work) override { directory_.watch(std::move(work)); }
  [[nodiscard]] executor_pool& workers() noexcept override { return shared_->workers; }

  /// Thread: that worker.
  worker_rooms& rooms_of(unsigned worker) { return lanes_[worker]->rooms; }
  /// Delivers what is queued for the worker, up to that sequence. Thread: that worker.
  void deliver_queued(unsigned worker, std::uint64_t up_to) { drain(*lanes_[worker], up_to); }
  void count_socket(unsigned worker, std::ptrdiff_t change);
  /// Sockets over all workers.
  [[nodiscard]] std::size_t size() const noexcept { return sockets_.load(std::memory_order_relaxed); }
  /// The id of the next packet that asks for an acknowledgement; one count for the namespace, as in Node.
  [[nodiscard]] std::uint64_t next_ack_id() noexcept { return ack_ids_.fetch_add(1, std::memory_order_relaxed); }
  /// nullptr without the option.
  [[nodiscard]] recovery_store* recovery() noexcept { return recovery_.get(); }
  /// Whether any socket listens to what is sent (on_any_outgoing): only then is a packet kept beside its frames.
  void listens_outgoing(std::ptrdiff_t change) { outgoing_listeners_ += change; }
  /// Ends every socket: "server shutting down".
  void shut_down();
  /// Drops every socket. Thread: none other may run.
  void clear();

 private:
  struct delivery;
  struct lane {
    lane(room_directory& directory, unsigned worker) : rooms(directory, worker) {}
    worker_rooms rooms;
    std::atomic<std::size_t> sockets{0};
    std::atomic<unsigned> joins_posted{0};  // add_sockets under way: the directory does not know of them yet
    std::mutex mutex;
    std::deque<std::shared_ptr<const delivery>> queued;  // broadcasts with a sequence, and all with recovery
  };
  using lane_work = std::function<void(lane&)>;

  [[nodiscard]] std::vector<char> choose_workers(const broadcast_options& options) const;
  [[nodiscard]] std::shared_ptr<delivery> prepare(const packet& out, const broadcast_options& options);
  void deliver(lane& to, const delivery& what);
  void broadcast_in_order(packet out, const broadcast_options& options);
  void drain(lane& from, std::uint64_t up_to = std::numeric_limits<std::uint64_t>::max());
  /// Inline on the caller's worker when it is one, posted to the others.
  void run_on(const std::vector<char>& chosen, const lane_work& work);

  const context_ptr shared_;
  const std::string nsp_;
  room_directory directory_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::atomic<std::size_t> sockets_{0};
  std::atomic<std::uint64_t> ack_ids_{0};
  std::atomic<std::ptrdiff_t> outgoing_listeners_{0};
  std::unique_ptr<recovery_store> recovery_;
  std::mutex recovery_order_;  // held from an offset's making to its queueing
};

}  // namespace fanfare::socketio
