#pragma once

// Floor 7. A publish request's body, in every form it may have -> drafts. Pure.
// Inbound: publish. Outbound: domain/envelope.

#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/http/message.hpp>

#include "domain/envelope.hpp"

namespace fanfare::api {

struct publish_limits {
  std::size_t batch_max = 1000;
  domain::envelope_limits envelope;
};

struct publish_body {
  std::vector<domain::draft> drafts;
  bool batch = false;  // whether faults are placed as "/<index>/…"
};

/// The forms, by Content-Type:
/// - application/json: one event or an array of them; with a ce-specversion header, the `data` of one event whose
///   attributes are in ce-* headers (CloudEvents HTTP binding, binary mode);
/// - application/cloudevents+json, application/cloudevents-batch+json: CloudEvents structured and batched.
/// A `traceparent` header becomes the extension attribute of every event that has none (W3C Trace Context).
/// Fails: unsupported_media_type, bad_request and over_limit with the pointer of the fault, payload_too_large.
[[nodiscard]] result<publish_body> parse_publish_body(const http::request& request, const publish_limits& limits);

/// SHA-256 of what a request asks to publish: its body, and in binary mode its attributes. What may differ between two
/// tries (a trace, a date) is left out.
[[nodiscard]] std::string publish_digest(const http::request& request);

/// Whether the body is application/x-ndjson: one event a line, and streamed.
[[nodiscard]] bool has_lines(const http::request& head);
/// Whether lines can be read as they are. Fails: unsupported_media_type, for a charset.
[[nodiscard]] result<void> check_lines(const http::request& head);
/// One line of such a body. Fails: as parse_publish_body().
[[nodiscard]] result<domain::draft> parse_line(std::string_view line, const http::request& head,
                                               const publish_limits& limits);

}  // namespace fanfare::api
