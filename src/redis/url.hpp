#pragma once

// redis.url taken apart. Pure. Inbound: configuration. Outbound: client, subscriber.
//   redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]        rediss:// the same over TLS
//   redis+sentinel://[USER[:PASSWORD]@]HOST[:PORT],…/NAME[/DATABASE]
//   redis+cluster://[USER[:PASSWORD]@]HOST[:PORT],…
// Sentinel and Cluster over TLS: rediss+sentinel://, rediss+cluster://. Query: sentinel_user, sentinel_password.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/net/connector.hpp>

namespace fanfare::redis {

using net::endpoint;

enum class deployment : std::uint8_t { standalone, sentinel, cluster };

struct url {
  deployment kind = deployment::standalone;
  bool secure = false;
  std::vector<endpoint> hosts;  // one at least: the server, the sentinels, nodes of the cluster
  std::string user, password;   // percent-decoded; an empty user with a password is Redis' "default"
  unsigned database = 0;
  std::string master_name;                       // sentinel only
  std::string sentinel_user, sentinel_password;  // for the sentinels themselves

  /// For logs and errors: without any password.
  [[nodiscard]] std::string shown() const;
};

/// Fails: bad_request, saying what is wrong and never repeating a password.
[[nodiscard]] result<url> parse_url(std::string_view text);

}  // namespace fanfare::redis
