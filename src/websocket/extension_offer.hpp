#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/websocket/connection.hpp>

// RFC 6455 §9.1 Sec-WebSocket-Extensions and RFC 7692 §7.1 permessage-deflate: the client's offers -> what both
// sides hold to. Pure. Next: handshake.

namespace fanfare::websocket {

struct extension_offer {
  struct parameter {
    std::string name;
    std::optional<std::string> content;  // without quotes
  };
  std::string name;
  std::vector<parameter> parameters;
};

/// What was agreed, and `answer` as it goes into the 101.
struct deflate_agreement {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  unsigned server_max_window_bits = 15;
  unsigned client_max_window_bits = 15;
  std::string answer;
};

/// The offers of all Sec-WebSocket-Extensions fields, in order. Fails: bad_request, past the grammar of §9.1.
[[nodiscard]] result<std::vector<extension_offer>> parse_extensions(const http::fields& headers);

/// The first permessage-deflate offer that this server can keep to; offers with unknown, repeated or ill-valued
/// parameters are declined one by one (RFC 7692 §7.1).
[[nodiscard]] std::optional<deflate_agreement> agree_on_deflate(const std::vector<extension_offer>& offers,
                                                                const deflate_options& ours);

/// RFC 9110 §5.6.2, for the fields of the handshake.
[[nodiscard]] bool is_token(std::string_view text) noexcept;
[[nodiscard]] bool equals_without_case(std::string_view a, std::string_view b) noexcept;

}  // namespace fanfare::websocket
