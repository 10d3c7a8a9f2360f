#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <fanfare/base/bytes.hpp>

namespace fanfare {

class value;
using array = std::vector<value>;
struct member;

/// A JSON object that keeps the order of its members, as JavaScript does. Setting a name that is there replaces
/// its value in its place. Look-up is linear: objects on the wire are small, and the parser bounds them.
class object {
 public:
  object();
  object(std::initializer_list<member> members);
  object(const object&);
  object(object&&) noexcept;
  object& operator=(const object&);
  object& operator=(object&&) noexcept;
  ~object();

  [[nodiscard]] const value* find(std::string_view name) const noexcept;
  [[nodiscard]] value* find(std::string_view name) noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
  /// Adds the member, or replaces the one of that name.
  value& set(std::string name, value item);
  /// Appends without looking for the name: for parsers that have checked it themselves.
  value& append(std::string name, value item);
  value& operator[](std::string_view name);  // null is set when the name is new
  bool erase(std::string_view name);

  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  [[nodiscard]] const member* begin() const noexcept;
  [[nodiscard]] const member* end() const noexcept;
  [[nodiscard]] member* begin() noexcept;
  [[nodiscard]] member* end() noexcept;

 private:
  std::vector<member> members_;
};

/// A number that neither int64 nor the shortest form of a double gives back to the letter (1.0, 1e400,
/// 20-digit integers): its JSON text is kept, so that it leaves as it came.
struct decimal {
  std::string text;  // as it was written
};

/// One argument of an event: a JSON value, or bytes (which travel as an attachment). Strings are UTF-8; a lone
/// surrogate of JavaScript, which JSON spells `\ud800` to `\udfff`, is kept in its three-byte form (WTF-8) and
/// leaves as the escape it came as. Thread: as std::string.
class value {
 public:
  /// What it holds.
  enum class kind : std::uint8_t { null, boolean, integer, real, decimal, string, binary, array, object };

  value() = default;        // null
  value(std::nullptr_t) {}  // NOLINT(google-explicit-constructor): values are made of literals everywhere
  template <class T>
    requires std::is_arithmetic_v<T>
  value(T number) {  // NOLINT(google-explicit-constructor)
    if constexpr (std::is_same_v<T, bool>)
      data_ = number;
    else if constexpr (std::is_floating_point_v<T>)
      data_ = static_cast<double>(number);
    else if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8)
      set_unsigned(number);
    else
      data_ = static_cast<std::int64_t>(number);
  }
  value(const char* text) : data_(std::string(text)) {}       // NOLINT(google-explicit-constructor)
  value(std::string_view text) : data_(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  value(std::string text) : data_(std::move(text)) {}         // NOLINT(google-explicit-constructor)
  value(shared_bytes bytes) : data_(std::move(bytes)) {}      // NOLINT(google-explicit-constructor)
  value(array items) : data_(std::move(items)) {}             // NOLINT(google-explicit-constructor)
  value(object members) : data_(std::move(members)) {}        // NOLINT(google-explicit-constructor)
  value(decimal number) : data_(std::move(number)) {}         // NOLINT(google-explicit-constructor)

  /// Which of them.
  [[nodiscard]] kind type() const noexcept { return static_cast<kind>(data_.index()); }
  [[nodiscard]] bool is_null() const noexcept { return type() == kind::null; }  // whether it holds null
  /// Whether it is an integer, a real or a decimal.
  [[nodiscard]] bool is_number() const noexcept {
    return type() == kind::integer || type() == kind::real || type() == kind::decimal;
  }

  /// Each gives the content, or nullptr when the value is of another kind.
  /// @{
  [[nodiscard]] const bool* if_bool() const noexcept { return std::get_if<bool>(&data_); }
  [[nodiscard]] const std::int64_t* if_integer() const noexcept { return std::get_if<std::int64_t>(&data_); }
  [[nodiscard]] const double* if_real() const noexcept { return std::get_if<double>(&data_); }
  [[nodiscard]] const decimal* if_decimal() const noexcept { return std::get_if<decimal>(&data_); }
  [[nodiscard]] const std::string* if_string() const noexcept { return std::get_if<std::string>(&data_); }
  [[nodiscard]] const shared_bytes* if_binary() const noexcept { return std::get_if<shared_bytes>(&data_); }
  [[nodiscard]] const array* if_array() const noexcept { return std::get_if<array>(&data_); }
  [[nodiscard]] const object* if_object() const noexcept { return std::get_if<object>(&data_); }
  [[nodiscard]] std::string* if_string() noexcept { return std::get_if<std::string>(&data_); }
  [[nodiscard]] array* if_array() noexcept { return std::get_if<array>(&data_); }
  [[nodiscard]] object* if_object() noexcept { return std::get_if<object>(&data_); }
  /// @}

  /// The number as a double, whatever its kind; `fallback` when it is none.
  [[nodiscard]] double as_double(double fallback = 0) const noexcept;
  /// The text, or `fallback` when the value is no string.
  [[nodiscard]] std::string_view as_string(std::string_view fallback = {}) const noexcept;
  /// What it holds, or `fallback` where that is no boolean.
  [[nodiscard]] bool as_bool(bool fallback = false) const noexcept;

  /// The member of that name, or nullptr when there is none or the value is no object.
  [[nodiscard]] const value* find(std::string_view name) const noexcept;
  /// RFC 6901 JSON Pointer look-up ("" is the value itself); nullptr when nothing is there.
  [[nodiscard]] const value* at_pointer(std::string_view pointer) const;
  /// Whether any leaf is binary: such arguments travel as a BINARY_EVENT.
  [[nodiscard]] bool has_binary() const noexcept;

  /// Deep and strict: members in any order, numbers by value, kinds else equal.
  friend bool operator==(const value& a, const value& b) noexcept;

 private:
  void set_unsigned(std::uint64_t number);  // past int64 it becomes a decimal
  std::variant<std::monostate, bool, std::int64_t, double, decimal, std::string, shared_bytes, array, object> data_;
};

/// One member of an object.
struct member {
  std::string name;  // unique in its object
  value item;        // what it is
};

}  // namespace fanfare
