#pragma once

// The members of generated event types: they take what JSON will hold and nothing that merely converts to it, so that
// a missing field, a number for a text or a fraction for a count does not compile.

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <fanfare/base/value.hpp>

namespace fanfare {

/// Whether a field of T may be set from a Given. Booleans, integers and fractions do not mix, and a null is no text.
template <class T, class Given>
concept sets_field =
    (std::same_as<T, bool> && std::same_as<Given, bool>) ||
    (std::integral<T> && !std::same_as<T, bool> && std::integral<Given> && !std::same_as<Given, bool>) ||
    (std::floating_point<T> && std::is_arithmetic_v<Given> && !std::same_as<Given, bool>) ||
    (!std::is_arithmetic_v<T> && std::convertible_to<Given, T> &&
     (!std::same_as<Given, std::nullptr_t> || std::same_as<T, value>));

/// A field that has to be given: there is no default to fall back to.
template <class T>
class required {
 public:
  required() = delete;
  template <class Given>
    requires sets_field<T, std::remove_cvref_t<Given>> && std::constructible_from<T, Given>
  required(Given&& given)  // NOLINT(google-explicit-constructor): members are set by `.name = "x"`
      : value_(static_cast<T>(std::forward<Given>(given))) {}

  [[nodiscard]] const T& operator*() const noexcept { return value_; }

 private:
  T value_;
};

/// std::optional, as careful about types as `required`.
template <class T>
class maybe : public std::optional<T> {
 public:
  maybe() = default;
  maybe(std::nullopt_t) {}                                               // NOLINT(google-explicit-constructor)
  maybe(std::optional<T> given) : std::optional<T>(std::move(given)) {}  // NOLINT(google-explicit-constructor)
  template <class Given>
    requires sets_field<T, std::remove_cvref_t<Given>> && std::constructible_from<T, Given>
  maybe(Given&& given)  // NOLINT(google-explicit-constructor)
      : std::optional<T>(static_cast<T>(std::forward<Given>(given))) {}
};

namespace detail {

template <class T>
value json_of(const T& item) {
  if constexpr (std::is_enum_v<T>)
    return value(to_text(item));  // generated beside the enumeration
  else
    return value(item);
}

template <class T>
void set_field(object& data, const char* name, const required<T>& item) {
  data.set(name, json_of(*item));
}
template <class T>
void set_field(object& data, const char* name, const maybe<T>& item) {
  if (item) data.set(name, json_of(*item));
}

}  // namespace detail

}  // namespace fanfare
