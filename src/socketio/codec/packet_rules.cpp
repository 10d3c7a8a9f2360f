#include "socketio/codec/packet_rules.hpp"

#include <algorithm>
#include <array>

#include <fanfare/base/json.hpp>

namespace fanfare::socketio {

bool is_reserved_event(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 6> reserved = {"connect",       "connect_error", "disconnect",
                                                               "disconnecting", "newListener",   "removeListener"};
  return std::find(reserved.begin(), reserved.end(), name) != reserved.end();
}

std::string event_name(const value& name) {
  if (const auto* text = name.if_string()) return *text;
  return json::write(name);
}

namespace {

result<void> check_event(const value& data, const packet_limits& limits) {
  const auto* items = data.if_array();
  if (items == nullptr || items->empty()) return error{errc::bad_request, "an event is an array with its name", {}};
  const value& name = items->front();
  if (name.is_number()) return {};
  const auto* text = name.if_string();
  if (text == nullptr) return error{errc::bad_request, "an event's name is a string or a number", "/0"};
  if (is_reserved_event(*text)) return error{errc::bad_request, "reserved event name", "/0"};
  if (text->size() > limits.event_name_bytes_max) return error{errc::over_limit, "event name too long", "/0"};
  return {};
}

}  // namespace

result<void> check_data(packet_type type, const value& data, bool present, const packet_limits& limits) {
  const auto refuse_unless = [](bool fine) {
    return fine ? result<void>{} : error{errc::bad_request, "invalid payload", {}};
  };
  switch (type) {
    case packet_type::connect:
      return refuse_unless(!present || data.if_object() != nullptr);
    case packet_type::disconnect:
      return refuse_unless(!present);
    case packet_type::connect_error:
      return refuse_unless(data.if_object() != nullptr || data.if_string() != nullptr);
    case packet_type::event:
    case packet_type::binary_event:
      return check_event(data, limits);
    case packet_type::ack:
    case packet_type::binary_ack:
      return refuse_unless(data.if_array() != nullptr);
  }
  return error{errc::bad_request, "unknown packet type", {}};
}

}  // namespace fanfare::socketio
