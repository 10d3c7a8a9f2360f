#include "redis/subscriber.hpp"

#include <algorithm>
#include <array>

namespace fanfare::redis {

namespace {

constexpr std::size_t names_per_command_max = 256;

struct words {
  std::string_view command, confirmed_by, undo, undone_by;
};
constexpr std::array<words, 3> words_of{
    words{"SUBSCRIBE", "subscribe", "UNSUBSCRIBE", "unsubscribe"},
    words{"PSUBSCRIBE", "psubscribe", "PUNSUBSCRIBE", "punsubscribe"},
    words{"SSUBSCRIBE", "ssubscribe", "SUNSUBSCRIBE", "sunsubscribe"},
};
const words& of(subscription kind) { return words_of[static_cast<std::size_t>(kind)]; }

std::shared_ptr<const batch> command(std::string_view name, const std::vector<std::string>& names) {
  std::vector<std::string_view> line{name};
  line.insert(line.end(), names.begin(), names.end());
  auto made = std::make_shared<batch>();
  made->add(std::span<const std::string_view>(line));
  return made;
}

// The server is the wrong one, or not up yet: another connection may do better.
bool passing(const reply& refusal) {
  constexpr std::array<std::string_view, 6> codes{"MOVED", "ASK", "CLUSTERDOWN", "TRYAGAIN", "LOADING", "MASTERDOWN"};
  return std::any_of(codes.begin(), codes.end(), [&](auto code) { return refusal.is_error(code); });
}

}  // namespace

subscriber::subscriber(executor& home, subscriber_options options, events told)
    : home_(home), options_(std::move(options)), told_(std::move(told)) {
  options_.connection.terms.subscriber = true;
}

std::shared_ptr<subscriber> subscriber::make(executor& home, net::connector& connector, std::shared_ptr<locator> where,
                                             subscriber_options options, events told) {
  std::shared_ptr<subscriber> made(new subscriber(home, std::move(options), std::move(told)));
  const std::weak_ptr<subscriber> weak = made;
  made->link_ = link::make(home, connector, std::move(where), made->options_.connection,
                           {[weak] {
                              if (const auto self = weak.lock()) self->on_ready();
                            },
                            [weak](reply message) {
                              if (const auto self = weak.lock()) self->on_push(std::move(message));
                            },
                            [weak](const error& why) {
                              if (const auto self = weak.lock()) self->on_lost(why);
                            }});
  return made;
}

void subscriber::subscribe(subscription kind, std::string name, std::function<void(result<void>)> done) {
  const auto tell = [&done](result<void> outcome) {
    if (done) done(std::move(outcome));
  };
  if (closed_) return tell(error{errc::closed, "redis: closed", {}});
  auto found = names_.find({kind, name});
  if (found != names_.end()) {
    if (found->second.confirmed) return tell({});
    if (done) found->second.done.push_back(std::move(done));
    return;
  }
  if (names_.size() >= options_.names_max || name.size() > options_.names_bytes_max - names_bytes_) {
    return tell(error{errc::overload, "redis: too many subscriptions", {}});
  }
  names_bytes_ += name.size();
  ++unconfirmed_;
  auto& made = names_[{kind, name}];
  if (done) made.done.push_back(std::move(done));
  if (link_->ready()) send(kind, {std::move(name)});
}

void subscriber::unsubscribe(subscription kind, const std::string& name) {
  const auto found = names_.find({kind, name});
  if (found == names_.end()) return;
  const auto dropped = std::move(found->second);
  names_bytes_ -= name.size();
  if (!dropped.confirmed) --unconfirmed_;
  names_.erase(found);
  // Refused or lost, it is gone all the same.
  static_cast<void>(link_->submit_now(
      {command(of(kind).undo, {name}), home_.now() + options_.confirm_timeout, of(kind).undone_by, 1, nullptr}));
  for (const auto& each : dropped.done) each(error{errc::closed, "redis: unsubscribed", {}});
  see_whether_resumed();
}

void subscriber::send(subscription kind, std::vector<std::string> names) {
  exchange work{command(of(kind).command, names), home_.now() + options_.confirm_timeout, of(kind).confirmed_by,
                names.size(), nullptr};
  work.done = [weak = weak_from_this(), kind, names = std::move(names)](fate,
                                                                        const result<std::vector<reply>>& outcome) {
    const auto self = weak.lock();
    if (!self || self->closed_) return;
    if (outcome) return self->on_confirmed(kind, names, *outcome);
    if (outcome.error().code == errc::timeout) self->link_->relocate("redis: a subscription was not confirmed in time");
  };
  static_cast<void>(link_->submit_now(std::move(work)));
}

void subscriber::on_ready() {
  std::vector<std::string> some;
  auto kind = subscription::channel;
  const auto flush = [&] {
    if (!some.empty()) send(kind, std::exchange(some, {}));
  };
  for (const auto& [which, ignored] : names_) {
    if (which.first != kind || some.size() == names_per_command_max) flush();
    kind = which.first;
    some.push_back(which.second);
  }
  flush();
  see_whether_resumed();
}

void subscriber::on_confirmed(subscription kind, const std::vector<std::string>& names,
                              const std::vector<reply>& replies) {
  const auto& first = replies.front();
  if (first.is_error()) {
    if (passing(first)) return link_->relocate(first.text);
    // One name's refusal is that of its whole command: find out whose.
    if (names.size() == 1) return refuse({kind, names.front()}, first);
    for (const auto& name : names) {
      if (names_.contains({kind, name})) send(kind, {name});
    }
    return;
  }
  for (const auto& name : names) {
    const auto found = names_.find({kind, name});
    if (found == names_.end() || found->second.confirmed) continue;
    found->second.confirmed = true;
    --unconfirmed_;
    for (const auto& done : std::exchange(found->second.done, {})) done({});
  }
  see_whether_resumed();
}

void subscriber::refuse(const key& which, const reply& why) {
  const auto found = names_.find(which);
  if (found == names_.end()) return;
  const auto dropped = std::move(found->second);
  const std::string name = which.second;
  names_bytes_ -= name.size();
  if (!dropped.confirmed) --unconfirmed_;
  names_.erase(found);
  const error told{why.is_error("NOPERM") ? errc::forbidden : errc::unavailable, "redis: " + why.text, {}};
  for (const auto& done : dropped.done) done(told);
  if (dropped.done.empty() && told_.refused) told_.refused(which.first, name, told);
  see_whether_resumed();
}

void subscriber::see_whether_resumed() {
  if (resumed_ || unconfirmed_ != 0 || !link_->ready()) return;
  resumed_ = true;
  if (told_.resumed) told_.resumed();
}

void subscriber::on_lost(const error& why) {
  resumed_ = false;
  unconfirmed_ = names_.size();
  for (auto& [which, each] : names_) each.confirmed = false;
  if (told_.lost) told_.lost(why);
}

void subscriber::on_push(reply message) {
  auto& parts = message.elements;
  const std::string_view kind = parts.front().text;
  if (kind == "sunsubscribe" && parts.size() > 1) {
    // The slot has gone to another node, which takes the channel's messages from now on.
    if (names_.contains({subscription::shard, parts[1].text}))
      link_->relocate("redis: a shard channel's slot has moved");
    return;
  }
  const bool pattern = kind == "pmessage";
  if ((kind != "message" && kind != "smessage" && !pattern) || parts.size() != (pattern ? 4U : 3U)) return;
  published out;
  out.kind = pattern ? subscription::pattern : kind == "smessage" ? subscription::shard : subscription::channel;
  if (pattern) out.pattern = std::move(parts[1].text);
  out.channel = std::move(parts[pattern ? 2 : 1].text);
  out.payload = std::move(parts[pattern ? 3 : 2].text);
  if (told_.message) told_.message(std::move(out));
}

void subscriber::close() {
  if (std::exchange(closed_, true)) return;
  const auto self = shared_from_this();
  link_->close();
  for (auto& [which, each] : std::exchange(names_, {})) {
    for (const auto& done : each.done) done(error{errc::closed, "redis: closed", {}});
  }
  names_bytes_ = unconfirmed_ = 0;
}

}  // namespace fanfare::redis
