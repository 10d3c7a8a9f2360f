#pragma once

// The event types this server knows. Outbound: publishing validates with it, catalogue_formats prints it.

#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

#include "domain/catalogue/event_type.hpp"

namespace fanfare::domain {

/// The 22 rows of the contract, in its order, and presence.changed (catalogue_table.cpp).
[[nodiscard]] const std::vector<event_type>& built_in_event_types();

/// The built-in types and a deployment's own. Set up once; then only read, from any thread.
class catalogue {
 public:
  /// `room_kinds` are those there are: templates of others are refused. None: any will do.
  explicit catalogue(std::vector<std::string> room_kinds = {});

  /// Adds a type from a JSON Schema 2020-12 text of its `data`. `x-fanfare-type` names it (else `title`),
  /// `x-fanfare-rooms` (["project:{project_id}", ["user:{user_id}", "project:{project_id}"]]) routes it,
  /// `x-fanfare-conflate` (["task_id"]) and `x-fanfare-kept` (false) say how it travels.
  /// Fails: bad_request with the pointer of the fault in the schema (unknown keywords included).
  result<void> add_schema(std::string_view schema_json);

  [[nodiscard]] const event_type* find(std::string_view name) const noexcept;
  [[nodiscard]] const std::vector<event_type>& types() const noexcept { return types_; }

 private:
  std::vector<std::string> room_kinds_;
  std::vector<event_type> types_;
};

/// Whether `data` is a payload of the type; members the type does not name are allowed. Fails: bad_request, with
/// the pointer of the first fault ("/project_id", also for a missing member).
[[nodiscard]] result<void> validate(const event_type& type, const value& data);
/// Where it goes when the publisher names no rooms; each once, in the rules' order.
[[nodiscard]] std::vector<std::string> default_rooms(const event_type& type, const value& data);
/// "<type>\x1f<field>…", or "" for types that are not conflatable.
[[nodiscard]] std::string conflate_key(const event_type& type, const value& data);

}  // namespace fanfare::domain
