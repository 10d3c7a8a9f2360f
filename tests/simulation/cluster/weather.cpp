#include "weather.hpp"

#include <algorithm>
#include <utility>

namespace fanfare::simulation {

namespace {

std::uint64_t head_of(const key_space& keys) { return keys.written.empty() ? 0 : keys.written.rbegin()->first; }

}  // namespace

weather::weather(scheduler& at, ledger& book, script_engine& engine, const node_list& nodes, const sabotage& faults)
    : at_(at), book_(book), engine_(engine), nodes_(nodes), faults_(faults), master_(begin({})), truth_(master_) {}

std::shared_ptr<redis_server> weather::begin(key_space from) {
  constexpr std::size_t history_size = 40;
  from.history.clear();
  while (from.history.size() < history_size) from.history += "0123456789abcdef"[at_.below(16)];
  return std::make_shared<redis_server>(
      engine_,
      redis_server::surroundings{[this] { return at_.unix_ms(); },
                                 [this](milliseconds delay, auto work) { at_.after(delay, std::move(work)); }},
      std::move(from), faults_.scripts);
}

void weather::strike(bool loses) {
  book_.expect_repeats();
  switch (at_.below(loses ? 10 : 7)) {
    case 0:
      return break_connections();
    case 1:
      return freeze();
    case 2:
      return slow_down();
    case 3:
      return refuse_writes();
    case 4:
      return stand_still();
    case 5:
      return restart(false);
    case 6:
      return fail_over(false);
    case 7:
      return restart(true);
    case 8:
      return fail_over(true);
    default:
      return split();
  }
}

weather::node_ptrs weather::some() const {
  node_ptrs out;
  while (out.empty() && !nodes_.empty()) {
    std::ranges::copy_if(nodes_, std::back_inserter(out), [this](const auto&) { return at_.one_in(2); });
  }
  return out;
}

milliseconds weather::lasting(std::int64_t low_ms, std::int64_t high_ms) {
  const auto span = at_.between(low_ms, high_ms);
  calm_from_ = std::max(calm_from_, at_.steady_now() + span);
  return span;
}

void weather::lead(const node_ptrs& who, const std::shared_ptr<redis_server>& where) {
  for (const auto& each : who) each->to_redis().lead_to(where);
}

void weather::break_connections() {
  for (const auto& each : some()) {
    book_.note("the connections of " + each->name() + " break");
    each->to_redis().cut();
  }
}

void weather::freeze() {
  for (const auto& each : some()) {
    const auto span = at_.one_in(2) ? lasting(20, 500) : lasting(500, 6000);
    book_.note("nothing comes through to " + each->name() + " for " + std::to_string(span.count()) + " ms");
    each->to_redis().freeze();
    at_.after(span, [weak = std::weak_ptr(each)] {
      if (const auto still = weak.lock()) still->to_redis().thaw();
    });
  }
}

void weather::slow_down() {
  for (const auto& each : some()) {
    book_.note(each->name() + " has a slow way");
    each->to_redis().delay_max = at_.between(20, 800);
    at_.after(lasting(500, 4000), [weak = std::weak_ptr(each)] {
      if (const auto still = weak.lock()) still->to_redis().delay_max = milliseconds{2};
    });
  }
}

void weather::refuse_writes() {
  book_.note("Redis' memory is full");
  truth_->memory_full = true;
  at_.after(lasting(100, 3000), [weak = std::weak_ptr(truth_)] {
    if (const auto still = weak.lock()) still->memory_full = false;
  });
}

void weather::stand_still() {
  for (const auto& each : some()) {
    const auto span = lasting(50, 4000);
    book_.note(each->name() + " stands still for " + std::to_string(span.count()) + " ms");
    if (!at_.one_in(3)) each->home().stall(span);
    if (!at_.one_in(3)) each->worker().stall(span);
  }
}

void weather::restart(bool from_older) {
  if (std::exchange(changing_, true)) return;
  const auto older = std::make_shared<key_space>(from_older ? truth_->keys : key_space());
  // What it does not write to its disk its replicas, if any, do not get either.
  if (from_older) truth_->replicas = 0;
  at_.after(from_older ? at_.between(0, 800) : milliseconds{0}, [this, from_older, older] {
    book_.note(from_older ? "Redis goes down, its disk is behind" : "Redis goes down");
    go_over(from_older ? std::move(*older) : truth_->keys, at_.between(20, 5000));
  });
}

void weather::fail_over(bool without_tail) {
  if (std::exchange(changing_, true)) return;
  const auto replica = std::make_shared<key_space>(without_tail ? truth_->keys : key_space());
  if (without_tail) truth_->replicas = 0;
  at_.after(without_tail ? at_.between(0, 800) : milliseconds{0}, [this, without_tail, replica] {
    book_.note(without_tail ? "Redis fails over to a replica that is behind" : "Redis fails over");
    go_over(without_tail ? std::move(*replica) : truth_->keys, at_.between(0, 300));
  });
}

/// Another server goes on with what is left of this one.
void weather::go_over(key_space left, milliseconds away) {
  tell_loss(truth_->keys, left, nodes_);
  lead(nodes_, nullptr);
  for (const auto& each : nodes_) each->to_redis().cut();
  master_ = nullptr;
  truth_ = begin(std::move(left));
  at_.after(away, [this] {
    book_.note("Redis is there");
    master_ = truth_;
    lead(nodes_, master_);
    changing_ = false;
  });
}

/// Two masters: some nodes stay with the former one for a while.
void weather::split() {
  if (changing_ || nodes_.size() < 2) return;
  auto left_behind = some();
  if (left_behind.size() == nodes_.size()) left_behind.pop_back();
  changing_ = true;
  const auto former = truth_;
  former->replicas = 0;
  book_.doubt();
  master_ = truth_ = begin(former->keys);
  const auto left = std::make_shared<key_space>(former->keys);
  book_.note("Redis fails over, and " + left_behind.front()->name() + (left_behind.size() > 1 ? ", …" : "") +
             " stays with the former master");
  for (const auto& each : nodes_) {
    if (std::ranges::find(left_behind, each) != left_behind.end()) continue;
    each->to_redis().lead_to(master_);
    each->to_redis().cut();
  }
  std::vector<std::weak_ptr<node>> theirs(left_behind.begin(), left_behind.end());
  at_.after(at_.between(100, 4000), [this, former, left, theirs = std::move(theirs)] {
    node_ptrs still;
    for (const auto& weak : theirs) {
      if (auto each = weak.lock()) still.push_back(std::move(each));
    }
    book_.note("the former master is gone");
    tell_loss(former->keys, *left, still);
    lead(still, master_);
    for (const auto& each : still) each->to_redis().cut();
    changing_ = false;
  });
}

void weather::tell_loss(const key_space& gone, const key_space& left, const node_ptrs& knew) {
  const auto head = head_of(left);
  if (head_of(gone) <= head) return;
  std::vector<std::string> witnesses;
  for (const auto& each : knew) {
    if (each->log().head() > head) witnesses.push_back(each->name());
  }
  book_.lost(head, std::move(witnesses));
}

}  // namespace fanfare::simulation
