#pragma once

// CloudEvents 1.0: what publishers send <-> the envelope that clients receive. Pure.
// Inbound next: publishing. Outbound next: history (as JSON), then the sockets.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>
#include <fanfare/base/world.hpp>

namespace fanfare::domain {

struct envelope_limits {
  std::size_t id_bytes_max = 256;
  std::size_t source_bytes_max = 1024;
  std::size_t attribute_bytes_max = 1024;  // of one extension's content
  std::size_t extensions_max = 16;
  std::size_t rooms_max = 100;
};

/// An event as published, before the server has completed it. Empty strings: to be filled in.
struct draft {
  std::string type;
  value data = object{};
  std::vector<std::string> rooms;
  std::string id;
  std::string source;
  std::string time;   // RFC 3339 in UTC
  object extensions;  // CloudEvents extension attributes: traceparent, …
};

/// Reads `{type, data, rooms?, id?, source?, time?, subject?, traceparent?, tracestate?}` or, when `specversion` is
/// there, a structured CloudEvent: specversion "1.0", id and source required, extension attributes allowed
/// ([a-z0-9]{1,20}; a string, boolean or integer), datacontenttype JSON, no data_base64. A subject that is a room is
/// used as one when no rooms are given. `cursor` is the server's own and ignored, so that a received event can be
/// sent on. A null attribute counts as missing (CloudEvents JSON format §2.2.1).
/// Fails: bad_request with a pointer, over_limit.
[[nodiscard]] result<draft> parse_draft(const value& item, const envelope_limits& limits = {});

/// {specversion, id, type, source, subject, time, …extensions, data} in that order; the draft must be complete.
/// `subject` is the first room.
[[nodiscard]] value build_envelope(const draft& complete);
/// Adds `cursor` as the last member.
void set_cursor(value& envelope, std::string cursor);
/// For events that the server itself makes and nobody publishes (connection.*, presence): id and time given.
[[nodiscard]] value build_envelope(std::string type, value data, std::string id, std::string source,
                                   std::string subject, std::int64_t time_ms, std::string cursor);

/// A fresh event id: the time in front, so that ids sort, and 80 random bits (ULID, 26 characters).
[[nodiscard]] std::string make_event_id(std::int64_t time_ms, const world& around);

}  // namespace fanfare::domain
