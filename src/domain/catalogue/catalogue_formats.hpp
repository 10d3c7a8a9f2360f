#pragma once

// The catalogue in other languages: one generator a file (format_*.cpp). Pure; the same text for the same
// catalogue, so that checked-in copies can be compared. All end in a newline.

#include <string>

#include <fanfare/base/value.hpp>

#include "domain/catalogue/catalogue.hpp"

namespace fanfare::domain {

/// JSON Schema 2020-12 of one type's `data`, with `$id`, title, description and example.
[[nodiscard]] value json_schema_of(const event_type& type);
/// One schema document of the envelope, with every type's data under $defs.
[[nodiscard]] value json_schema_bundle(const catalogue& all);
/// AsyncAPI 3.0: the Socket.IO side; events received, commands sent with their replies.
[[nodiscard]] value asyncapi_document(const catalogue& all, const std::string& server_version);
/// Interfaces of every payload, FanfareEvent<T>, ServerToClientEvents, ClientToServerEvents.
[[nodiscard]] std::string typescript(const catalogue& all);
/// A mixin with one typed, keyword-only `broadcast_*` coroutine per domain event.
[[nodiscard]] std::string python(const catalogue& all);
/// A header with a struct a domain event, whose required members must be given, and broadcast_methods.
[[nodiscard]] std::string cpp(const catalogue& all);
[[nodiscard]] std::string markdown(const catalogue& all);
/// Columns for a terminal.
[[nodiscard]] std::string table(const catalogue& all);

/// "project.updated" -> "ProjectUpdated" and "project_updated".
[[nodiscard]] std::string pascal_case(const std::string& name);
[[nodiscard]] std::string snake_case(const std::string& name);

}  // namespace fanfare::domain
