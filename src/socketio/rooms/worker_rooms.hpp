// The sockets of one namespace on one worker, and the rooms they are in. Inbound: socket_impl joins and leaves.
// Outbound: worker_adapter asks whom a broadcast reaches. Thread: owning worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fanfare/socketio/event.hpp>

#include "socketio/rooms/room_directory.hpp"

namespace fanfare::socketio {

class socket_impl;

class worker_rooms {
 public:
  struct member;
  struct seat {
    member* who;
    std::uint64_t after;  // broadcasts of a sequence up to here have been replayed
  };
  struct room {
    std::string name;
    std::vector<seat> seats;
  };
  /// One socket. `socket` is null once it has left while a broadcast was being delivered.
  struct member {
    std::shared_ptr<socket_impl> socket;
    std::vector<std::pair<room*, std::size_t>> rooms;  // with the seat's index there
    std::size_t index = 0;                             // in members_
    std::uint64_t chosen = 0, excluded = 0;            // the last visit that did
  };

  worker_rooms(room_directory& directory, unsigned worker) : directory_(directory), worker_(worker) {}
  worker_rooms(const worker_rooms&) = delete;
  worker_rooms& operator=(const worker_rooms&) = delete;

  member& add(std::shared_ptr<socket_impl> socket);
  /// Leaves all rooms; `gone` may be used until the last visit under way ends.
  void remove(member& gone);
  void join(member& who, const std::string& name, std::uint64_t after);
  void leave(member& who, std::string_view name);
  [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }

  /// Calls `work(socket_impl&)` for each socket chosen, once. Sockets may join, leave and go meanwhile.
  template <class Work>
  std::size_t visit(const broadcast_options& options, Work&& work) {
    ++visiting_;
    auto targets = choose(options);
    std::size_t reached = 0;
    for (auto* target : targets) {
      // A copy, for the socket may go while it is being served.
      if (const auto socket = target->socket) {
        work(*socket);
        ++reached;
      }
    }
    if (--visiting_ == 0) departed_.clear();
    return reached;
  }
  /// Removes every socket, as the end of the server does.
  void clear();

 private:
  [[nodiscard]] std::vector<member*> choose(const broadcast_options& options);
  void vacate(room& in, std::size_t index);

  room_directory& directory_;
  const unsigned worker_;
  std::vector<std::unique_ptr<member>> members_;
  std::unordered_map<std::string, room, text_hash, std::equal_to<>> rooms_;
  std::uint64_t visit_ = 0;
  unsigned visiting_ = 0;
  std::vector<std::unique_ptr<member>> departed_;  // kept while visits may point at them
};

}  // namespace fanfare::socketio
