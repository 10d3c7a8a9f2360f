#include "socketio/acks.hpp"

#include <utility>

namespace fanfare::socketio {

acks::~acks() {
  for (auto& [id, waiting] : waiting_) worker_.cancel(waiting.timer);
}

result<void> acks::expect(std::uint64_t id, milliseconds limit, callback done) {
  if (waiting_.size() >= max_) return error{errc::over_limit, "too many acknowledgements pending", {}};
  entry waiting{std::move(done)};
  if (limit.count() > 0) waiting.timer = worker_.after(limit, [this, id] { expire(id); });
  waiting_.insert_or_assign(id, std::move(waiting));
  return {};
}

bool acks::answer(std::uint64_t id, array args) {
  auto node = waiting_.extract(id);
  if (node.empty()) return false;
  worker_.cancel(node.mapped().timer);
  node.mapped().done(std::move(args));
  return true;
}

void acks::forget(std::uint64_t id) {
  auto node = waiting_.extract(id);
  if (!node.empty()) worker_.cancel(node.mapped().timer);
}

void acks::close() {
  auto waiting = std::exchange(waiting_, {});
  for (auto& [id, entry] : waiting) worker_.cancel(entry.timer);
  for (auto& [id, entry] : waiting) entry.done(errc::closed);
}

void acks::expire(std::uint64_t id) {
  auto node = waiting_.extract(id);
  if (!node.empty()) node.mapped().done(errc::timeout);
}

}  // namespace fanfare::socketio
