#pragma once

// What a node of the fleet shows another to be believed: who asks, for whom and when, under the fleet's secret.
// Pure. Inbound: api/fleet.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/http/message.hpp>

namespace fanfare::domain {

struct ticket {
  /// The field it travels in.
  static constexpr std::string_view field = "Fanfare-Fleet";
  static constexpr std::int64_t age_max_ms = 60000;  // either way, so that clocks may differ

  std::string node;            // who asks: letters, digits, '-', '_'
  std::int64_t time_ms = 0;    // Unix time
  std::string client_address;  // for whom, an IP; "" when the node asks for itself
};

/// The field's content: `v1 <node> <time> <client or -> <base64url of an HMAC-SHA256>`. The code covers that, the
/// method, the target and the body, so that a ticket serves for one request only.
[[nodiscard]] std::string write_ticket(const ticket& shown, const http::request& of, std::string_view secret);
/// Nothing when the request carries none. Fails: forbidden, when it is not of this request, not under this secret, or
/// too old.
[[nodiscard]] result<std::optional<ticket>> read_ticket(const http::request& of, std::string_view secret,
                                                        std::int64_t now_ms);

}  // namespace fanfare::domain
