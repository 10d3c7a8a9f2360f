// The commands of key_space on sorted sets.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "key_space.hpp"

namespace fanfare::simulation {

namespace {

/// One end of a range of scores: "5", "(5", "-inf", "+inf".
struct bound {
  double score = 0;
  bool open = false;
};

bool parse(const std::string& text, bound& into) {
  into.open = text.starts_with("(");
  const auto digits = text.substr(into.open ? 1 : 0);
  if (digits == "-inf" || digits == "+inf" || digits == "inf") {
    into.score = digits[0] == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    return true;
  }
  char* end = nullptr;
  into.score = std::strtod(digits.c_str(), &end);
  return !digits.empty() && *end == '\0' && !std::isnan(into.score);
}

bool within(double score, const bound& low, const bound& high) {
  return (low.open ? score > low.score : score >= low.score) && (high.open ? score < high.score : score <= high.score);
}

/// Whole numbers in full as far as Redis takes them for such, the others as %.17g.
std::string shown(double score) {
  constexpr double whole_max = 4503599627370495.0;
  if (score > -whole_max && score < whole_max && score == std::floor(score)) {
    return std::to_string(static_cast<std::int64_t>(score));
  }
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.17g", score);
  return text.data();
}

}  // namespace

reply key_space::do_zadd(word_span words) {
  if (words.size() % 2 != 0) return failure("ERR syntax error");
  std::vector<double> scores;
  for (std::size_t i = 2; i < words.size(); i += 2) {
    bound score;
    if (!parse(words[i], score) || score.open) return failure("ERR value is not a valid float");
    scores.push_back(score.score);
  }
  auto& all = make<sorted_set>(words[1]);
  std::int64_t added = 0;
  for (std::size_t i = 2; i < words.size(); i += 2) {
    const auto score = scores[i / 2 - 1];
    const auto [place, is_new] = all.scores.try_emplace(words[i + 1], score);
    if (!is_new) all.order.erase({place->second, words[i + 1]});
    place->second = score;
    all.order.emplace(score, words[i + 1]);
    added += is_new ? 1 : 0;
  }
  return number(added);
}

reply key_space::do_zrem(word_span words) {
  auto* const all = find<sorted_set>(words[1]);
  if (all == nullptr) return number(0);
  std::int64_t gone = 0;
  for (const auto& member : words.subspan(2)) {
    const auto found = all->scores.find(member);
    if (found == all->scores.end()) continue;
    all->order.erase({found->second, member});
    all->scores.erase(found);
    ++gone;
  }
  drop_empty<sorted_set>(words[1]);
  return number(gone);
}

reply key_space::do_zcard(word_span words) {
  const auto* const all = find<sorted_set>(words[1]);
  return number(all == nullptr ? 0 : static_cast<std::int64_t>(all->order.size()));
}

reply key_space::do_zscore(word_span words) {
  const auto* const all = find<sorted_set>(words[1]);
  if (all == nullptr) return {};
  const auto found = all->scores.find(words[2]);
  return found == all->scores.end() ? reply() : bulk(shown(found->second));
}

reply key_space::do_zcount(word_span words) {
  bound low, high;
  if (!parse(words[2], low) || !parse(words[3], high)) return failure("ERR min or max is not a float");
  const auto* const all = find<sorted_set>(words[1]);
  if (all == nullptr) return number(0);
  return number(std::ranges::count_if(all->order, [&](const auto& each) { return within(each.first, low, high); }));
}

reply key_space::do_zrange(word_span words) {
  const auto* const all = find<sorted_set>(words[1]);
  auto from = std::strtoll(words[2].c_str(), nullptr, 10);
  auto to = std::strtoll(words[3].c_str(), nullptr, 10);
  const bool with_scores = words.size() == 5 && words[4] == "WITHSCORES";
  std::vector<reply> out;
  if (all != nullptr) {
    const auto size = static_cast<long long>(all->order.size());
    from = std::max(from < 0 ? from + size : from, 0LL);
    to = std::min(to < 0 ? to + size : to, size - 1);
    auto each = all->order.begin();
    std::advance(each, std::min(from, size));
    for (auto n = from; n <= to; ++n, ++each) {
      out.push_back(bulk(each->second));
      if (with_scores) out.push_back(bulk(shown(each->first)));
    }
  }
  return array_of(std::move(out));
}

reply key_space::by_score(word_span words, bool backwards) {
  bound low, high;
  if (!parse(words[backwards ? 3 : 2], low) || !parse(words[backwards ? 2 : 3], high)) {
    return failure("ERR min or max is not a float");
  }
  long long skip = 0, count = -1;
  if (words.size() == 7 && words[4] == "LIMIT") {
    skip = std::strtoll(words[5].c_str(), nullptr, 10);
    count = std::strtoll(words[6].c_str(), nullptr, 10);
  } else if (words.size() != 4) {
    return failure("ERR syntax error");
  }
  const auto* const all = find<sorted_set>(words[1]);
  std::vector<reply> out;
  const auto take = [&](const auto& each) {
    if (!within(each.first, low, high)) return true;
    if (skip-- > 0) return true;
    if (count >= 0 && static_cast<long long>(out.size()) >= count) return false;
    out.push_back(bulk(each.second));
    return true;
  };
  if (all == nullptr) return array_of({});
  if (backwards) {
    for (auto each = all->order.rbegin(); each != all->order.rend() && each->first >= low.score; ++each) {
      if (!take(*each)) break;
    }
  } else {
    for (auto each = all->order.lower_bound({low.score, ""}); each != all->order.end() && each->first <= high.score;
         ++each) {
      if (!take(*each)) break;
    }
  }
  return array_of(std::move(out));
}

reply key_space::do_zrangebyscore(word_span words) { return by_score(words, false); }
reply key_space::do_zrevrangebyscore(word_span words) { return by_score(words, true); }

reply key_space::do_zremrangebyscore(word_span words) {
  bound low, high;
  if (!parse(words[2], low) || !parse(words[3], high)) return failure("ERR min or max is not a float");
  auto* const all = find<sorted_set>(words[1]);
  if (all == nullptr) return number(0);
  const auto gone = std::erase_if(all->order, [&](const auto& each) {
    if (!within(each.first, low, high)) return false;
    all->scores.erase(each.second);
    return true;
  });
  drop_empty<sorted_set>(words[1]);
  return number(static_cast<std::int64_t>(gone));
}

}  // namespace fanfare::simulation
