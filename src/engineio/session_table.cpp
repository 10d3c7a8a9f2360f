#include "engineio/session_table.hpp"

#include <utility>

#include "engineio/session.hpp"

namespace fanfare::engineio {

std::shared_ptr<session> session_table::find(std::string_view id) const {
  const auto found = sessions_.find(std::string(id));
  return found == sessions_.end() ? nullptr : found->second;
}

void session_table::insert(const std::shared_ptr<session>& opened) { sessions_.emplace(opened->id(), opened); }

void session_table::mark_refused(const std::string& id) {
  refused_.insert(id);
  worker_.after(refusal_head_start, [weak = weak_from_this(), id] {
    if (const auto table = weak.lock()) table->refused_.erase(id);
  });
}

void session_table::erase(const std::string& id) { sessions_.erase(id); }

void session_table::clear() {
  // Sessions hold the table: it must not be in use while they go.
  const auto sessions = std::move(sessions_);
  const auto dirty = std::move(dirty_);
  sessions_.clear();
  dirty_.clear();
}

std::vector<std::shared_ptr<session>> session_table::all() const {
  std::vector<std::shared_ptr<session>> copy;
  copy.reserve(sessions_.size());
  for (const auto& [id, one] : sessions_) copy.push_back(one);
  return copy;
}

void session_table::flush_later(std::shared_ptr<session> dirty) {
  dirty_.push_back(std::move(dirty));
  if (dirty_.size() > 1) return;
  worker_.defer([self = shared_from_this()] { self->flush_all(); });
}

void session_table::flush_all() {
  flushing_.swap(dirty_);
  for (const auto& one : flushing_) one->flush_now();
  flushing_.clear();
}

}  // namespace fanfare::engineio
