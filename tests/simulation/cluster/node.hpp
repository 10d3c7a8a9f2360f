#pragma once

// One node of the cluster: the log in Redis, publishing, feed, members, the connections of its clients, on two threads.
// As server/service wires it, without a network to clients. Inbound: author, listener_client, course.

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/connection_table.hpp"
#include "domain/feed.hpp"
#include "domain/fleet/fleet_members.hpp"
#include "domain/publishing.hpp"
#include "history/redis/redis_log.hpp"
#include "network.hpp"
#include "socket.hpp"

namespace fanfare::simulation {

struct node_terms {
  std::string name;
  history::memory_log_options bounds, window;
  milliseconds patience{5000}, request_timeout{5000}, fleet_timeout{3000};
  std::size_t connections_of_user_max = 0;
  unsigned min_replicas = 0;
  socket::terms sockets;
  const sabotage* faults = nullptr;
};

class node final : public domain::delivery, public std::enable_shared_from_this<node> {
 public:
  /// `tell`: what it says of itself.
  node(scheduler& at, const domain::catalogue& types, node_terms how, std::function<void(const std::string&)> tell);
  ~node() override;

  /// Comes up once Redis answers.
  void start();
  [[nodiscard]] bool serves() const noexcept { return serves_; }
  /// Between two pieces of anybody's work: it is gone as a process that is killed.
  void die();
  /// It goes by itself: is_gone() once it has told so.
  void leave();
  [[nodiscard]] bool is_gone() const;

  using ended = std::function<void()>;
  /// A connection; null, and refused, when the user has too many. `to_end`: when the node ends it.
  void accept(const std::string& user, std::vector<std::string> rooms, std::optional<std::string> since,
              std::function<void(packet)> send, ended to_end, const std::function<void(std::weak_ptr<socket>)>& made);
  /// The client has gone.
  void drop(const std::weak_ptr<socket>& which);
  void publish(std::vector<domain::draft> drafts, const std::string& publisher, domain::publishing::published done);

  [[nodiscard]] const std::string& name() const noexcept { return how_.name; }
  [[nodiscard]] way& to_redis() noexcept { return to_redis_; }
  [[nodiscard]] thread& home() noexcept { return home_; }
  [[nodiscard]] thread& worker() noexcept { return worker_; }
  [[nodiscard]] const history::redis_log& log() const noexcept { return *log_; }
  /// Of this node and, as it believes, all others.
  [[nodiscard]] std::map<std::string, std::size_t> members(const std::string& room) const {
    return table_.members(room);
  }
  /// Of this node alone.
  [[nodiscard]] std::map<std::string, std::size_t> members_here(const std::string& room) const;
  /// That it knows of, itself among them.
  [[nodiscard]] std::size_t nodes() const { return members_ ? members_->nodes().size() : 1; }

  void deliver(const domain::outgoing& event) override;
  void interrupted() override;

 private:
  struct guest {
    std::shared_ptr<socket> connection;
    api::connection_table::key row;
    std::string user;
    std::vector<std::string> rooms;
    ended to_end;
  };
  void await_log();
  void serve();
  void tick();
  void end_all(bool told);
  void let_go(guest& which);
  template <class Work>
  void on_worker(Work work);

  scheduler& at_;
  const domain::catalogue& types_;
  const node_terms how_;
  const std::function<void(const std::string&)> tell_;
  thread home_, worker_;
  way to_redis_;
  std::unique_ptr<history::redis_log> log_;
  std::unique_ptr<domain::publishing> publisher_;
  std::unique_ptr<domain::feed> feed_;
  std::unique_ptr<domain::fleet_members> members_;
  api::connection_table table_;
  std::vector<guest> guests_;
  bool serves_ = false, alive_ = true, leaves_ = false;
  steady_time trimmed_at_;
};

}  // namespace fanfare::simulation
