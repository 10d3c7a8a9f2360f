#pragma once

// Floor 7. Every HTTP endpoint, once: the server's routes and openapi.json are made of the same rows.
// Inbound: http::server. Outbound: publish, administration, status, contracts.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/http/exchange.hpp>
#include <fanfare/http/server.hpp>

#include "api/authenticator.hpp"

namespace fanfare::api {

struct floor;

/// Who may call. What needs a credential answers 401 without one and 403 with too little.
enum class needs : std::uint8_t {
  nothing,
  token,    // any valid token or service key; the handler looks at the room
  publish,  // a service key or the scope events:publish (admin does not imply it)
  admin,    // a service key or the scope admin
};

struct parameter {
  std::string_view name;
  std::string_view in;  // "path", "query" or "header"
  std::string_view type;
  std::string_view summary;
};

struct answer_row {
  unsigned status;
  std::string_view summary;
  std::string_view media = "application/json";  // "": no body
};

struct endpoint {
  std::string_view method;
  std::string_view path;
  std::string_view operation;
  std::string_view summary;
  needs access;
  std::vector<parameter> parameters;
  std::vector<answer_row> answers;  // the successful ones; openapi adds the failures
  /// `who` is meaningful unless the endpoint needs nothing.
  std::function<void(floor& all, const http::exchange_ptr& exchange, const credential& who)> work;
  bool takes_events = false;       // the request body is a publish body
  std::size_t body_bytes_max = 0;  // 0: the server's
};

[[nodiscard]] const std::vector<endpoint>& endpoints();
/// Puts them on the server, credentials checked first. Before its start(). `all` must outlive it.
void attach_endpoints(http::server& web, floor& all);

}  // namespace fanfare::api
