#include "history/redis/stream_codec.hpp"

#include <charconv>
#include <utility>

#include <fanfare/base/json.hpp>

namespace fanfare::history {

namespace {

template <class Number>
bool read_number(std::string_view text, Number& into) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), into);
  return code == std::errc{} && end == text.data() + text.size();
}

/// A script's number is an integer, what it has stored as text is text.
template <class Number>
Number number_or_zero(const redis::reply& from) {
  if (from.type == redis::reply::kind::integer) return static_cast<Number>(from.integer);
  Number out = 0;
  return read_number(from.text, out) ? out : 0;
}

error malformed(std::string what) { return {errc::bad_request, "the stream: " + std::move(what), {}}; }
error unreadable() { return {errc::internal, "Redis' answer cannot be read", {}}; }

std::int64_t packed_expiry(const entry& item) { return item.expires_ms == never ? -1 : item.expires_ms; }

bool take_field(entry& into, std::string_view name, const std::string& text, std::string& by, bool& well) {
  if (name == "id")
    into.id = text;
  else if (name == "type")
    into.type = text;
  else if (name == "key")
    into.conflate_key = text;
  else if (name == "json")
    into.json = shared_bytes(text);
  else if (name == "newest")
    into.only_newest = text == "1";
  else if (name == "by")
    by = text;
  else if (name == "time")
    well = read_number(text, into.time_ms);
  else if (name == "expires") {
    well = read_number(text, into.expires_ms);
    if (into.expires_ms == -1) into.expires_ms = never;
  } else if (name == "rooms") {
    auto rooms = unpack_rooms(text);
    well = rooms && !rooms->empty();
    if (well) into.rooms = std::move(*rooms);
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string to_text(const stream_id& id) { return std::to_string(id.position) + "-" + std::to_string(id.sequence); }

result<stream_id> parse_stream_id(std::string_view text) {
  stream_id out;
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || !read_number(text.substr(0, dash), out.position) ||
      !read_number(text.substr(dash + 1), out.sequence)) {
    return malformed("\"" + std::string(text.substr(0, 64)) + "\" is no id");
  }
  return out;
}

result<stream_item> parse_item(const redis::reply& came) {
  if (came.elements.size() != 2) return malformed("an entry has no id and fields");
  const auto id = parse_stream_id(came.elements[0].text);
  if (!id) return id.error();
  stream_item out;
  out.id = *id;
  entry event;
  std::string fact_name;
  const auto& fields = came.elements[1].elements;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    const auto& name = fields[i].text;
    const auto& text = fields[i + 1].text;
    bool well = true;
    if (name == "epoch") {
      out.epoch = text;
      return out;
    }
    if (name == "fact") {
      fact_name = text;
    } else if (name == "value") {
      out.kept = parse_fact(std::move(fact_name), text);
      if (!out.kept) return malformed(to_text(*id) + " is no fact");
      return out;
    } else {
      static_cast<void>(take_field(event, name, text, out.by, well));  // a later version may write more
    }
    if (!well) return malformed(to_text(*id) + " has a wrong " + name);
  }
  if (event.rooms.empty() || event.type.empty()) return malformed(to_text(*id) + " is no event");
  event.kept = id->sequence == 0;
  event.position = id->position;
  out.event = std::move(event);
  return out;
}

std::span<const redis::reply> items_of(const redis::reply& came) {
  // RESP3: {stream: [entries]}; RESP2: [[stream, [entries]]].
  if (came.type == redis::reply::kind::map && came.elements.size() == 2) return came.elements[1].elements;
  if (came.elements.size() == 1 && came.elements[0].elements.size() == 2) return came.elements[0].elements[1].elements;
  return {};
}

std::optional<standing> parse_standing(const redis::reply& came) {
  const auto& parts = came.elements;
  if (parts.size() != 8) return std::nullopt;
  const auto last = parse_stream_id(parts[1].text);
  if (!last || parts[0].text.empty()) return std::nullopt;
  standing out;
  out.epoch = parts[0].text;
  out.last = *last;
  out.head = number_or_zero<std::uint64_t>(parts[2]);
  out.oldest = number_or_zero<std::uint64_t>(parts[3]);
  out.used = {number_or_zero<std::size_t>(parts[4]), number_or_zero<std::size_t>(parts[5]),
              number_or_zero<std::size_t>(parts[6]), number_or_zero<std::uint64_t>(parts[7])};
  return out;
}

std::optional<fact> parse_fact(std::string name, std::string_view packed) {
  fact out;
  const auto first = packed.find(' ');
  const auto second = packed.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  if (!read_number(packed.substr(0, first), out.number)) return std::nullopt;
  if (!read_number(packed.substr(first + 1, second - first - 1), out.until_ms)) return std::nullopt;
  out.name = std::move(name);
  out.content = packed.substr(second + 1);
  return out;
}

