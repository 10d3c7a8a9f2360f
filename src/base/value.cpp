#include <fanfare/base/value.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>

#include "base/number_text.hpp"

namespace fanfare {

object::object() = default;
object::object(std::initializer_list<member> members) {
  members_.reserve(members.size());
  for (const auto& each : members) set(each.name, each.item);
}
object::object(const object&) = default;
object::object(object&&) noexcept = default;
object& object::operator=(const object&) = default;
object& object::operator=(object&&) noexcept = default;
object::~object() = default;

const value* object::find(std::string_view name) const noexcept {
  for (const auto& each : members_) {
    if (each.name == name) return &each.item;
  }
  return nullptr;
}

value* object::find(std::string_view name) noexcept { return const_cast<value*>(std::as_const(*this).find(name)); }

value& object::set(std::string name, value item) {
  if (auto* there = find(name)) return *there = std::move(item);
  return append(std::move(name), std::move(item));
}

value& object::append(std::string name, value item) {
  return members_.emplace_back(member{std::move(name), std::move(item)}).item;
}

value& object::operator[](std::string_view name) {
  if (auto* there = find(name)) return *there;
  return append(std::string(name), nullptr);
}

bool object::erase(std::string_view name) {
  return std::erase_if(members_, [name](const member& each) { return each.name == name; }) != 0;
}

std::size_t object::size() const noexcept { return members_.size(); }
const member* object::begin() const noexcept { return members_.data(); }
const member* object::end() const noexcept { return members_.data() + members_.size(); }
member* object::begin() noexcept { return members_.data(); }
member* object::end() noexcept { return members_.data() + members_.size(); }

void value::set_unsigned(std::uint64_t number) {
  if (std::in_range<std::int64_t>(number)) {
    data_ = static_cast<std::int64_t>(number);
  } else {
    data_ = decimal{std::to_string(number)};
  }
}

double value::as_double(double fallback) const noexcept {
  if (const auto* number = if_integer()) return static_cast<double>(*number);
  if (const auto* number = if_real()) return *number;
  if (const auto* number = if_decimal()) return number_text::to_double(number->text);
  return fallback;
}

std::string_view value::as_string(std::string_view fallback) const noexcept {
  const auto* text = if_string();
  return text != nullptr ? std::string_view(*text) : fallback;
}

bool value::as_bool(bool fallback) const noexcept {
  const auto* flag = if_bool();
  return flag != nullptr ? *flag : fallback;
}

const value* value::find(std::string_view name) const noexcept {
  const auto* members = if_object();
  return members != nullptr ? members->find(name) : nullptr;
}

namespace {

/// RFC 6901 §4: "~1" is "/", then "~0" is "~"; any other "~" is an error.
std::optional<std::string> unescaped(std::string_view token) {
  std::string name;
  name.reserve(token.size());
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      name += token[i];
      continue;
    }
    if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
    name += token[i] == '0' ? '~' : '/';
  }
  return name;
}

const value* element(const array& items, std::string_view token) {
  if (token.empty() || (token.size() > 1 && token[0] == '0')) return nullptr;
  std::size_t index = 0;
  const auto [end, failure] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (failure != std::errc{} || end != token.data() + token.size()) return nullptr;
  return index < items.size() ? &items[index] : nullptr;
}

bool same_number(const value& a, const value& b) {
  if (a.type() == b.type()) {
    if (const auto* left = a.if_integer()) return *left == *b.if_integer();
    if (const auto* left = a.if_real()) return *left == *b.if_real();
    if (a.if_decimal()->text == b.if_decimal()->text) return true;
  }
  return number_text::same_decimal(number_text::of(a), number_text::of(b));
}

bool same_members(const object& a, const object& b) {
  if (a.size() != b.size()) return false;
  const auto by_place = [](const member& x, const member& y) { return x.name == y.name; };
  if (std::equal(a.begin(), a.end(), b.begin(), by_place)) {
    return std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) { return x.item == y.item; });
  }
  // Sorted rather than looked up one by one: a peer may have chosen both orders.
  const auto sorted = [](const object& members) {
    std::vector<const member*> list;
    list.reserve(members.size());
    for (const auto& each : members) list.push_back(&each);
    std::sort(list.begin(), list.end(), [](const auto* x, const auto* y) { return x->name < y->name; });
    return list;
  };
  const auto left = sorted(a), right = sorted(b);
  return std::equal(left.begin(), left.end(), right.begin(),
                    [](const auto* x, const auto* y) { return x->name == y->name && x->item == y->item; });
}

}  // namespace

const value* value::at_pointer(std::string_view pointer) const {
  const auto* at = this;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const auto length = std::min(pointer.find('/'), pointer.size());
    const auto token = unescaped(pointer.substr(0, length));
    pointer.remove_prefix(length);
    if (!token) return nullptr;
    if (const auto* items = at->if_array()) {
      at = element(*items, *token);
    } else {
      at = at->find(*token);
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

bool value::has_binary() const noexcept {
  switch (type()) {
    case kind::binary:
      return true;
    case kind::array:
      return std::ranges::any_of(*if_array(), &value::has_binary);
    case kind::object:
      return std::ranges::any_of(*if_object(), [](const member& each) { return each.item.has_binary(); });
    default:
      return false;
  }
}

bool operator==(const value& a, const value& b) noexcept {
  if (a.is_number() && b.is_number()) return same_number(a, b);
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case value::kind::boolean:
      return *a.if_bool() == *b.if_bool();
    case value::kind::string:
      return *a.if_string() == *b.if_string();
    case value::kind::binary:
      return *a.if_binary() == *b.if_binary();
    case value::kind::array:
      return *a.if_array() == *b.if_array();
    case value::kind::object:
      return same_members(*a.if_object(), *b.if_object());
    default:
      return true;  // null; numbers were compared above
  }
}

}  // namespace fanfare
