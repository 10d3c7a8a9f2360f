#include "history/redis/redis_follower.hpp"

#include <algorithm>
#include <utility>

namespace fanfare::history {

namespace {

/// 0-0 when it has none.
stream_id id_of(const redis::reply& item) {
  const auto id = item.elements.empty() ? result<stream_id>(errc::bad_request) : parse_stream_id(item.elements[0].text);
  return id ? *id : stream_id{};
}

}  // namespace

void redis_follower::read_on(const stream_id& after) {
  stop();
  last_ = read_to_ = after;
  client_ = make_();
  asked_ = std::make_shared<bool>(true);
  ask();
}

void redis_follower::stop() {
  asked_ = nullptr;
  waiting_.clear();
  // Not from within the client that it ends.
  if (client_) home_.post([ended = std::shared_ptr<redis::client>(std::move(client_))] {});
}

void redis_follower::ask() {
  redis::batch commands;
  commands.add({"XREAD", "COUNT", std::to_string(page_entries_), "BLOCK", std::to_string(options_.block.count()),
                "STREAMS", options_.key, to_text(last_)});
  commands.add({"GET", options_.key + ":passed"});
  commands.at_key(options_.key);
  client_->submit(std::move(commands),
                  [this, asked = std::weak_ptr(asked_)](const auto& came) {
                    if (!asked.expired()) take(came);
                  },
                  {.timeout = options_.block + options_.patience});
}

void redis_follower::take(const result<std::vector<redis::reply>>& came) {
  if (!came || came->at(0).is_error() || came->at(1).is_error()) {
    stop();
    // Perhaps so many of them are more than an answer may be.
    page_entries_ = std::max<std::size_t>(page_entries_ / 4, 1);
    return told_.lost();
  }
  const auto items = items_of(came->at(0));
  for (const auto& item : items) read_to_ = std::max(read_to_, id_of(item));
  const auto passed = parse_stream_id(came->at(1).text);
  unheard_ = passed && *passed > std::max(last_, covered_);
  give(items);
}

void redis_follower::give(std::span<const redis::reply> items) {
  const std::weak_ptr<bool> asked = asked_;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto id = id_of(items[i]);
    if (id <= last_) continue;
    const bool taken = told_.item(items[i]);
    if (asked.expired()) return;
    if (!taken) {
      waiting_.assign(items.begin() + static_cast<std::ptrdiff_t>(i), items.end());
      return;
    }
    last_ = id;
  }
  page_entries_ = std::min(page_entries_ * 2, options_.page_entries);
  told_.pause();
  if (asked.expired()) return;
  if (unheard_) return told_.missed();
  ask();
}

void redis_follower::go_on() {
  if (!waiting_.empty()) give(std::exchange(waiting_, {}));
}

}  // namespace fanfare::history
