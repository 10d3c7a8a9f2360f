#include "domain/schema/format.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

#include <fanfare/base/rfc3339.hpp>

#include "domain/schema/pattern.hpp"

namespace fanfare::domain {

namespace {

bool has_date(std::string_view text) { return text.size() == 10 && is_rfc3339(std::string(text) + "T00:00:00Z"); }

// A leap second stands only where the last day of a month ends in UTC, which the offset may move by a day.
bool has_time(std::string_view text) {
  return std::ranges::any_of(std::array{"1998-12-31T", "1999-01-01T", "1998-12-30T"},
                             [text](const char* day) { return is_rfc3339(day + std::string(text)); });
}

bool has_date_time(std::string_view text) { return text.find(' ') == std::string_view::npos && is_rfc3339(text); }

bool has_address(int family, std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  return text.find('\0') == std::string_view::npos && inet_pton(family, std::string(text).c_str(), bytes.data()) == 1;
}
bool has_ipv4(std::string_view text) { return has_address(AF_INET, text); }
bool has_ipv6(std::string_view text) { return has_address(AF_INET6, text); }

bool fits(const result<pattern>& rule, std::string_view text) { return rule && rule->matches(text); }

/// Labels of `letters`, as RFC 1123 §2.1 has them.
std::string labels(const std::string& letters) {
  const auto label = "[" + letters + "](?:[" + letters + "-]{0,61}[" + letters + "])?";
  return label + "(?:\\." + label + ")*";
}

bool has_hostname(std::string_view text) {
  static const auto rule = pattern::compile("^" + labels("A-Za-z0-9") + "$");
  return text.size() <= 253 && fits(rule, text);
}

bool has_idn_hostname(std::string_view text) {
  static const auto rule = pattern::compile("^" + labels("A-Za-z0-9\\u0080-\\u{10FFFF}") + "$");
  return text.size() <= 1012 && fits(rule, text);
}

// RFC 5321 §4.1.2: a dotted or quoted local part, a host name or an address in brackets.
bool has_email(std::string_view text) {
  static const auto local = pattern::compile(
      R"re(^(?:"(?:[^"\\\x00-\x1f\x7f-\u{10FFFF}]|\\[\x20-\x7e])*"|[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)$)re");
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at > 64 || !fits(local, text.substr(0, at))) return false;
  const auto domain = text.substr(at + 1);
  if (!domain.starts_with('[')) return has_hostname(domain);
  if (!domain.ends_with(']')) return false;
  const auto literal = domain.substr(1, domain.size() - 2);
  return literal.starts_with("IPv6:") ? has_ipv6(literal.substr(5)) : has_ipv4(literal);
}

bool has_idn_email(std::string_view text) {
  const auto at = text.rfind('@');
  return at != std::string_view::npos && at != 0 && text.find(' ') == std::string_view::npos &&
         has_idn_hostname(text.substr(at + 1));
}

/// RFC 3986 appendix A; `more` are further letters: RFC 3987's.
std::string uri_rule(const std::string& more, bool relative) {
  const std::string letters = "A-Za-z0-9._~!$&'()*+,;=\\-" + more;
  const auto part = [&letters](const std::string& others) { return "(?:[" + letters + others + "]|%[0-9A-Fa-f]{2})"; };
  const auto segment = part(":@");
  const auto host = R"((?:\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\]|)" + part("") + "*)";
  const auto authority = "//(?:" + part(":") + "*@)?" + host + "(?::[0-9]*)?(?:/" + segment + "*)*";
  const auto rooted = "/(?:" + segment + "+(?:/" + segment + "*)*)?";
  const auto rootless = segment + "+(?:/" + segment + "*)*";
  const auto without_colon = part("@") + "+(?:/" + segment + "*)*";
  const auto tail = "(?:\\?" + part(":@/?") + "*)?(?:#" + part(":@/?") + "*)?";
  auto rule = "[A-Za-z][A-Za-z0-9+.-]*:(?:" + authority + "|" + rooted + "|" + rootless + "|)";
  if (relative) rule += "|" + authority + "|" + rooted + "|" + without_colon + "|";
  return "^(?:" + rule + ")" + tail + "$";
}

const std::string beyond_ascii = "\\u00A0-\\u{10FFFF}";

bool has_uri(std::string_view text) {
  static const auto rule = pattern::compile(uri_rule("", false));
  return fits(rule, text);
}
bool has_uri_reference(std::string_view text) {
  static const auto rule = pattern::compile(uri_rule("", true));
  return fits(rule, text);
}
bool has_iri(std::string_view text) {
  static const auto rule = pattern::compile(uri_rule(beyond_ascii, false));
  return fits(rule, text);
}
bool has_iri_reference(std::string_view text) {
  static const auto rule = pattern::compile(uri_rule(beyond_ascii, true));
  return fits(rule, text);
}

// RFC 6570 §2.
bool has_uri_template(std::string_view text) {
  static const auto rule = pattern::compile(
      R"re(^(?:[^\x00-\x20"'<>\\^`{|}%]|%[0-9A-Fa-f]{2}|\{[+#./;?&=,!@|]?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(?::[1-9][0-9]{0,3}|\*)?(?:,(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(?::[1-9][0-9]{0,3}|\*)?)*\})*$)re");
  return fits(rule, text);
}

// RFC 3339 appendix A.
bool has_duration(std::string_view text) {
  static const auto rule = pattern::compile(
      "^P(?:[0-9]+W|(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)"
      "(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?"
      "|T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))$");
  return fits(rule, text);
}

bool has_uuid(std::string_view text) {
  static const auto rule = pattern::compile("^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$");
  return fits(rule, text);
}

bool has_json_pointer(std::string_view text) {
  static const auto rule = pattern::compile("^(?:/(?:[^/~]|~[01])*)*$");
  return fits(rule, text);
}

bool has_relative_json_pointer(std::string_view text) {
  static const auto rule =
      pattern::compile("^(?:0|[1-9][0-9]*)(?:[+-](?:0|[1-9][0-9]*))?(?:#|(?:/(?:[^/~]|~[01])*)*)$");
  return fits(rule, text);
}

bool has_regex(std::string_view text) { return pattern::compile(text).has_value(); }

struct format {
  std::string_view name;
  bool (*holds)(std::string_view text);
};
constexpr format formats[] = {{"date-time", has_date_time},
                              {"date", has_date},
                              {"time", has_time},
                              {"duration", has_duration},
                              {"email", has_email},
                              {"idn-email", has_idn_email},
                              {"hostname", has_hostname},
                              {"idn-hostname", has_idn_hostname},
                              {"ipv4", has_ipv4},
                              {"ipv6", has_ipv6},
                              {"uri", has_uri},
                              {"uri-reference", has_uri_reference},
                              {"iri", has_iri},
                              {"iri-reference", has_iri_reference},
                              {"uri-template", has_uri_template},
                              {"uuid", has_uuid},
                              {"json-pointer", has_json_pointer},
                              {"relative-json-pointer", has_relative_json_pointer},
                              {"regex", has_regex}};

}  // namespace

bool has_format(std::string_view name, std::string_view text) {
  const auto* const known = std::ranges::find(formats, name, &format::name);
  return known == std::end(formats) || known->holds(text);
}

}  // namespace fanfare::domain
