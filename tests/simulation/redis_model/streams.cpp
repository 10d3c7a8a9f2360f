// The commands of key_space on streams.

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>

#include "key_space.hpp"

namespace fanfare::simulation {

namespace {

constexpr std::uint64_t highest = std::numeric_limits<std::uint64_t>::max();

bool read(std::string_view text, std::uint64_t& into) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), into);
  return code == std::errc{} && end == text.data() + text.size();
}

/// What identifies an event of the simulation, in its JSON; all of it where there is none.
std::string tag_of(const std::string& json) {
  constexpr std::string_view mark = "\"tag\":\"";
  const auto at = json.find(mark);
  if (at == std::string::npos) return json;
  const auto begin = at + mark.size();
  return json.substr(begin, json.find('"', begin) - begin);
}

template <class Id>
std::string shown(const Id& id) {
  return std::to_string(id.first) + "-" + std::to_string(id.second);
}

template <class Entry>
reply entry_of(const Entry& each) {
  std::vector<reply> fields;
  for (const auto& text : each.second) fields.push_back(bulk(text));
  return array_of({bulk(shown(each.first)), array_of(std::move(fields))});
}

}  // namespace

key_space::stream_key key_space::parse_id(std::string_view text, std::uint64_t sequence_if_none) {
  if (text == "-") return {0, 0};
  if (text == "+") return {highest, highest};
  const auto dash = text.find('-');
  stream_key out{0, sequence_if_none};
  const bool well = dash == std::string_view::npos
                        ? read(text, out.first)
                        : read(text.substr(0, dash), out.first) && read(text.substr(dash + 1), out.second);
  if (!well) throw failed{"ERR Invalid stream ID specified as stream command argument"};
  return out;
}

reply key_space::do_xadd(word_span words) {
  if (words.size() % 2 == 0) return failure("ERR wrong number of arguments for 'xadd' command");
  const auto id = parse_id(words[2], 0);
  const auto* const before = find<stream>(words[1]);
  if (id == stream_key{}) return failure("ERR The ID specified in XADD must be greater than 0-0");
  if (before != nullptr && id <= before->last) {
    return failure("ERR The ID specified in XADD is equal or smaller than the target stream top item");
  }
  auto& all = make<stream>(words[1]);
  all.entries.emplace_hint(all.entries.end(), id, std::vector<std::string>(words.begin() + 3, words.end()));
  all.last = id;
  if (id.second == 0) written[id.first] = tag_of(words.back());
  return bulk(shown(id));
}

reply key_space::do_xdel(word_span words) {
  auto* const all = find<stream>(words[1]);
  std::int64_t gone = 0;
  for (const auto& text : words.subspan(2)) {
    const auto id = parse_id(text, 0);
    if (all != nullptr) gone += static_cast<std::int64_t>(all->entries.erase(id));
  }
  return number(gone);
}

reply key_space::do_xlen(word_span words) {
  const auto* const all = find<stream>(words[1]);
  return number(all == nullptr ? 0 : static_cast<std::int64_t>(all->entries.size()));
}

reply key_space::do_xrange(word_span words) {
  const bool behind = words[2].starts_with("(");
  const auto from = parse_id(std::string_view(words[2]).substr(behind ? 1 : 0), behind ? highest : 0);
  const auto to = parse_id(words[3], highest);
  auto count = highest;
  if (words.size() == 6 && words[4] == "COUNT")
    count = std::strtoull(words[5].c_str(), nullptr, 10);
  else if (words.size() != 4)
    return failure("ERR syntax error");
  std::vector<reply> out;
  const auto* const all = find<stream>(words[1]);
  if (count == 0) return {};
  if (all == nullptr) return array_of({});
  auto each = behind ? all->entries.upper_bound(from) : all->entries.lower_bound(from);
  for (; each != all->entries.end() && each->first <= to && out.size() < count; ++each) out.push_back(entry_of(*each));
  return array_of(std::move(out));
}

// XREAD [COUNT n] [BLOCK ms] STREAMS key id, of one stream; whoever blocks asks again. RESP3's form.
reply key_space::do_xread(word_span words) {
  auto count = highest;
  std::size_t at = 1;
  for (; at + 1 < words.size() && words[at] != "STREAMS"; at += 2) {
    if (words[at] == "COUNT")
      count = std::strtoull(words[at + 1].c_str(), nullptr, 10);
    else if (words[at] != "BLOCK")
      return failure("ERR syntax error");
  }
  if (at + 3 != words.size()) return failure("ERR syntax error");
  if (count == 0) count = highest;  // as Redis has it, in XREAD alone
  const auto& key = words[at + 1];
  const auto after = parse_id(words[at + 2], 0);
  const auto* const all = find<stream>(key);
  std::vector<reply> entries;
  if (all != nullptr) {
    for (auto each = all->entries.upper_bound(after); each != all->entries.end() && entries.size() < count; ++each) {
      entries.push_back(entry_of(*each));
    }
  }
  if (entries.empty()) return {};
  auto out = array_of({bulk(key), array_of(std::move(entries))});
  out.type = reply::kind::map;
  return out;
}

}  // namespace fanfare::simulation
