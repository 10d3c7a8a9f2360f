#include <cmath>

#include <fanfare/base/json.hpp>
#include <fanfare/base/utf8.hpp>

#include "base/json_text.hpp"
#include "base/number_text.hpp"

namespace fanfare::json {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

void append_unit(std::string& out, unsigned unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += hex_digits[(unit >> shift) & 0xF];
}

/// ECMA-262 QuoteJSONString, table "JSON Single Character Escape Sequences".
void append_escape(std::string& out, char character) {
  switch (character) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      append_unit(out, static_cast<unsigned char>(character));
  }
}

/// Lone surrogates (ED A0..BF xx in WTF-8) leave as escapes. Anything else that is not UTF-8 becomes U+FFFD:
/// one bad string of a program's own must not fail every connection that receives it (RFC 6455 §8.1).
void append_non_ascii(std::string& out, std::string_view run) {
  while (true) {
    const auto valid = valid_utf8_prefix(run);
    out.append(run.substr(0, valid));
    run.remove_prefix(valid);
    if (run.empty()) return;
    const auto byte = [run](std::size_t i) { return i < run.size() ? static_cast<unsigned char>(run[i]) : 0U; };
    if (byte(0) == 0xED && byte(1) >= 0xA0 && byte(1) <= 0xBF && (byte(2) & 0xC0U) == 0x80U) {
      append_unit(out, 0xD000U | ((byte(1) & 0x3FU) << 6) | (byte(2) & 0x3FU));
      run.remove_prefix(3);
    } else {
      out += "\xEF\xBF\xBD";
      run.remove_prefix(1);
    }
  }
}

void append_scalar(std::string& out, const value& item) {
  switch (item.type()) {
    case value::kind::boolean:
      out += *item.if_bool() ? "true" : "false";
      break;
    case value::kind::integer:
      number_text::append(out, *item.if_integer());
      break;
    case value::kind::real:
      if (std::isfinite(*item.if_real())) {
        number_text::append(out, *item.if_real());
      } else {
        out += "null";
      }
      break;
    case value::kind::decimal:
      out += item.if_decimal()->text;
      break;
    case value::kind::string:
      append_string(out, *item.if_string());
      break;
    default:
      out += "null";
  }
}

void append_pretty(std::string& out, const value& item, std::size_t indent) {
  const auto line = [&out](std::size_t depth) { out.append(1, '\n').append(depth * 2, ' '); };
  if (const auto* items = item.if_array(); items != nullptr && !items->empty()) {
    char separator = '[';
    for (const auto& each : *items) {
      out += separator;
      separator = ',';
      line(indent + 1);
      append_pretty(out, each, indent + 1);
    }
    line(indent);
    out += ']';
  } else if (const auto* members = item.if_object(); members != nullptr && !members->empty()) {
    char separator = '{';
    for (const auto& each : *members) {
      out += separator;
      separator = ',';
      line(indent + 1);
      append_string(out, each.name);
      out += ": ";
      append_pretty(out, each.item, indent + 1);
    }
    line(indent);
    out += '}';
  } else {
    append(out, item);
  }
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (true) {
    const auto run = find_plain_run(text);
    if (run.ascii) {
      out.append(text.substr(0, run.length));
    } else {
      append_non_ascii(out, text.substr(0, run.length));
    }
    if (run.length == text.size()) break;
    append_escape(out, text[run.length]);
    text.remove_prefix(run.length + 1);
  }
  out += '"';
}

void append(std::string& out, const value& item) {
  if (const auto* items = item.if_array()) {
    out += '[';
    for (const auto& each : *items) {
      if (&each != items->data()) out += ',';
      append(out, each);
    }
    out += ']';
  } else if (const auto* members = item.if_object()) {
    out += '{';
    for (const auto& each : *members) {
      if (&each != members->begin()) out += ',';
      append_string(out, each.name);
      out += ':';
      append(out, each.item);
    }
    out += '}';
  } else {
    append_scalar(out, item);
  }
}

std::string write(const value& item) {
  std::string out;
  append(out, item);
  return out;
}

std::string write_pretty(const value& item) {
  std::string out;
  append_pretty(out, item, 0);
  return out;
}

}  // namespace fanfare::json
