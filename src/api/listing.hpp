#pragma once

// Floor 7. Which part of a list a request asks for. Inbound: the handlers that give lists.

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/http/message.hpp>

namespace fanfare::api {

inline constexpr std::size_t limit_preset = 100;
inline constexpr std::size_t limit_max = 1000;
inline constexpr std::size_t offset_max = 100000000;

/// A parameter that is `min` to `max`; nothing when it is not given. Fails: bad_request.
inline result<std::optional<std::size_t>> number_of(std::string_view query, const std::string& name,
                                                    std::size_t min = 1, std::size_t max = limit_max) {
  const auto text = http::query_value(query, name);
  if (!text) return std::optional<std::size_t>();
  std::size_t number = 0;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (code != std::errc{} || end != text->data() + text->size() || number < min || number > max) {
    return error{errc::bad_request, name + " must be " + std::to_string(min) + " to " + std::to_string(max), {}};
  }
  return std::optional(number);
}

struct listing {
  std::size_t offset = 0;
  std::size_t limit = limit_preset;
};

/// `offset` and `limit` of a query. Fails: bad_request.
inline result<listing> listing_of(std::string_view query, std::size_t most = limit_max) {
  const auto limit = number_of(query, "limit", 1, most);
  if (!limit) return limit.error();
  const auto offset = number_of(query, "offset", 0, offset_max);
  if (!offset) return offset.error();
  return listing{offset->value_or(0), limit->value_or(limit_preset)};
}

}  // namespace fanfare::api
