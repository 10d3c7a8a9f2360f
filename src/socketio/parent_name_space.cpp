#include "socketio/parent_name_space.hpp"

#include <vector>

namespace fanfare::socketio {

class parent_adapter final : public adapter {
 public:
  explicit parent_adapter(executor_pool& workers) : workers_(workers) {}

  void broadcast(const packet& out, const broadcast_options& options) override {
    for (const auto& child : children()) child->adapter()->broadcast(out, options);
  }
  void broadcast_with_ack(const packet&, const broadcast_options&, milliseconds,
                          std::function<void(std::size_t)> counted, std::function<void(array)>) override {
    counted(0);
  }
  void add_sockets(const broadcast_options& options, const std::vector<std::string>& rooms) override {
    for (const auto& child : children()) child->adapter()->add_sockets(options, rooms);
  }
  void remove_sockets(const broadcast_options& options, const std::vector<std::string>& rooms) override {
    for (const auto& child : children()) child->adapter()->remove_sockets(options, rooms);
  }
  void disconnect_sockets(const broadcast_options& options, bool close) override {
    for (const auto& child : children()) child->adapter()->disconnect_sockets(options, close);
  }
  void fetch_sockets(const broadcast_options&, std::function<void(std::vector<remote_socket>)> done) override {
    done({});
  }
  void server_side_emit(std::string_view, const array&) override {}
  void server_side_emit_with_ack(std::string_view, const array&, milliseconds,
                                 std::function<void(result<std::vector<value>>)> done) override {
    done(std::vector<value>{});
  }
  void count_nodes(std::function<void(std::size_t)> done) override { done(1); }
  void list_rooms(std::function<void(std::vector<std::pair<std::string, std::size_t>>)> done) override { done({}); }
  [[nodiscard]] std::size_t room_size(std::string_view room) const override {
    std::size_t sum = 0;
    for (const auto& child : children()) sum += child->adapter()->room_size(room);
    return sum;
  }
  void watch_rooms(std::function<void(const std::string&, bool)>) override {}
  [[nodiscard]] executor_pool& workers() noexcept override { return workers_; }

  [[nodiscard]] std::vector<std::shared_ptr<name_space_impl>> children() const {
    const std::lock_guard lock(mutex_);
    return children_;
  }
  void add(const std::shared_ptr<name_space_impl>& child) {
    const std::lock_guard lock(mutex_);
    children_.push_back(child);
  }
  void remove(const std::shared_ptr<name_space_impl>& child) {
    const std::lock_guard lock(mutex_);
    std::erase(children_, child);
  }

 private:
  executor_pool& workers_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<name_space_impl>> children_;  // in the order made
};

parent_name_space::parent_name_space(const context_ptr& shared, std::string name, server::namespace_matcher matches,
                                     std::optional<std::regex> pattern)
    : name_(std::move(name)),
      matches_(std::move(matches)),
      pattern_(std::move(pattern)),
      adapter_(std::make_shared<parent_adapter>(shared->workers)) {}

void parent_name_space::use(middleware work) {
  const std::lock_guard lock(mutex_);
  setup_.middleware.push_back(std::move(work));
}

void parent_name_space::on_connection(std::function<void(const socket_ptr&)> work) {
  const std::lock_guard lock(mutex_);
  setup_.connections.push_back(std::move(work));
}

void parent_name_space::on(std::string name, std::function<void(event)> work) {
  const std::lock_guard lock(mutex_);
  setup_.server_side.emplace_back(std::move(name), std::move(work));
}

std::shared_ptr<adapter> parent_name_space::adapter() const { return adapter_; }

std::size_t parent_name_space::size() const noexcept { return adapter_->room_size({}); }

bool parent_name_space::matches_pattern(const std::string& name) const {
  return pattern_ && std::regex_search(name, *pattern_);
}

name_space_setup parent_name_space::setup() const {
  const std::lock_guard lock(mutex_);
  return setup_;
}

void parent_name_space::add_child(const std::shared_ptr<name_space_impl>& child) { adapter_->add(child); }

void parent_name_space::remove_child(const std::shared_ptr<name_space_impl>& child) { adapter_->remove(child); }

}  // namespace fanfare::socketio
