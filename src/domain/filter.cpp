#include "domain/filter.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/digest.hpp>
#include <fanfare/base/json.hpp>

#include "domain/catalogue/json_pointer.hpp"

namespace fanfare::domain {

namespace {

using op = filter::op;
using node = filter::node;

constexpr std::array names{"exact", "prefix", "suffix", "in", "lt", "lte", "gt", "gte", "all", "any", "not"};

std::string_view name_of(op kind) { return names[static_cast<std::size_t>(kind)]; }

std::optional<op> op_named(std::string_view name) {
  const auto place = std::find(names.begin(), names.end(), name);
  if (place == names.end()) return std::nullopt;
  return static_cast<op>(place - names.begin());
}

error fault(const std::string& at, std::string detail) { return {errc::bad_request, std::move(detail), at}; }

/// RFC 6901 §3: '~' is followed by 0 or 1.
bool is_pointer(std::string_view key) {
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '~' && (i + 1 == key.size() || (key[i + 1] != '0' && key[i + 1] != '1'))) return false;
  }
  return key.starts_with('/');
}

bool is_attribute(std::string_view key) {
  return !key.empty() && key.size() <= 20 &&
         std::all_of(key.begin(), key.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

bool is_scalar(const value& item) { return item.if_array() == nullptr && item.if_object() == nullptr; }

class parser {
 public:
  explicit parser(const filter_limits& limits) : limits_(limits) {}

  result<node> parse(const value& item, const std::string& at, unsigned depth) {
    if (depth > limits_.depth_max) return error{errc::too_deep, "the filter is nested too deep", at};
    const auto* members = item.if_object();
    if (members == nullptr) return fault(at, "a filter is an object");
    if (members->size() != 1) return fault(at, "a filter has exactly one of exact, prefix, suffix, in, lt, ...");
    const auto& [name, content] = *members->begin();
    const auto place = pointer_to(at, name);
    const auto kind = op_named(name);
    if (!kind) return fault(place, "is no filter dialect known here");
    if (*kind == op::negate) {
      auto inner = parse(content, place, depth + 1);
      if (!inner) return inner.error();
      return node{op::negate, {}, {}, {std::move(*inner)}};
    }
    if (*kind == op::all || *kind == op::any) return parse_list(*kind, content, place, depth);
    return parse_terms(*kind, content, place);
  }

  result<node> parse_list(op kind, const value& content, const std::string& at, unsigned depth) {
    const auto* list = content.if_array();
    if (list == nullptr || list->empty()) return fault(at, "must be a list of filters");
    node out{kind, {}, {}, {}};
    for (std::size_t i = 0; i < list->size(); ++i) {
      auto part = parse((*list)[i], pointer_to(at, i), depth + 1);
      if (!part) return part.error();
      out.parts.push_back(std::move(*part));
    }
    return out.parts.size() == 1 ? std::move(out.parts.front()) : std::move(out);
  }

 private:
  /// `{"exact": {a: 1, b: 2}}` means both; in the canonical form they stand apart, sorted.
  result<node> parse_terms(op kind, const value& content, const std::string& at) {
    const auto* terms = content.if_object();
    if (terms == nullptr || terms->empty()) return fault(at, "must be an object of attributes and values");
    node out{op::all, {}, {}, {}};
    for (const auto& [key, operand] : *terms) {
      const auto place = pointer_to(at, key);
      if (!is_attribute(key) && !is_pointer(key)) return fault(place, "is neither an attribute nor a JSON Pointer");
      node term{kind, key, {}, {}};
      if (auto read = read_operand(term, operand, place); !read) return read.error();
      terms_ += term.operands.size();
      if (terms_ > limits_.terms_max) return error{errc::over_limit, "the filter has too many terms", at};
      out.parts.push_back(std::move(term));
    }
    std::sort(out.parts.begin(), out.parts.end(), [](const node& a, const node& b) { return a.key < b.key; });
    return out.parts.size() == 1 ? std::move(out.parts.front()) : std::move(out);
  }

  static result<void> read_operand(node& term, const value& operand, const std::string& at) {
    switch (term.kind) {
      case op::in: {
        const auto* list = operand.if_array();
        if (list == nullptr || list->empty()) return fault(at, "must be a list of values");
        if (!std::all_of(list->begin(), list->end(), is_scalar)) return fault(at, "must hold plain values only");
        term.operands = *list;
        return {};
      }
      case op::lt:
      case op::lte:
      case op::gt:
      case op::gte:
        if (!operand.is_number() || !std::isfinite(operand.as_double())) return fault(at, "must be a number");
        break;
      case op::prefix:
      case op::suffix:
        if (operand.as_string().empty()) return fault(at, "must be a string that is not empty");
        break;
      default:
        if (!is_scalar(operand)) return fault(at, "must be a plain value");
    }
    term.operands.push_back(operand);
    return {};
  }

  const filter_limits& limits_;
  std::size_t terms_ = 0;
};

void write(std::string& out, const node& item) {
  out += "{\"";
  out += name_of(item.kind);
  out += "\":";
  if (item.kind == op::negate) {
    write(out, item.parts.front());
  } else if (item.kind == op::all || item.kind == op::any) {
    // Neither minds the order of its parts, and who writes them down differently should share the evaluation.
    std::vector<std::string> parts(item.parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) write(parts[i], item.parts[i]);
    std::sort(parts.begin(), parts.end());
    out += '[';
    for (const auto& part : parts) out.append(&part == &parts.front() ? "" : ",").append(part);
    out += ']';
  } else {
    out += '{';
    json::append_string(out, item.key);
    out += ':';
    json::append(out, item.kind == op::in ? value(array(item.operands)) : item.operands.front());
    out += '}';
  }
  out += '}';
}

bool holds(const node& term, const value& content) {
  const auto& operand = term.operands.front();
  switch (term.kind) {
    case op::exact:
      return content == operand;
    case op::in:
      return std::find(term.operands.begin(), term.operands.end(), content) != term.operands.end();
    case op::prefix:
      return content.if_string() != nullptr && content.as_string().starts_with(operand.as_string());
    case op::suffix:
      return content.if_string() != nullptr && content.as_string().ends_with(operand.as_string());
    case op::lt:
      return content.is_number() && content.as_double() < operand.as_double();
    case op::lte:
      return content.is_number() && content.as_double() <= operand.as_double();
    case op::gt:
      return content.is_number() && content.as_double() > operand.as_double();
    case op::gte:
      return content.is_number() && content.as_double() >= operand.as_double();
    case op::all:
    case op::any:
    case op::negate:
      break;
  }
  return false;
}

bool evaluate(const node& item, const value& envelope) {
  const auto passes = [&envelope](const node& part) { return evaluate(part, envelope); };
  switch (item.kind) {
    case op::all:
      return std::all_of(item.parts.begin(), item.parts.end(), passes);
    case op::any:
      return std::any_of(item.parts.begin(), item.parts.end(), passes);
    case op::negate:
      return !passes(item.parts.front());
    default:
      break;
  }
  const auto* content = item.key.starts_with('/') ? envelope.at_pointer(item.key) : envelope.find(item.key);
  return content != nullptr && holds(item, *content);
}

}  // namespace

result<std::shared_ptr<const filter>> filter::parse(const value& item, const filter_limits& limits) {
  parser reader(limits);
  auto root = item.if_array() != nullptr ? reader.parse_list(op::all, item, "", 0) : reader.parse(item, "", 0);
  if (!root) return root.error();
  std::shared_ptr<filter> out(new filter);
  out->root_ = std::move(*root);
  write(out->canonical_, out->root_);
  if (out->canonical_.size() > limits.bytes_max) return error{errc::over_limit, "the filter is too large", {}};
  out->hash_ = base64url_encode(sha256(out->canonical_)).substr(0, 22);
  return std::shared_ptr<const filter>(std::move(out));
}

bool filter::matches(const value& envelope) const { return evaluate(root_, envelope); }

}  // namespace fanfare::domain
