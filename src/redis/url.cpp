#include "redis/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace fanfare::redis {

namespace {

constexpr std::uint16_t redis_port = 6379, sentinel_port = 26379;
constexpr unsigned database_max = 1U << 20;
constexpr std::size_t hosts_max = 64;

error fault(std::string_view what) { return {errc::bad_request, std::string(what), {}}; }

int hex(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// RFC 3986 §2.1
std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return {};
    out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
    i += 2;
  }
  return out;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && failure == std::errc{} && end == text.data() + text.size();
}

// What stands before the next `mark`, which goes away with it.
std::string_view take(std::string_view& text, char mark) {
  const auto end = text.find(mark);
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

result<void> read_scheme(std::string_view scheme, url& out) {
  const auto plus = scheme.find('+');
  const auto base = scheme.substr(0, plus);
  const auto kind = plus == std::string_view::npos ? std::string_view() : scheme.substr(plus + 1);
  out.secure = base == "rediss";
  out.kind = kind == "sentinel"  ? deployment::sentinel
             : kind == "cluster" ? deployment::cluster
                                 : deployment::standalone;
  const bool known =
      (base == "redis" || base == "rediss") && (plus == std::string_view::npos || out.kind != deployment::standalone);
  if (known) return {};
  return fault("must start with redis://, rediss://, redis+sentinel:// or redis+cluster://");
}

result<void> read_user(std::string_view info, url& out) {
  const auto user = decode(take(info, ':'));
  const auto password = decode(info);
  if (!user || !password) return fault("the user or password has a % that two hexadecimal digits do not follow");
  out.user = *user;
  out.password = *password;
  if (out.password.empty()) return fault("a user needs a password (USER:PASSWORD@, or :PASSWORD@)");
  return {};
}

result<endpoint> read_host(std::string_view text, std::uint16_t port) {
  endpoint out{{}, port};
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return fault("a host lacks its ]");
    out.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else {
    out.host = text.substr(0, text.find(':'));
    rest = text.substr(out.host.size());
    if (rest.find(':', 1) != std::string_view::npos) return fault("an IPv6 address needs brackets: [::1]:6379");
  }
  if (out.host.empty()) return fault("a host is empty");
  if (rest.empty()) return out;
  if (rest.front() != ':' || !read_number(rest.substr(1), out.port) || out.port == 0) {
    return fault("the port of " + out.host + " is no number from 1 to 65535");
  }
  return out;
}

result<void> read_hosts(std::string_view list, url& out) {
  const auto port = out.kind == deployment::sentinel ? sentinel_port : redis_port;
  do {
    auto host = read_host(take(list, ','), port);
    if (!host) return host.error();
    out.hosts.push_back(std::move(*host));
  } while (!list.empty());
  if (out.hosts.size() > hosts_max) return fault("names too many hosts");
  if (out.kind == deployment::standalone && out.hosts.size() > 1) {
    return fault("several hosts need redis+sentinel:// or redis+cluster://");
  }
  return {};
}

result<void> read_path(std::string_view path, url& out) {
  if (out.kind == deployment::sentinel) {
    const auto name = decode(take(path, '/'));
    if (!name || name->empty()) return fault("redis+sentinel:// needs the master's name: …/NAME");
    out.master_name = *name;
  }
  if (path.empty()) return {};
  if (!read_number(path, out.database) || out.database > database_max) {
    return fault("the database is no number: /0, /1, …");
  }
  if (out.kind == deployment::cluster && out.database != 0) return fault("a cluster has database 0 only");
  return {};
}

result<void> read_query(std::string_view query, url& out) {
  while (!query.empty()) {
    auto pair = take(query, '&');
    const auto name = take(pair, '=');
    const auto content = decode(pair);
    if (!content) return fault("a % in the query is not followed by two hexadecimal digits");
    if (name == "sentinel_user" && out.kind == deployment::sentinel) {
      out.sentinel_user = *content;
    } else if (name == "sentinel_password" && out.kind == deployment::sentinel) {
      out.sentinel_password = *content;
    } else {
      return fault("does not know the parameter " + std::string(name));
    }
  }
  return {};
}

}  // namespace

result<url> parse_url(std::string_view text) {
  url out;
  const auto colon = text.find("://");
  if (const auto read = read_scheme(text.substr(0, colon), out); !read || colon == std::string_view::npos) {
    return read ? fault("must start with redis://") : read.error();
  }
  text.remove_prefix(colon + 3);
  const bool unprintable =
      std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7F; });
  if (unprintable) return fault("holds a space or a control character");
  if (text.find('#') != std::string_view::npos) return fault("a # must be written %23");
  auto query = text;
  text = take(query, '?');
  auto path = text;
  auto authority = take(path, '/');
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    if (const auto read = read_user(authority.substr(0, at), out); !read) return read.error();
    authority.remove_prefix(at + 1);
  }
  if (const auto read = read_hosts(authority, out); !read) return read.error();
  if (const auto read = read_path(path, out); !read) return read.error();
  if (const auto read = read_query(query, out); !read) return read.error();
  return out;
}

std::string url::shown() const {
  std::string out = secure ? "rediss" : "redis";
  if (kind != deployment::standalone) out += kind == deployment::sentinel ? "+sentinel" : "+cluster";
  out += "://";
  for (const auto& host : hosts) {
    if (&host != &hosts.front()) out += ',';
    out += net::shown(host);
  }
  if (kind == deployment::sentinel) out += "/" + master_name;
  if (database != 0) out += "/" + std::to_string(database);
  return out;
}

}  // namespace fanfare::redis
