#include "domain/catalogue/catalogue_formats.hpp"
#include "domain/catalogue/client_commands.hpp"

// https://www.asyncapi.com/docs/reference/specification/v3.0.0. From the client's side of view it would be the
// other way round: the document describes the server, which sends events and receives commands.

namespace fanfare::domain {

namespace {

object reference(const std::string& place) { return {{"$ref", place}}; }

object message_of(const event_type& type) {
  object data = *json_schema_of(type).if_object();
  data.erase("$schema");
  data.erase("$id");
  object payload{{"allOf", array{reference("#/components/schemas/Envelope"),
                                 object{{"type", "object"},
                                        {"properties",
                                         object{{"type", object{{"const", type.name}}}, {"data", std::move(data)}}}}}}};
  return {{"name", type.name},
          {"title", pascal_case(type.name)},
          {"summary", type.summary},
          {"contentType", "application/json"},
          {"payload", std::move(payload)}};
}

object message_of(const client_command& command) {
  return {{"name", std::string(command.name)},
          {"title", pascal_case(std::string(command.name))},
          {"summary", std::string(command.summary)},
          {"contentType", "application/json"},
          {"payload", object{{"type", "object"}}}};
}

object envelope_schema(const catalogue& all) {
  auto bundle = json_schema_bundle(all);
  auto& out = *bundle.if_object();
  for (const auto* name : {"$schema", "$id", "oneOf", "$defs"}) out.erase(name);
  return out;
}

}  // namespace

value asyncapi_document(const catalogue& all, const std::string& server_version) {
  object messages, listed, operations;
  array sent;
  for (const auto& type : all.types()) {
    messages.append(type.name, message_of(type));
    listed.append(type.name, reference("#/components/messages/" + type.name));
    sent.emplace_back(reference("#/channels/socket/messages/" + type.name));
  }
  operations.append("sendEvents", object{{"action", "send"},
                                         {"channel", reference("#/channels/socket")},
                                         {"summary", "Events for the rooms joined."},
                                         {"messages", std::move(sent)}});
  for (const auto& command : client_commands) {
    const std::string name(command.name);
    messages.append(name, message_of(command));
    listed.append(name, reference("#/components/messages/" + name));
    object operation{{"action", "receive"},
                     {"channel", reference("#/channels/socket")},
                     {"summary", std::string(command.summary)},
                     {"messages", array{reference("#/channels/socket/messages/" + name)}}};
    if (!command.reply_event.empty()) {
      operation.append(
          "reply",
          object{{"channel", reference("#/channels/socket")},
                 {"messages", array{reference("#/channels/socket/messages/" + std::string(command.reply_event))}}});
    }
    operations.append("receive" + pascal_case(name), std::move(operation));
  }
  return object{
      {"asyncapi", "3.0.0"},
      {"info", object{{"title", "Fanfare"},
                      {"version", server_version},
                      {"description", "Socket.IO v5 over Engine.IO v4; an event's name is the Socket.IO event."}}},
      {"defaultContentType", "application/json"},
      {"channels",
       object{{"socket",
               object{{"address", "/socket.io/"}, {"title", "The connection"}, {"messages", std::move(listed)}}}}},
      {"operations", std::move(operations)},
      {"components",
       object{{"messages", std::move(messages)}, {"schemas", object{{"Envelope", envelope_schema(all)}}}}}};
}

}  // namespace fanfare::domain
