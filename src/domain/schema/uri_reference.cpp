#include "domain/schema/uri_reference.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace fanfare::domain {

namespace {

/// RFC 3986 appendix B. What is not there is told from what is empty.
struct parts {
  std::optional<std::string_view> scheme, authority, query, fragment;
  std::string_view path;
};

std::optional<std::string_view> cut_behind(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const auto behind = text.substr(at + 1);
  text = text.substr(0, at);
  return behind;
}

bool is_scheme(std::string_view text) {
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text[0])) == 0) return false;
  return std::ranges::all_of(text,
                             [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; });
}

parts split(std::string_view text) {
  parts out;
  out.fragment = cut_behind(text, '#');
  out.query = cut_behind(text, '?');
  if (const auto colon = text.find(':'); colon != std::string_view::npos && is_scheme(text.substr(0, colon))) {
    out.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const auto end = std::min(text.find('/'), text.size());
    out.authority = text.substr(0, end);
    text.remove_prefix(end);
  }
  out.path = text;
  return out;
}

// RFC 3986 §5.2.4.
std::string remove_dot_segments(std::string_view in) {
  std::string out;
  while (!in.empty()) {
    if (in.starts_with("../")) {
      in.remove_prefix(3);
    } else if (in.starts_with("./")) {
      in.remove_prefix(2);
    } else if (in.starts_with("/./")) {
      in.remove_prefix(2);
    } else if (in == "/.") {
      in = "/";
    } else if (in.starts_with("/../") || in == "/..") {
      in = in.size() == 3 ? std::string_view("/") : in.substr(3);
      out.resize(std::min(out.rfind('/'), out.size()) == out.size() ? 0 : out.rfind('/'));
    } else if (in == "." || in == "..") {
      in = {};
    } else {
      const auto end = std::min(in.find('/', 1), in.size());
      out += in.substr(0, end);
      in.remove_prefix(end);
    }
  }
  return out;
}

// RFC 3986 §5.2.3.
std::string merge(const parts& base, std::string_view path) {
  if (base.authority && base.path.empty()) return "/" + std::string(path);
  const auto slash = base.path.rfind('/');
  const auto folder = slash == std::string_view::npos ? std::string_view{} : base.path.substr(0, slash + 1);
  return std::string(folder) + std::string(path);
}

}  // namespace

std::string resolve_uri(std::string_view base_text, std::string_view reference) {
  const auto base = split(base_text);
  auto target = split(reference);
  std::string path(target.path);
  if (target.scheme || target.authority) {
    if (!target.scheme) target.scheme = base.scheme;
    path = remove_dot_segments(path);
  } else {
    target.scheme = base.scheme;
    target.authority = base.authority;
    if (path.empty()) {
      path = base.path;
      if (!target.query) target.query = base.query;
    } else {
      path = remove_dot_segments(path.starts_with('/') ? path : merge(base, path));
    }
  }
  std::string out;
  if (target.scheme) out.append(*target.scheme) += ':';
  if (target.authority) out.append("//").append(*target.authority);
  out += path;
  if (target.query) out.append("?").append(*target.query);
  if (target.fragment) out.append("#").append(*target.fragment);
  return out;
}

std::string_view without_fragment(std::string_view uri) noexcept { return uri.substr(0, uri.find('#')); }

std::string_view fragment_of(std::string_view uri) noexcept {
  const auto mark = uri.find('#');
  return mark == std::string_view::npos ? std::string_view{} : uri.substr(mark + 1);
}

}  // namespace fanfare::domain
