// One namespace: its middleware, its listeners and the way in. Inbound: client (CONNECT). Outbound: socket_impl.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <fanfare/socketio/server.hpp>

#include "socketio/rooms/worker_adapter.hpp"

namespace fanfare::socketio {

class client;
class socket_impl;

/// What is set up on a namespace. A dynamic namespace starts with a copy of its parent's. Thread: any.
struct name_space_setup {
  using connection_handler = std::function<void(const socket_ptr&)>;
  using server_side_handler = std::function<void(event)>;
  std::vector<name_space::middleware> middleware;
  std::vector<connection_handler> connections;
  std::vector<std::pair<std::string, server_side_handler>> server_side;
};

class name_space_impl final : public name_space, public std::enable_shared_from_this<name_space_impl> {
 public:
  name_space_impl(context_ptr shared, std::string name, name_space_setup setup = {});
  /// Makes the adapters; they may look at the namespace, so it must exist.
  void init();

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  void use(middleware work) override;
  void on_connection(std::function<void(const socket_ptr&)> work) override;
  void on(std::string name, std::function<void(event)> work) override;
  void deliver_server_side(event sent) override;
  [[nodiscard]] std::shared_ptr<socketio::adapter> adapter() const override { return adapter_; }
  [[nodiscard]] std::size_t size() const noexcept override { return node_->size(); }

  /// Runs a CONNECT through the middlewares and answers it. `settled` runs once, on the client's worker: with the
  /// socket or, when it was refused or the client has gone, without. Thread: the client's worker.
  void connect(const std::shared_ptr<client>& from, value auth, std::function<void(bool joined)> settled);
  [[nodiscard]] worker_adapter& node() noexcept { return *node_; }
  [[nodiscard]] const context_ptr& shared() const noexcept { return shared_; }
  /// server_core's count of sockets and CONNECTs under way, under its mutex.
  std::size_t users = 0;

 private:
  struct entering;
  [[nodiscard]] std::shared_ptr<const name_space_setup> setup() const;
  template <class Change>
  void change(Change&& change_setup);
  std::shared_ptr<socket_impl> make_socket(const std::shared_ptr<client>& from, value auth);
  void run_middleware(std::size_t index, const std::shared_ptr<entering>& who);
  void admit(const std::shared_ptr<entering>& who);
  void reject(const std::shared_ptr<entering>& who, rejection why);

  const context_ptr shared_;
  const std::string name_;
  mutable std::mutex mutex_;
  std::shared_ptr<const name_space_setup> setup_;  // replaced as a whole, so that readers need no lock while they call
  std::shared_ptr<worker_adapter> node_;
  std::shared_ptr<socketio::adapter> adapter_;
};

}  // namespace fanfare::socketio