std::string pack_rooms(const std::vector<std::string>& rooms) {
  std::string out;
  for (const auto& room : rooms) out += std::to_string(room.size()) + ":" + room + ",";
  return out;
}

result<std::vector<std::string>> unpack_rooms(std::string_view packed) {
  std::vector<std::string> out;
  while (!packed.empty()) {
    const auto colon = packed.find(':');
    std::size_t size = 0;
    if (colon == std::string_view::npos || !read_number(packed.substr(0, colon), size)) return malformed("no rooms");
    packed.remove_prefix(colon + 1);
    if (size >= packed.size() || packed[size] != ',') return malformed("no rooms");
    out.emplace_back(packed.substr(0, size));
    packed.remove_prefix(size + 1);
  }
  return out;
}

std::size_t counted_bytes(const entry& item) {
  constexpr std::size_t around = 128;  // field names, ids and indexes, about
  auto bytes = around + item.id.size() + item.type.size() + item.json.size() + item.conflate_key.size();
  for (const auto& room : item.rooms) bytes += room.size() + around / 2;
  return bytes;
}

void add_batch(word_list& to, const std::vector<entry>& batch, const std::vector<answer>& answers) {
  to.add("batch");
  to.add(answers.size());
  to.add(batch.size());
  for (const auto& each : answers) {
    to.add(each.key);
    to.add(each.digest);
    to.add(each.events.size());
    for (const auto& event : each.events) {
      to.add(event.id);
      to.add(event.position);
      to.add_own(event.of_batch ? std::to_string(*event.of_batch) : std::string());
    }
  }
  for (const auto& item : batch) {
    to.add(item.kept ? "1" : "0");
    to.add(item.id);
    to.add(item.type);
    to.add_own(pack_rooms(item.rooms));
    to.add(item.time_ms);
    to.add(packed_expiry(item));
    to.add(item.conflate_key);
    to.add(item.only_newest && !item.conflate_key.empty() ? "1" : "0");
    to.add(counted_bytes(item));
    if (item.json.empty() && item.envelope)
      to.add_own(json::write(*item.envelope));
    else
      to.add(item.json.view());
  }
}

void add_fact(word_list& to, const fact& item) {
  to.add("fact");
  to.add(item.name);
  to.add(item.number);
  to.add(item.until_ms);
  to.add(item.content);
}

result<placed> parse_outcome(const redis::reply& came, const std::vector<answer>& answers) {
  if (came.type == redis::reply::kind::integer) return placed{{number_or_zero<std::uint64_t>(came)}, {}};
  const auto& parts = came.elements;
  if (parts.size() != 3) return unreadable();
  if (parts[0].text == "over_limit") return error{errc::over_limit, "the batch is larger than the whole history", {}};
  placed out;
  for (const auto& each : parts[1].elements) out.positions.push_back(number_or_zero<std::uint64_t>(each));
  for (const auto& each : parts[2].elements) {
    // Index of the answer, digest, then ids and positions.
    const auto& known = each.elements;
    if (known.size() < 2 || known[0].type != redis::reply::kind::integer) return unreadable();
    const auto index = number_or_zero<std::size_t>(known[0]);
    if (index >= answers.size()) return unreadable();
    answer before{answers[index].key, known[1].text, {}, 0};
    for (std::size_t i = 2; i + 1 < known.size(); i += 2) {
      before.events.push_back({known[i].text, number_or_zero<std::uint64_t>(known[i + 1]),
                               before.events.size() < answers[index].events.size()
                                   ? answers[index].events[before.events.size()].of_batch
                                   : std::nullopt});
    }
    out.repeats.push_back(std::move(before));
  }
  return out;
}

std::vector<bool> repeated_of(const placed& outcome) {
  std::vector<bool> out(outcome.positions.size(), false);
  for (const auto& each : outcome.repeats) {
    for (const auto& event : each.events) {
      if (event.of_batch && *event.of_batch < out.size()) out[*event.of_batch] = true;
    }
  }
  return out;
}

result<page> parse_page(const redis::reply& came) {
  if (came.elements.size() != 3) return unreadable();
  page out;
  out.complete = came.elements[0].integer != 0;
  out.more = came.elements[1].integer != 0;
  for (const auto& each : came.elements[2].elements) {
    auto item = parse_item(each);
    if (!item || !item->event) return unreadable();
    if (!item->event->only_newest) item->event->conflate_key.clear();
    out.entries.push_back(std::move(*item->event));
  }
  return out;
}

}  // namespace fanfare::history
