#pragma once

// One row of the event catalogue: what everything else (validation, rooms, schemas, SDK text) is derived from.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fanfare/base/value.hpp>

namespace fanfare::domain {

class json_schema;

/// What a field holds. `number` is any JSON number, `integer` one without fraction; `time` is RFC 3339 in UTC.
enum class field_kind : std::uint8_t { string, integer, number, boolean, object, array, time, any };

struct field {
  std::string name;
  field_kind kind = field_kind::string;
  bool required = false;
  std::string description;
  std::optional<double> minimum, maximum;
  std::vector<std::string> values;  // the only strings allowed; empty: any
  bool identifier = false;          // 1 to 128 bytes, fit to be the id of a room
  // Of a deployment's own types, for pages and SDKs.
  bool nullable = false;
  std::vector<value> choices;       // the only values allowed, of any kind
  std::vector<field> alternatives;  // of `any`: what it may be
  std::vector<field> members;       // of an object
  std::vector<field> items;         // of an array: what each is; none or one
};

enum class event_category : std::uint8_t {
  domain,      // published by back-ends
  connection,  // about the connection it is sent to
  reply,       // answers a client command
  notice,      // by the server, to a room's members
};

/// Where an event goes by default: the first template whose fields are all present gives the room; when none is,
/// the rule gives none. Templates look like "project:{project_id}".
struct room_rule {
  std::vector<std::string> templates;
};

struct event_type {
  std::string name;
  std::string summary;
  event_category category = event_category::domain;
  std::vector<field> fields;
  std::vector<room_rule> rooms;
  std::vector<std::string> conflate;          // fields that make the conflation key; empty: never conflated
  bool kept = true;                           // stored in the log and replayed
  value example;                              // of `data`
  std::shared_ptr<const json_schema> schema;  // of a deployment's own type; the fields are then for display
};

}  // namespace fanfare::domain
