#include "socketio/server_core.hpp"

#include <atomic>
#include <utility>

#include "socketio/socket_impl.hpp"

namespace fanfare::socketio {

server_core::server_core(executor_pool& workers, metrics::registry& numbers, server_options options,
                         surroundings around)
    : shared_(std::make_shared<const context>(workers, numbers, std::move(options), std::move(around))),
      clients_(workers.size()) {}

name_space_impl& server_core::of(std::string_view name) {
  std::string full = name.empty() || name.front() != '/' ? "/" + std::string(name) : std::string(name);
  const lock hold(mutex_);
  const auto found = name_spaces_.find(full);
  if (found != name_spaces_.end()) return *found->second;
  for (const auto& parent : parents_) {
    if (parent->matches_pattern(full)) return *make(full, parent);
  }
  return *make(full, nullptr);
}

parent_name_space& server_core::of(const std::regex& pattern) {
  return add_parent([pattern](const std::string& name, const value&,
                              const std::function<void(bool)>& next) { next(std::regex_search(name, pattern)); },
                    pattern);
}

parent_name_space& server_core::of(server::namespace_matcher matches) {
  return add_parent(std::move(matches), std::nullopt);
}

parent_name_space& server_core::add_parent(server::namespace_matcher matches, std::optional<std::regex> pattern) {
  const lock hold(mutex_);
  auto name = "/_" + std::to_string(parents_.size());
  parents_.push_back(
      std::make_shared<parent_name_space>(shared_, std::move(name), std::move(matches), std::move(pattern)));
  return *parents_.back();
}

void server_core::on_new_namespace(std::function<void(name_space&)> work) {
  const lock hold(mutex_);
  new_handlers_.push_back(std::move(work));
}

std::shared_ptr<name_space_impl> server_core::make(const std::string& name,
                                                   const std::shared_ptr<parent_name_space>& parent) {
  auto made = std::make_shared<name_space_impl>(shared_, name, parent ? parent->setup() : name_space_setup{});
  name_spaces_.emplace(name, made);
  made->init();
  if (!parent) return made;
  parent->add_child(made);
  parent_of_.emplace(name, parent);
  for (const auto& work : std::vector(new_handlers_)) shared_->guard([&] { work(*made); });
  return made;
}

void server_core::accept(engineio::socket_ptr engine) {
  auto& mine = clients_.at(engine->worker().index());
  const auto joined = *mine.insert(std::make_shared<client>(shared_from_this(), std::move(engine))).first;
  joined->start();
}

void server_core::forget(const std::shared_ptr<client>& gone) { clients_.at(gone->worker().index()).erase(gone); }

void server_core::find(const std::string& name, const value& auth, executor& asker, const found& done) {
  std::shared_ptr<name_space_impl> there;
  {
    const lock hold(mutex_);
    const auto at = name_spaces_.find(name);
    if (at != name_spaces_.end()) {
      there = at->second;
      ++there->users;
    }
  }
  if (there) return done(std::move(there));
  ask_parents(0, name, auth, asker, done);
}

void server_core::ask_parents(std::size_t index, const std::string& name, const value& auth, executor& asker,
                              const found& done) {
  std::shared_ptr<parent_name_space> parent;
  {
    const lock hold(mutex_);
    if (index < parents_.size()) parent = parents_[index];
  }
  if (!parent) return done(nullptr);
  auto called = std::make_shared<std::atomic_flag>();
  auto next = [self = shared_from_this(), index, name, auth, &asker, done, parent, called](bool allow) {
    if (called->test_and_set()) return;
    auto step = [self, index, name, auth, &asker, done, parent, allow] {
      if (!allow) return self->ask_parents(index + 1, name, auth, asker, done);
      std::shared_ptr<name_space_impl> there;
      {
        const lock hold(self->mutex_);
        const auto at = self->name_spaces_.find(name);
        there = at != self->name_spaces_.end() ? at->second : self->make(name, parent);
        ++there->users;
      }
      done(std::move(there));
    };
    asker.dispatch(std::move(step));
  };
  try {
    parent->matcher()(name, auth, next);
  } catch (...) {
    shared_->count.handler_errors.add();
    next(false);
  }
}

void server_core::release(const std::shared_ptr<name_space_impl>& used) {
  const lock hold(mutex_);
  if (--used->users != 0 || !shared_->options.cleanup_empty_child_namespaces) return;
  const auto parent = parent_of_.find(used->name());
  if (parent == parent_of_.end()) return;
  parent->second->remove_child(used);
  parent_of_.erase(parent);
  name_spaces_.erase(used->name());
  used->adapter()->close();
}

std::vector<std::shared_ptr<name_space_impl>> server_core::all() {
  const lock hold(mutex_);
  std::vector<std::shared_ptr<name_space_impl>> list;
  list.reserve(name_spaces_.size());
  for (const auto& [name, nsp] : name_spaces_) list.push_back(nsp);
  return list;
}

void server_core::close() {
  for (const auto& nsp : all()) {
    nsp->node().shut_down();
    nsp->adapter()->close();
  }
}

void server_core::clear() {
  for (const auto& nsp : all()) nsp->node().clear();
  const lock hold(mutex_);
  for (auto& mine : clients_) {
    for (const auto& gone : std::exchange(mine, {})) gone->drop();
  }
  name_spaces_.clear();
  parents_.clear();
  parent_of_.clear();
}

}  // namespace fanfare::socketio
