// The namespaces of one server and its clients, without the network: server.cpp gives it Engine.IO sockets.
// Inbound next: client. Thread: any, but for accept().
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <regex>
#include <string>
#include <unordered_set>
#include <vector>

#include "socketio/client.hpp"
#include "socketio/context.hpp"
#include "socketio/name_space_impl.hpp"
#include "socketio/parent_name_space.hpp"

namespace fanfare::socketio {

class server_core : public std::enable_shared_from_this<server_core> {
 public:
  server_core(executor_pool& workers, metrics::registry& numbers, server_options options, surroundings around);

  name_space_impl& of(std::string_view name);
  parent_name_space& of(const std::regex& pattern);
  parent_name_space& of(server::namespace_matcher matches);
  void on_new_namespace(std::function<void(name_space&)> work);
  [[nodiscard]] const context_ptr& shared() const noexcept { return shared_; }

  /// A new connection. Thread: its worker.
  void accept(engineio::socket_ptr engine);
  void forget(const std::shared_ptr<client>& gone);

  /// Gives the namespace that a client asked for, nullptr when there is none; asks dynamic ones in the order they
  /// were set up. `done` runs on `asker`, inline when no matcher takes its time; give each back with release().
  using found = std::function<void(std::shared_ptr<name_space_impl>)>;
  void find(const std::string& name, const value& auth, executor& asker, const found& done);
  /// An empty dynamic namespace ends here (cleanup_empty_child_namespaces).
  void release(const std::shared_ptr<name_space_impl>& used);

  /// Disconnects all sockets: "server shutting down".
  void close();
  /// Breaks what still holds together, once no worker runs any more.
  void clear();

 private:
  using lock = std::lock_guard<std::recursive_mutex>;
  parent_name_space& add_parent(server::namespace_matcher matches, std::optional<std::regex> pattern);
  std::shared_ptr<name_space_impl> make(const std::string& name, const std::shared_ptr<parent_name_space>& parent);
  void ask_parents(std::size_t index, const std::string& name, const value& auth, executor& asker, const found& done);
  [[nodiscard]] std::vector<std::shared_ptr<name_space_impl>> all();

  const context_ptr shared_;
  // Recursive, for what the program does in its own adapter factory and on_new_namespace: nobody may find a
  // namespace before they are done with it.
  std::recursive_mutex mutex_;
  std::map<std::string, std::shared_ptr<name_space_impl>, std::less<>> name_spaces_;
  std::vector<std::shared_ptr<parent_name_space>> parents_;
  std::map<std::string, std::shared_ptr<parent_name_space>> parent_of_;  // dynamic ones by name
  std::vector<std::function<void(name_space&)>> new_handlers_;
  std::vector<std::unordered_set<std::shared_ptr<client>>> clients_;  // by worker; each touched by its own alone
};

}  // namespace fanfare::socketio
