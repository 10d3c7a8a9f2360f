#pragma once

// Floor 7. The machine-readable contracts, made of the route table and the catalogue.
// Inbound: route_table. Outbound: domain/catalogue_formats.

#include <string>

#include <fanfare/base/value.hpp>

#include <mutex>

#include <fanfare/base/bytes.hpp>
#include <fanfare/http/exchange.hpp>

#include "api/authenticator.hpp"
#include "domain/catalogue/catalogue.hpp"

namespace fanfare::api {

/// A document that never changes, written when it is first asked for. Thread: any.
class written_once {
 public:
  template <class Write>
  const shared_bytes& get(Write write) {
    std::call_once(once_, [&] { text_ = shared_bytes(write()); });
    return text_;
  }

 private:
  std::once_flag once_;
  shared_bytes text_;
};

struct contracts {
  const domain::catalogue& types;
  std::string version = {};  // set before the server starts
  written_once openapi = {}, asyncapi = {};
};

void get_openapi(contracts& at, const http::exchange_ptr& exchange, const credential& who);
void get_asyncapi(contracts& at, const http::exchange_ptr& exchange, const credential& who);
void get_schema(contracts& at, const http::exchange_ptr& exchange, const credential& who);

/// OpenAPI 3.1. The same text for the same tables.
[[nodiscard]] value openapi_document(const domain::catalogue& types, const std::string& version);

}  // namespace fanfare::api
