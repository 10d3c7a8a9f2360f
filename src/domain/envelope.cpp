#include "domain/envelope.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/json.hpp>
#include <fanfare/base/rfc3339.hpp>
#include <fanfare/base/world.hpp>

#include "domain/access/access_policy.hpp"
#include "domain/catalogue/json_pointer.hpp"

namespace fanfare::domain {

namespace {

constexpr std::size_t type_bytes_max = 128;
constexpr std::size_t attribute_name_max = 20;  // CloudEvents 1.0.2 §3.1: SHOULD NOT exceed 20

error fault(std::string_view name, std::string detail) {
  return {errc::bad_request, std::move(detail), pointer_to("", name)};
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

bool is_attribute_name(std::string_view name) {
  return !name.empty() && name.size() <= attribute_name_max &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

bool is_json(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
  });
  return type == "application/json" || type == "text/json" || (type.ends_with("+json") && type.find('/') != type.npos);
}

/// The attribute's text; "" when it is missing.
result<std::string> text_attribute(const value& item, std::string_view name, std::size_t bytes_max) {
  const auto* content = item.find(name);
  if (content == nullptr || content->is_null()) return std::string();
  const auto* text = content->if_string();
  if (text == nullptr) return fault(name, "must be a string");
  if (text->empty()) return fault(name, "must not be empty");
  if (text->size() > bytes_max) return fault(name, "is too long");
  if (has_control(*text)) return fault(name, "has a control character");
  return *text;
}

result<void> read_rooms(const value& item, const envelope_limits& limits, draft& out) {
  const auto* listed = item.find("rooms");
  if (listed == nullptr || listed->is_null()) return {};
  const auto* rooms = listed->if_array();
  if (rooms == nullptr || rooms->empty()) return fault("rooms", "must be a list of rooms");
  if (rooms->size() > limits.rooms_max) return error{errc::over_limit, "has too many rooms", "/rooms"};
  for (std::size_t i = 0; i < rooms->size(); ++i) {
    const auto* room = (*rooms)[i].if_string();
    if (room == nullptr || !parse_room(*room)) {
      return error{errc::bad_request, "is no room", pointer_to("/rooms", i)};
    }
    if (std::find(out.rooms.begin(), out.rooms.end(), *room) == out.rooms.end()) out.rooms.push_back(*room);
  }
  return {};
}

result<void> read_extension(const member& attribute, const envelope_limits& limits, draft& out) {
  const auto& [name, content] = attribute;
  if (!is_attribute_name(name)) return fault(name, "is no attribute name: 1 to 20 of a-z 0-9");
  if (const auto* number = content.if_integer()) {
    using bounds = std::numeric_limits<std::int32_t>;  // CloudEvents 1.0.2 §3.2
    if (*number < bounds::min() || *number > bounds::max()) return fault(name, "is no 32-bit integer");
  } else if (const auto* text = content.if_string()) {
    if (text->size() > limits.attribute_bytes_max) return fault(name, "is too long");
    if (has_control(*text)) return fault(name, "has a control character");
  } else if (content.if_bool() == nullptr) {
    return fault(name, "must be a string, a boolean or an integer");
  }
  if (out.extensions.size() >= limits.extensions_max) return error{errc::over_limit, "too many attributes", {}};
  out.extensions.append(name, content);
  return {};
}

result<void> read_extensions(const value& item, bool cloud_event, const envelope_limits& limits, draft& out) {
  constexpr std::array known{"specversion", "id",    "type",   "source",          "subject",    "time",
                             "data",        "rooms", "cursor", "datacontenttype", "data_base64"};
  constexpr std::array allowed{"traceparent", "tracestate", "dataschema"};
  for (const auto& attribute : *item.if_object()) {
    const auto is_it = [&attribute](const char* name) { return attribute.name == name; };
    if (std::any_of(known.begin(), known.end(), is_it) || attribute.item.is_null()) continue;
    // Outside CloudEvents an unknown member is far more often a slip ("room") than an extension.
    if (!cloud_event && std::none_of(allowed.begin(), allowed.end(), is_it)) return fault(attribute.name, "is unknown");
    if (auto read = read_extension(attribute, limits, out); !read) return read;
  }
  return {};
}

result<void> check_cloud_event(const value& item, const draft& out) {
  if (item.find("specversion")->as_string() != "1.0") return fault("specversion", "must be \"1.0\"");
  if (out.id.empty()) return fault("id", "is missing");
  if (out.source.empty()) return fault("source", "is missing");
  return {};
}

/// JSON that came as bytes (CloudEvents JSON format 1.0.2 §3.1.1): SDKs that do not look at the content type send it
/// so.
result<void> read_base64(const value& item, const value& encoded, draft& out) {
  if (item.find("data") != nullptr) return fault("data_base64", "stands beside data: only one of them may");
  const auto* text = encoded.if_string();
  const auto bytes = text == nullptr ? result<std::string>(errc::bad_request) : base64_decode(*text);
  if (!bytes) return fault("data_base64", "is not base64");
  auto data = json::parse(*bytes, {.depth_max = 64, .values_max = 1000000});
  if (!data) return fault("data_base64", "only JSON data is supported");
  if (data->if_object() == nullptr) return fault("data_base64", "must be an object");
  out.data = std::move(*data);
  return {};
}

result<void> read_content(const value& item, draft& out) {
  if (const auto* type = item.find("datacontenttype"); type != nullptr && !type->is_null()) {
    if (!is_json(type->as_string())) return fault("datacontenttype", "only JSON data is supported");
  }
  if (const auto* encoded = item.find("data_base64")) return read_base64(item, *encoded, out);
  const auto* data = item.find("data");
  if (data == nullptr) return fault("data", "is missing");
  if (data->if_object() == nullptr) return fault("data", "must be an object");
  out.data = *data;
  return {};
}

/// A producer's microseconds and nanoseconds stay: `utc` counts in milliseconds, `sent` is the time as it came.
std::string with_fraction(std::string utc, std::string_view sent) {
  constexpr std::size_t milliseconds = 3, nanoseconds = 9;
  const auto dot = sent.find('.');
  if (dot == std::string_view::npos) return utc;
  auto digits = sent.substr(dot + 1);
  digits = digits.substr(0, digits.find_first_not_of("0123456789"));
  if (digits.size() <= milliseconds) return utc;
  utc.insert(utc.size() - 1, digits.substr(milliseconds, nanoseconds - milliseconds));
  return utc;
}

result<void> read_time(const value& item, draft& out) {
  const auto* time = item.find("time");
  if (time == nullptr || time->is_null()) return {};
  const auto parsed = parse_rfc3339(time->as_string());
  if (!parsed) return fault("time", "must be an RFC 3339 time");
  out.time = with_fraction(format_rfc3339(*parsed), time->as_string());
  return {};
}

}  // namespace

result<draft> parse_draft(const value& item, const envelope_limits& limits) {
  if (item.if_object() == nullptr) return error{errc::bad_request, "an event is an object", {}};
  const bool cloud_event = item.find("specversion") != nullptr;
  draft out;
  auto type = text_attribute(item, "type", type_bytes_max);
  auto id = text_attribute(item, "id", limits.id_bytes_max);
  auto source = text_attribute(item, "source", limits.source_bytes_max);
  auto subject = text_attribute(item, "subject", limits.attribute_bytes_max);
  for (const auto* read : {&type, &id, &source, &subject}) {
    if (!*read) return read->error();
  }
  if (type->empty()) return fault("type", "is missing");
  out.type = std::move(*type);
  out.id = std::move(*id);
  out.source = std::move(*source);
  if (cloud_event) {
    if (auto checked = check_cloud_event(item, out); !checked) return checked.error();
  }
  if (auto read = read_time(item, out); !read) return read.error();
  if (auto read = read_content(item, out); !read) return read.error();
  if (auto read = read_rooms(item, limits, out); !read) return read.error();
  if (out.rooms.empty() && !subject->empty() && parse_room(*subject)) out.rooms.push_back(std::move(*subject));
  if (auto read = read_extensions(item, cloud_event, limits, out); !read) return read.error();
  return out;
}

value build_envelope(const draft& complete) {
  object out;
  out.append("specversion", "1.0");
  out.append("id", complete.id);
  out.append("type", complete.type);
  out.append("source", complete.source);
  out.append("subject", complete.rooms.empty() ? std::string() : complete.rooms.front());
  out.append("time", complete.time);
  for (const auto& [name, content] : complete.extensions) out.append(name, content);
  out.append("data", complete.data);
  return out;
}

void set_cursor(value& envelope, std::string cursor) {
  if (auto* members = envelope.if_object()) members->set("cursor", std::move(cursor));
}

value build_envelope(std::string type, value data, std::string id, std::string source, std::string subject,
                     std::int64_t time_ms, std::string cursor) {
  draft complete;
  complete.type = std::move(type);
  complete.data = std::move(data);
  complete.id = std::move(id);
  complete.source = std::move(source);
  complete.rooms.push_back(std::move(subject));
  complete.time = format_rfc3339(utc_time(std::chrono::milliseconds(time_ms)));
  auto out = build_envelope(complete);
  set_cursor(out, std::move(cursor));
  return out;
}

std::string make_event_id(std::int64_t time_ms, const world& around) {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::array<unsigned char, 16> bits{};  // 48 of time, 80 of randomness
  for (std::size_t i = 0; i < 6; ++i) bits[i] = static_cast<unsigned char>(time_ms >> (40 - 8 * i));
  around.random_bytes(std::span(bits).subspan(6));
  std::string out;
  out.reserve(26);
  // 26 digits of 5 bits are 130: the first two bits are none of ours.
  for (int at = -2; at < 128; at += 5) {
    unsigned digit = 0;
    for (int bit = at; bit < at + 5; ++bit) {
      digit = digit * 2 + (bit < 0 ? 0U : (bits[static_cast<std::size_t>(bit) / 8] >> (7 - bit % 8)) & 1U);
    }
    out += alphabet[digit];
  }
  return out;
}

}  // namespace fanfare::domain
