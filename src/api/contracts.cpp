#include "api/contracts.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fanfare/base/json.hpp>

#include "api/answers.hpp"
#include "api/route_table.hpp"
#include "domain/catalogue/catalogue_formats.hpp"

namespace fanfare::api {

namespace {

value ref(const std::string& name) { return object{{"$ref", "#/components/schemas/" + name}}; }

object media(std::string_view type, value schema) {
  return object{{std::string(type), object{{"schema", std::move(schema)}}}};
}

value event_schema(const domain::catalogue& types) {
  array names;
  for (const auto& type : types.types()) {
    if (type.category == domain::event_category::domain) names.emplace_back(type.name);
  }
  const value text = object{{"type", "string"}};
  return object{{"type", "object"},
                {"required", array{"type", "data"}},
                {"properties", object{{"type", object{{"type", "string"}, {"enum", std::move(names)}}},
                                      {"data", object{{"type", "object"}}},
                                      {"rooms", object{{"type", "array"}, {"items", text}}},
                                      {"id", text},
                                      {"source", text},
                                      {"time", object{{"type", "string"}, {"format", "date-time"}}}}}};
}

/// Of application/x-ndjson; a problem that ends such a request has the same members.
value lines_accepted() {
  const value text = object{{"type", "string"}};
  const auto count = [](std::string_view what) { return object{{"type", "integer"}, {"description", what}}; };
  const auto list = [](std::string_view what, object properties) {
    return object{{"type", "array"},
                  {"description", what},
                  {"items", object{{"type", "object"}, {"properties", std::move(properties)}}}};
  };
  const value number = object{{"type", "integer"}};
  return object{{"type", "object"},
                {"properties",
                 object{{"accepted", count("Lines in the log now, repeats included.")},
                        {"duplicates", count("Those that had been accepted before, and were not sent again.")},
                        {"refused", count("Lines refused by themselves.")},
                        {"lines", count("Lines read, blank ones included.")},
                        {"events", list("The first accepted.", {{"line", number}, {"id", text}, {"cursor", text}})},
                        {"errors", list("The first refused.",
                                        {{"line", number}, {"code", text}, {"detail", text}, {"pointer", text}})}}}};
}

object component_schemas(const domain::catalogue& types) {
  const value text = object{{"type", "string"}};
  const value accepted = object{{"type", "object"}, {"properties", object{{"id", text}, {"cursor", text}}}};
  return object{
      {"Event", event_schema(types)},
      {"Accepted", object{{"type", "object"},
                          {"properties", object{{"accepted", object{{"type", "integer"}}},
                                                {"events", object{{"type", "array"}, {"items", accepted}}}}}}},
      {"LinesAccepted", lines_accepted()},
      {"Problem", object{{"type", "object"},
                         {"description", "RFC 9457; pointer is the JSON Pointer of a fault in the body."},
                         {"properties", object{{"type", text},
                                               {"title", text},
                                               {"status", object{{"type", "integer"}}},
                                               {"detail", text},
                                               {"code", text},
                                               {"pointer", text}}}}}};
}

object request_body() {
  const value one_or_more = object{{"oneOf", array{ref("Event"), object{{"type", "array"}, {"items", ref("Event")}}}}};
  const value any = object{{"type", "object"}};
  auto content = media("application/json", one_or_more);
  content.set("application/cloudevents+json", object{{"schema", any}});
  content.set("application/cloudevents-batch+json", object{{"schema", object{{"type", "array"}, {"items", any}}}});
  content.set("application/x-ndjson",
              object{{"schema", object{{"type", "string"},
                                       {"description",
                                        "One event a line, of any number: each is published as it comes, "
                                        "and refused by itself."}}}});
  return object{{"required", true}, {"content", std::move(content)}};
}

object responses(const endpoint& row) {
  object out;
  for (const auto& answer : row.answers) {
    object described{{"description", answer.summary}};
    const auto schema =
        row.takes_events ? value(object{{"anyOf", array{ref("Accepted"), ref("LinesAccepted")}}}) : value(object{});
    if (!answer.media.empty()) described.set("content", media(answer.media, schema));
    out.set(std::to_string(answer.status), std::move(described));
  }
  const auto failure = [&out](unsigned status, std::string_view summary) {
    out.set(std::to_string(status),
            object{{"description", summary}, {"content", media("application/problem+json", ref("Problem"))}});
  };
  const bool has_query = std::ranges::any_of(row.parameters, [](const auto& item) { return item.in == "query"; });
  if (row.method == "POST" || has_query) failure(400, "Malformed; pointer says where.");
  if (row.access != needs::nothing) {
    failure(401, "No valid credential.");
    failure(403, "The credential does not allow this.");
  }
  if (row.operation == "takeGithubDelivery") {
    failure(401, "There is no signature.");
    failure(403, "The signature is wrong.");
    failure(404, "No secret is configured.");
    failure(413, "The body is too large.");
    failure(415, "The media type is not supported.");
    failure(503, "Draining, or history is down.");
  }
  if (row.path.find('{') != std::string_view::npos) failure(404, "There is no such thing.");
  if (row.takes_events) {
    failure(413, "The body, an event or the batch is too large.");
    failure(415, "The media type is not supported.");
    failure(422, "The Idempotency-Key came before with another body (code idempotency_mismatch).");
    failure(408, "The body took too long to come.");
    failure(429, "Too fast; Retry-After says when to come back. Lines are slowed down instead.");
    failure(503, "Draining, or history is down.");
  }
  return out;
}

object operation(const endpoint& row) {
  object out{{"operationId", row.operation}, {"summary", row.summary}};
  array parameters;
  for (const auto& item : row.parameters) {
    parameters.emplace_back(object{{"name", item.name},
                                   {"in", item.in},
                                   {"required", item.in == "path"},
                                   {"description", item.summary},
                                   {"schema", object{{"type", item.type}}}});
  }
  if (!parameters.empty()) out.set("parameters", std::move(parameters));
  if (row.takes_events) out.set("requestBody", request_body());
  if (row.operation == "takeGithubDelivery") {
    out.set("requestBody",
            object{{"required", true}, {"content", media("application/json", object{{"type", "object"}})}});
  }
  if (row.operation == "revoke") {
    const value text = object{{"type", "string"}};
    out.set("requestBody",
            object{{"required", true},
                   {"content",
                    media("application/json",
                          object{{"type", "object"},
                                 {"properties", object{{"jti", text}, {"user", text}, {"expires_at", text}}}})}});
  }
  out.set("responses", responses(row));
  if (row.access == needs::nothing) out.set("security", array{});
  return out;
}

std::string text_of(const value& document) { return json::write_pretty(document) + "\n"; }

void respond(const http::exchange_ptr& exchange, shared_bytes text, std::string_view media_type) {
  http::response answer{200, {}, std::move(text)};
  answer.headers.set("Content-Type", std::string(media_type));
  exchange->respond(std::move(answer), true);
}

}  // namespace

value openapi_document(const domain::catalogue& types, const std::string& version) {
  object paths;
  for (const auto& row : endpoints()) {
    std::string method(row.method);
    std::ranges::transform(method, method.begin(), [](unsigned char letter) { return std::tolower(letter); });
    auto& path = paths[row.path];
    if (path.is_null()) path = object{};
    path.if_object()->set(method, operation(row));
  }
  return object{
      {"openapi", "3.1.0"},
      {"info", object{{"title", "Fanfare"}, {"version", version}, {"description", "Real-time event server."}}},
      {"paths", std::move(paths)},
      {"security", array{object{{"bearer", array{}}}, object{{"key", array{}}}}},
      {"components",
       object{{"securitySchemes",
               object{{"bearer", object{{"type", "http"},
                                        {"scheme", "bearer"},
                                        {"description", "A service key, or a token with the scope asked for."}}},
                      {"key", object{{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}}}},
              {"schemas", component_schemas(types)}}}};
}

void get_openapi(contracts& at, const http::exchange_ptr& exchange, const credential&) {
  const auto write = [&at] { return text_of(openapi_document(at.types, at.version)); };
  respond(exchange, at.openapi.get(write), "application/json");
}

void get_asyncapi(contracts& at, const http::exchange_ptr& exchange, const credential&) {
  const auto write = [&at] { return text_of(domain::asyncapi_document(at.types, at.version)); };
  respond(exchange, at.asyncapi.get(write), "application/json");
}

void get_schema(contracts& at, const http::exchange_ptr& exchange, const credential&) {
  const auto* type = at.types.find(exchange->request().param("type"));
  if (type == nullptr) return exchange->respond(problem({errc::not_found, {}, {}}));
  respond(exchange, shared_bytes(text_of(domain::json_schema_of(*type))), "application/schema+json");
}

}  // namespace fanfare::api
