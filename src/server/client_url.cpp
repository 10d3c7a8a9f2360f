#include "server/client_url.hpp"

namespace fanfare::server {

std::string client_url::authority() const {
  const auto shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (secure ? "443" : "80") ? shown : shown + ":" + port;
}

result<client_url> parse_url(std::string_view url) {
  client_url out;
  const auto fault = [](std::string_view what) { return error{errc::bad_request, std::string(what), {}}; };
  const auto colon = url.find("://");
  const auto scheme = url.substr(0, colon);
  out.secure = scheme == "https" || scheme == "wss";
  if (colon == std::string_view::npos || (!out.secure && scheme != "http" && scheme != "ws")) {
    return fault("the URL must start with http:// or https://");
  }
  url.remove_prefix(colon + 3);
  if (url.find_first_of("\r\n \t") != std::string_view::npos) return fault("the URL holds a space or line break");
  const auto end = url.find_first_of("/?#");
  auto authority = url.substr(0, end);
  if (authority.find('@') != std::string_view::npos) return fault("the URL must not hold credentials");
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return fault("the URL's host lacks a ]");
    out.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
  } else {
    out.host = authority.substr(0, authority.find(':'));
    port = authority.substr(out.host.size());
  }
  if (out.host.empty()) return fault("the URL names no host");
  out.port = port.size() > 1 ? std::string(port.substr(1)) : (out.secure ? "443" : "80");
  if (out.port.find_first_not_of("0123456789") != std::string::npos) return fault("the URL's port is no number");
  if (out.port.size() > 5 || std::stoi(out.port) > 65535) return fault("the URL's port is past 65535");
  const auto rest = end == std::string_view::npos ? std::string_view{} : url.substr(end);
  out.target = rest.substr(0, rest.find('#'));
  if (out.target.empty() || out.target.front() != '/') out.target.insert(0, "/");
  return out;
}

}  // namespace fanfare::server
