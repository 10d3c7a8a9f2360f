#include "history/redis/redis_joiner.hpp"

#include <utility>

#include "history/redis/scripts.hpp"

namespace fanfare::history {

namespace {

constexpr milliseconds pause{100};  // before Redis is asked again that would not answer

}  // namespace

redis_joiner::redis_joiner(executor& home, const std::function<std::unique_ptr<redis::client>()>& make, std::string key,
                           std::function<std::string()> draw_epoch, events told)
    : home_(home), key_(std::move(key)), draw_epoch_(std::move(draw_epoch)), told_(std::move(told)), client_(make()) {
  client_->on_state = [this](const std::string& reason) {
    if (reason.empty()) return join();
    joined_ = false;
    told_.away(reason);
  };
}

redis_joiner::~redis_joiner() {
  alive_ = nullptr;
  home_.cancel(timer_);
  client_->on_state = nullptr;
}

void redis_joiner::join() {
  joined_ = false;
  as_.reset();
  again_ = asking_;
  if (!asking_) ask();
}

void redis_joiner::ask() {
  asking_ = true;
  const auto known = as_ ? *as_ : told_.known();
  word_list words;
  words.add("EVAL");
  words.add(scripts::join());
  words.add("1");
  words.add(key_);
  words.add_own(draw_epoch_());
  words.add(known.epoch);
  words.add(known.head);
  words.add(known.by);
  words.add(history_);
  for (const auto& [first, last] : known.unseen) {
    words.add(first);
    words.add(last);
  }
  redis::batch commands;
  for (const auto* script : {&scripts::append(), &scripts::read(), &scripts::trim()}) {
    commands.add({"SCRIPT", "LOAD", *script});
  }
  commands.add(words.words());
  commands.at_key(key_);
  client_->submit(std::move(commands), [this, alive = std::weak_ptr(alive_)](const auto& came) {
    if (!alive.expired()) take(came);
  });
}

/// Whether this is the log under an epoch that the node has known before: a master that was none any more began another
/// one, and its successor knows nothing of that. Then what the node had seen of the earlier epoch is asked about.
bool redis_joiner::knew(const std::string& epoch) {
  const bool asked = as_.has_value();
  as_.reset();
  auto now = told_.known();
  if (epoch == now.epoch) return false;
  if (const auto before = former_.find(epoch); !asked && before != former_.end()) {
    as_ = before->second;
    return true;
  }
  former_.erase(epoch);
  if (now.epoch.empty()) return false;
  now.unseen.clear();
  if (former_.size() >= former_max) former_.erase(former_.begin());
  former_[now.epoch] = std::move(now);
  return false;
}

void redis_joiner::take(const result<std::vector<redis::reply>>& came) {
  asking_ = false;
  if (!came) return try_later(came.error().detail);
  for (const auto& each : *came) {
    if (each.is_error()) return try_later(each.text);
  }
  const auto& answer = came->at(3).elements;
  const auto now = answer.size() == 3 ? parse_standing(answer[0]) : std::nullopt;
  if (!now) return try_later("its answer cannot be read");
  if (std::exchange(again_, false)) return ask();
  if (knew(now->epoch)) return ask();
  scripts_ = {came->at(0).text, came->at(1).text, came->at(2).text};
  const auto before = std::exchange(history_, answer[2].text);
  joined_ = true;
  told_.joined(*now, answer[1].integer != 0, !before.empty() && before != history_);
}

void redis_joiner::try_later(const std::string& reason) {
  again_ = joined_ = false;
  as_.reset();
  told_.away(reason);
  home_.cancel(timer_);
  timer_ = home_.after(pause, [this] {
    if (!asking_ && !joined_) ask();
  });
}

}  // namespace fanfare::history
