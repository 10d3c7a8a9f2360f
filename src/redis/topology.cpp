#include "redis/topology.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "redis/slots.hpp"

namespace fanfare::redis {

namespace {

constexpr std::size_t sentinels_max = 64;  // a hostile one may name any number
constexpr std::array<std::string_view, 4> passing{"LOADING", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN"};

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && failure == std::errc{} && end == text.data() + text.size();
}

// A refusal comes before the command runs: nothing has happened.
bool refused(const reply& each) {
  if (!each.is_error()) return false;
  return each.is_error("MOVED") || each.is_error("ASK") || each.is_error("READONLY") ||
         std::any_of(passing.begin(), passing.end(), [&](auto code) { return each.is_error(code); });
}

verdict follow(const batch& commands, const reply& refusal, const endpoint& asked) {
  verdict out;
  out.reason = refusal.text;
  if (refusal.is_error("READONLY")) {
    out.what = course::elsewhere;
    return out;
  }
  const bool ask = refusal.is_error("ASK");
  out.what = course::again;
  if (!ask && !refusal.is_error("MOVED")) return out;
  const auto where = parse_redirection(refusal.text, asked);
  if (!where) {
    out.what = course::done;
    return out;
  }
  // ASKING inside MULTI would be queued with the rest: a transaction waits until the slot has moved.
  if (ask && commands.transaction()) return out;
  out.what = ask ? course::ask : course::moved;
  out.slot = where->slot;
  out.to = where->to;
  return out;
}

}  // namespace

verdict judge(const batch& commands, const std::vector<reply>& replies, bool repeatable, const endpoint& asked) {
  const auto first = std::find_if(replies.begin(), replies.end(), refused);
  if (first == replies.end()) return {};
  const bool discarded = commands.transaction() && replies.back().is_error("EXECABORT");
  const bool all = std::all_of(replies.begin(), replies.end(), refused);
  if (!all && !discarded && !repeatable) return {};
  return follow(commands, *first, asked);
}

std::optional<redirection> parse_redirection(std::string_view text, const endpoint& asked) {
  const auto after_code = text.find(' ');
  const auto after_slot = text.find(' ', after_code + 1);
  const auto colon = text.rfind(':');
  if (after_code == std::string_view::npos || after_slot == std::string_view::npos || colon == std::string_view::npos ||
      colon < after_slot) {
    return {};
  }
  redirection out;
  const bool numbers = read_number(text.substr(after_code + 1, after_slot - after_code - 1), out.slot) &&
                       read_number(text.substr(colon + 1), out.to.port);
  if (!numbers || out.slot >= slot_count || out.to.port == 0) return {};
  out.to.host = text.substr(after_slot + 1, colon - after_slot - 1);
  if (out.to.host.empty() || out.to.host == "?") out.to.host = asked.host;
  return out;
}

batch sentinel_search::question() const {
  batch out;
  out.add({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name_});
  out.add({"SENTINEL", "SENTINELS", name_});
  return out;
}

std::optional<endpoint> sentinel_search::on_answer(const std::vector<reply>& replies) {
  if (replies.empty() || replies.front().elements.size() != 2) return {};
  const auto& address = replies.front().elements;
  endpoint master{address[0].text, 0};
  if (master.host.empty() || !read_number(address[1].text, master.port)) return {};
  std::rotate(sentinels_.begin(), sentinels_.begin() + static_cast<std::ptrdiff_t>(at_),
              sentinels_.begin() + static_cast<std::ptrdiff_t>(at_) + 1);
  at_ = 0;
  if (replies.size() > 1) learn(replies[1]);
  return master;
}

void sentinel_search::learn(const reply& others) {
  for (const auto& each : others.elements) {
    const auto* const host = each.find("ip");
    const auto* const port = each.find("port");
    endpoint found;
    if (host == nullptr || port == nullptr || host->text.empty() || !read_number(port->text, found.port)) continue;
    found.host = host->text;
    const bool known = std::find(sentinels_.begin(), sentinels_.end(), found) != sentinels_.end();
    if (!known && sentinels_.size() < sentinels_max) sentinels_.push_back(std::move(found));
  }
}

bool sentinel_search::on_failure() {
  at_ = at_ + 1 < sentinels_.size() ? at_ + 1 : 0;
  return at_ != 0;
}

}  // namespace fanfare::redis
