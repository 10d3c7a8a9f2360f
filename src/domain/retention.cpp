#include "domain/retention.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include <fanfare/base/edit_distance.hpp>

#include "domain/duration.hpp"

namespace fanfare::domain {

namespace {

std::string nearest(std::string_view name, const catalogue& types) {
  std::string best;
  for (const auto& type : types.types()) {
    if (type.category != event_category::domain) continue;
    if (best.empty() || edit_distance(name, type.name) < edit_distance(name, best)) best = type.name;
  }
  return best;
}

}  // namespace

result<void> retention::add(std::string_view text, const catalogue& types) {
  const auto fault = [](std::string what) { return error{errc::bad_request, std::move(what), {}}; };
  std::istringstream words{std::string(text)};
  rule made;
  words >> made.type;
  bool any = false;
  for (std::string word; words >> word; any = true) {
    const bool again = made.keep || made.age.count() != 0;
    if (word == "latest" && !made.latest) {
      made.latest = true;
    } else if (word == "keep" && !again) {
      made.keep = true;
    } else if (const auto age = parse_duration(word); age && !again) {
      made.age = *age;
    } else {
      return fault("is not \"TYPE latest\", \"TYPE 7d\", \"TYPE keep\" or \"TYPE latest 7d\"");
    }
  }
  if (!any) return fault("does not say how long: latest, an age like 7d, or keep");
  if (made.type.ends_with('*')) {
    made.type.pop_back();
    made.prefix = true;
  }
  bool found = false;
  for (const auto& type : types.types()) {
    if (type.category != event_category::domain || !names(made, type.name)) continue;
    found = true;
    if (made.latest && type.conflate.empty()) {
      return fault("has latest, but " + type.name + " has no conflation key to be the latest of");
    }
    if (!type.kept) return fault("says how long, but " + type.name + " is never kept");
  }
  if (!found) return fault("names no event type that there is; did you mean \"" + nearest(made.type, types) + "\"?");
  rules_.push_back(std::move(made));
  return {};
}

bool retention::names(const rule& which, std::string_view type) {
  return which.prefix ? type.starts_with(which.type) : type == which.type;
}

void retention::apply(history::entry& to) const {
  const auto found = std::ranges::find_if(rules_, [&to](const rule& each) { return names(each, to.type); });
  if (found == rules_.end()) return;
  to.only_newest = found->latest;
  if (found->keep) to.expires_ms = history::never;
  if (found->age.count() != 0) to.expires_ms = to.time_ms + found->age.count();
}

}  // namespace fanfare::domain
