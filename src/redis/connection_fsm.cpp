#include "redis/connection_fsm.hpp"

#include <algorithm>
#include <array>

namespace fanfare::redis {

namespace {

constexpr std::array<std::string_view, 6> confirmations{"subscribe",   "psubscribe",   "ssubscribe",
                                                        "unsubscribe", "punsubscribe", "sunsubscribe"};
constexpr std::array<std::string_view, 3> messages{"message", "pmessage", "smessage"};

bool among(const auto& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view kind_of(const reply& came) {
  return came.elements.empty() ? std::string_view() : std::string_view(came.elements.front().text);
}

}  // namespace

void connection_fsm::on_connected(steady_time now) {
  handshake_until_ = now + terms_.handshake_timeout;
  heard_at_ = now;
  take_step(step::hello);
}

void connection_fsm::ask(std::initializer_list<std::string_view> command) {
  const batch one(command);
  sent_ += one.bytes().size();
  driver_.send(one.bytes());
}

// One after the other: each answer decides what comes next, and a connection is made seldom.
void connection_fsm::take_step(step next) {
  step_ = next;
  const std::string_view user = terms_.user.empty() ? "default" : std::string_view(terms_.user);
  switch (next) {
    case step::hello: {  // RESP3 specification, "The HELLO command and connection handshake"
      std::vector<std::string_view> words{"HELLO", "3"};
      if (!terms_.password.empty()) words.insert(words.end(), {"AUTH", user, terms_.password});
      if (!terms_.client_name.empty()) words.insert(words.end(), {"SETNAME", terms_.client_name});
      const auto hello = batch().add(std::span<const std::string_view>(words));
      sent_ += hello.bytes().size();
      return driver_.send(hello.bytes());
    }
    case step::auth:
      if (terms_.password.empty()) return take_step(step::select);
      // Servers before 6 know a password only.
      return terms_.user.empty() ? ask({"AUTH", terms_.password}) : ask({"AUTH", user, terms_.password});
    case step::select:
      if (terms_.database == 0) return take_step(step::role);
      return ask({"SELECT", std::to_string(terms_.database)});
    case step::role:
      if (!terms_.check_master) return take_step(step::done);
      return ask({"ROLE"});
    case step::done:
      state_ = state::ready;
      return driver_.ready();
  }
}

void connection_fsm::refuse(const reply& refusal) {
  const bool credentials = refusal.is_error("WRONGPASS") || refusal.is_error("NOAUTH") || refusal.is_error("NOPERM") ||
                           (step_ == step::auth && refusal.is_error("ERR"));
  const auto code = credentials                                        ? errc::unauthorized
                    : step_ == step::select && refusal.is_error("ERR") ? errc::bad_request
                                                                       : errc::unavailable;
  end({code, "redis: " + refusal.text, {}});
}

// A server before 6 does not know HELLO (ERR), another may not speak 3 (NOPROTO), an ACL may forbid it (NOPERM).
bool connection_fsm::fall_back(const reply& refusal) {
  if (!refusal.is_error("ERR") && !refusal.is_error("NOPROTO") && !refusal.is_error("NOPERM")) return false;
  take_step(step::auth);
  return true;
}

void connection_fsm::on_handshake(const reply& answer) {
  if (answer.is_error()) {
    if (step_ != step::hello || !fall_back(answer)) refuse(answer);
    return;
  }
  switch (step_) {
    case step::hello: {
      const auto* const version = answer.find("proto");
      if (version == nullptr || version->integer != 3) {
        return end({errc::protocol_violation, "redis: HELLO 3 was answered without proto 3", {}});
      }
      resp3_ = true;
      return take_step(step::select);
    }
    case step::auth:
      return take_step(step::select);
    case step::select:
      return take_step(step::role);
    case step::role:
      if (kind_of(answer) != "master") {
        return end({errc::unavailable, "redis: the server is no master but a " + std::string(kind_of(answer)), {}});
      }
      return take_step(step::done);
    case step::done:
      return;
  }
}

void connection_fsm::on_bytes(std::string_view bytes, steady_time now) {
  if (state_ == state::ended) return;
  heard_at_ = now;
  reader_.feed(bytes);
  while (state_ != state::ended) {
    auto next = reader_.next();
    if (!next) return end(next.error());
    if (!*next) return;
    on_reply(std::move(**next));
  }
}

bool connection_fsm::is_push(const reply& came) const {
  if (came.type == reply::kind::push) return true;
  if (resp3_ || !terms_.subscriber || came.type != reply::kind::array) return false;
  return among(messages, kind_of(came)) || among(confirmations, kind_of(came));
}

void connection_fsm::on_reply(reply came) {
  if (is_push(came)) return on_push(std::move(came));
  if (state_ == state::handshaking) return on_handshake(came);
  if (pending_.empty()) return end({errc::protocol_violation, "redis: a reply that nobody asked for", {}});
  settle_head(std::move(came));
}

void connection_fsm::on_push(reply came) {
  const auto kind = kind_of(came);
  const bool awaited =
      !pending_.empty() && pending_.front().work.confirmations != 0 && pending_.front().work.confirmed_by == kind;
  if (awaited) return settle_head(std::move(came));
  // Others (invalidations, say) mean nothing to anybody here.
  if (state_ == state::ready && (among(messages, kind) || among(confirmations, kind))) driver_.push(std::move(came));
}

void connection_fsm::settle_head(reply came) {
  auto& head = pending_.front();
  const bool confirms = came.type == reply::kind::push || is_push(came);
  if (head.work.confirmations != 0 && !confirms) {
    // SUBSCRIBE and its kin are refused as a whole, before the first channel is looked at.
    if (!came.is_error()) return end({errc::protocol_violation, "redis: a reply instead of a confirmation", {}});
    head.missing = 1;
    head.replies.clear();
  }
  if (head.ping && kind_of(came) == "slave") return end({errc::unavailable, "redis: the master was demoted", {}});
  if (head.work.done) head.replies.push_back(std::move(came));
  if (--head.missing != 0) return;
  auto replies = std::move(head.replies);
  finish(0, fate::answered, std::move(replies));
}

// Takes the exchange's `done` away and runs it; the first also leaves the line.
void connection_fsm::finish(std::size_t index, fate how, result<std::vector<reply>> outcome) {
  auto& settled = pending_[index];
  deadlines_.erase({settled.work.deadline, first_ + index});
  const auto done = std::exchange(settled.work.done, nullptr);
  if (how == fate::answered) {
    pending_.pop_front();
    ++first_;
  }
  if (done) done(how, std::move(outcome));
}

bool connection_fsm::submit(exchange&& work, steady_time now) {
  if (state_ != state::ready) return false;
  pending made;
  made.missing = work.confirmations != 0 ? work.confirmations : work.commands->size();
  made.begins_at = sent_;
  made.submitted = now;
  made.work = std::move(work);
  deadlines_.emplace(made.work.deadline, first_ + pending_.size());
  pending_.push_back(std::move(made));
  const auto& bytes = pending_.back().work.commands->bytes();
  sent_ += bytes.size();
  driver_.send(bytes);
  return true;
}

// Sentinel has left subscribers on a demoted master, which answers PING as ever: where a master is wanted, ROLE is the
// probe. In RESP2 a subscriber may send PING alone.
void connection_fsm::probe(steady_time now) {
  static const auto ping = std::make_shared<const batch>(batch{"PING"});
  static const auto role = std::make_shared<const batch>(batch{"ROLE"});
  const bool by_role = terms_.check_master && (resp3_ || !terms_.subscriber);
  if (submit({by_role ? role : ping, now + terms_.ping_timeout, {}, 0, nullptr}, now)) pending_.back().ping = true;
}

std::optional<steady_time> connection_fsm::next_time() const {
  if (state_ == state::ended) return {};
  if (state_ == state::handshaking) return handshake_until_;
  std::optional<steady_time> next;
  if (!deadlines_.empty()) next = deadlines_.begin()->first;
  // While something is under way its own deadline finds a silent server; a PING would only wait behind it.
  if (pending_.empty() && terms_.ping_interval.count() != 0) next = heard_at_ + terms_.ping_interval;
  return next;
}

void connection_fsm::on_time(steady_time now) {
  if (state_ == state::handshaking && now >= handshake_until_) {
    return end({errc::timeout, "redis: no handshake in time", {}});
  }
  while (state_ == state::ready && !deadlines_.empty() && deadlines_.begin()->first <= now) {
    expire(deadlines_.begin()->second, now);
  }
  if (state_ != state::ready || terms_.ping_interval.count() == 0 || !pending_.empty()) return;
  if (now >= heard_at_ + terms_.ping_interval) probe(now);
}

void connection_fsm::expire(std::uint64_t sequence, steady_time) {
  const auto index = static_cast<std::size_t>(sequence - first_);
  const auto& late = pending_[index];
  if (late.ping) return end({errc::unavailable, "redis: the probe was not answered in time", {}});
  // Something came meanwhile: the server lives and is only slow. Nothing at all: a peer that died without a FIN.
  const bool silent = heard_at_ <= late.submitted;
  const auto how = taken_ > late.begins_at ? fate::unknown : fate::not_sent;
  finish(index, how, error{errc::timeout, "redis: no answer in time", {}});
  if (silent && state_ == state::ready) end({errc::unavailable, "redis: the server is silent", {}});
}

void connection_fsm::end(const error& why) {
  if (state_ == state::ended) return;
  state_ = state::ended;
  deadlines_.clear();
  auto dropped = std::exchange(pending_, {});
  driver_.ended(why);
  for (auto& each : dropped) {
    if (!each.work.done) continue;
    const auto how = taken_ > each.begins_at ? fate::unknown : fate::not_sent;
    const auto code = why.code == errc::closed ? errc::closed : errc::unavailable;
    std::exchange(each.work.done, nullptr)(how, error{code, why.detail, {}});
  }
}

}  // namespace fanfare::redis
