#include "api/publish/publish_body.hpp"

#include <algorithm>
#include <utility>

#include <fanfare/base/digest.hpp>
#include <fanfare/base/json.hpp>
#include <fanfare/base/utf8.hpp>

namespace fanfare::api {

namespace {

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char letter) { return lower(letter); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

struct media_type {
  std::string name;
  bool utf8 = true;
};

// RFC 9110 §8.3.1. JSON is UTF-8 (RFC 8259 §8.1), so any other charset is a misunderstanding.
media_type media_type_of(const http::request& request) {
  auto field = request.headers.get("content-type").value_or("application/json");
  media_type out;
  out.name = lower(trimmed(field.substr(0, field.find(';'))));
  while (field.find(';') != std::string_view::npos) {
    field = field.substr(field.find(';') + 1);
    auto parameter = lower(trimmed(field.substr(0, field.find(';'))));
    std::erase(parameter, '"');
    if (parameter.starts_with("charset=") && parameter != "charset=utf-8") out.utf8 = false;
  }
  return out;
}

error at(std::size_t index, error fault) {
  fault.pointer = "/" + std::to_string(index) + fault.pointer;
  return fault;
}

error with_size(error fault) {
  // The parser's bound on values is one of size to whoever sent the body; over_limit would say "come back later".
  if (fault.code == errc::over_limit) fault.code = errc::payload_too_large;
  return fault;
}

result<value> parse_json(std::string_view text) {
  auto parsed = json::parse(text, {.depth_max = 64, .values_max = 1000000});
  if (!parsed) return with_size(parsed.error());
  return parsed;
}

result<publish_body> single(const value& item, const publish_limits& limits, bool cloud_event) {
  if (item.if_object() == nullptr) return error{errc::bad_request, "an event must be an object", ""};
  if (cloud_event && item.find("specversion") == nullptr) {
    return error{errc::bad_request, "a CloudEvent needs specversion", "/specversion"};
  }
  auto draft = domain::parse_draft(item, limits.envelope);
  if (!draft) return draft.error();
  publish_body body;
  body.drafts.push_back(std::move(*draft));
  return body;
}

result<publish_body> batch(const array& items, const publish_limits& limits, bool cloud_events) {
  if (items.size() > limits.batch_max) {
    return error{errc::payload_too_large, "more than " + std::to_string(limits.batch_max) + " events", ""};
  }
  publish_body body;
  body.batch = true;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto one = single(items[i], limits, cloud_events);
    if (!one) return at(i, one.error());
    body.drafts.push_back(std::move(one->drafts.front()));
  }
  return body;
}

// CloudEvents HTTP binding 1.0.2 §3.1.3.2: a quoted value loses its quotes (RFC 9110 §5.6.4), and then one round of
// percent-encoding.
std::string attribute_text(std::string_view content) {
  if (content.size() < 2 || content.front() != '"' || content.back() != '"') return http::percent_decode(content);
  content = content.substr(1, content.size() - 2);
  std::string unquoted;
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '\\' && i + 1 < content.size()) ++i;
    unquoted += content[i];
  }
  return http::percent_decode(unquoted);
}

// CloudEvents HTTP binding 1.0.2 §3.1: attributes in ce-* headers, data in the body.
result<publish_body> binary_mode(const http::request& request, const publish_limits& limits) {
  object item;
  for (const auto& [field, content] : request.headers) {
    const auto name = lower(field);
    if (!name.starts_with("ce-")) continue;
    auto text = attribute_text(content);
    if (!is_valid_utf8(text)) return error{errc::bad_request, "the header " + name + " is not UTF-8", ""};
    if (name == "ce-data" || name == "ce-rooms") {
      return error{errc::bad_request, "the header " + name + " is no CloudEvents attribute", ""};
    }
    if (item.contains(name.substr(3))) return error{errc::bad_request, "the header " + name + " is repeated", ""};
    item.set(name.substr(3), std::move(text));
  }
  if (!request.body.empty()) {
    auto data = parse_json(request.body);
    if (!data) return data.error();
    item.set("data", std::move(*data));
  }
  return single(value(std::move(item)), limits, true);
}

result<publish_body> by_media_type(const http::request& request, const publish_limits& limits) {
  const auto type = media_type_of(request);
  if (!type.utf8) return error{errc::unsupported_media_type, "the charset must be utf-8", ""};
  const bool structured = type.name == "application/cloudevents+json";
  const bool batched = type.name == "application/cloudevents-batch+json";
  if (!structured && !batched && type.name != "application/json") {
    return error{errc::unsupported_media_type,
                 "send application/json, application/cloudevents+json, application/cloudevents-batch+json or "
                 "application/x-ndjson",
                 ""};
  }
  if (!structured && !batched && request.headers.get("ce-specversion")) return binary_mode(request, limits);
  const auto parsed = parse_json(request.body);
  if (!parsed) return parsed.error();
  const auto* items = parsed->if_array();
  if (structured && items != nullptr) return error{errc::bad_request, "one CloudEvent must be an object", ""};
  if (batched && items == nullptr) return error{errc::bad_request, "a batch must be an array", ""};
  return items != nullptr ? batch(*items, limits, batched) : single(*parsed, limits, structured);
}

void add_trace(domain::draft& draft, const http::request& request, const publish_limits& limits) {
  const auto trace = request.headers.get("traceparent");
  if (!trace || trace->size() > limits.envelope.attribute_bytes_max || !is_valid_utf8(*trace)) return;
  if (!draft.extensions.contains("traceparent")) draft.extensions.set("traceparent", *trace);
}

}  // namespace

std::string publish_digest(const http::request& request) {
  std::string all = request.body;
  for (const auto& [field, content] : request.headers) {
    if (const auto name = lower(field); name.starts_with("ce-"))
      all.append(1, '\0').append(name).append(1, '\0') += content;
  }
  return sha256(all);
}

bool has_lines(const http::request& head) { return media_type_of(head).name == "application/x-ndjson"; }

result<void> check_lines(const http::request& head) {
  if (!media_type_of(head).utf8) return error{errc::unsupported_media_type, "the charset must be utf-8", ""};
  return {};
}

result<domain::draft> parse_line(std::string_view line, const http::request& head, const publish_limits& limits) {
  const auto item = parse_json(line);
  if (!item) return item.error();
  auto body = single(*item, limits, false);
  if (!body) return body.error();
  auto& draft = body->drafts.front();
  add_trace(draft, head, limits);
  return std::move(draft);
}

result<publish_body> parse_publish_body(const http::request& request, const publish_limits& limits) {
  auto body = by_media_type(request, limits);
  if (!body) return body;
  if (body->drafts.empty()) return error{errc::bad_request, "no event", ""};
  for (auto& draft : body->drafts) add_trace(draft, request, limits);
  return body;
}

}  // namespace fanfare::api
