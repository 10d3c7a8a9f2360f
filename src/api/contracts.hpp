#pragma once

// Floor 7. The machine-readable contracts, made of the route table and the catalogue.
// Inbound: route_table. Outbound: domain/catalogue_formats.

#include <string>

#include <fanfare/base/value.hpp>

#include "api/route_table.hpp"

namespace fanfare::api {

void get_openapi(context& shared, const http::exchange_ptr& exchange, const credential& who);
void get_asyncapi(context& shared, const http::exchange_ptr& exchange, const credential& who);
void get_schema(context& shared, const http::exchange_ptr& exchange, const credential& who);

/// OpenAPI 3.1. The same text for the same tables.
[[nodiscard]] value openapi_document(const domain::catalogue& types, const std::string& version);

}  // namespace fanfare::api
