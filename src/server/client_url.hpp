#pragma once

// Floor 8. The URLs that Fanfare itself calls, taken apart. Pure. Inbound: http_client, listen_client, configuration.

#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>

namespace fanfare::server {

struct client_url {
  bool secure = false;
  std::string host;  // without brackets
  std::string port;
  std::string target;  // path and query, "/" at least

  /// What a Host header says: brackets and a port that is not the scheme's own.
  [[nodiscard]] std::string authority() const;
};

/// Takes http:// and https:// (and ws://, wss:// for the same). Fails: bad_request, also for user:password@.
[[nodiscard]] result<client_url> parse_url(std::string_view url);

}  // namespace fanfare::server
