#pragma once

// The whole of floor 7 on a real server with two workers and a free port, with a clock that can be set.

#include <atomic>
#include <chrono>
#include <fanfare/base/digest.hpp>
#include <functional>
#include <string>
#include <vector>

#include "api/floor.hpp"
#include "api/gateway/gateway.hpp"
#include "api/route_table.hpp"
#include "api/status.hpp"
#include "api/test_client.hpp"
#include "domain/access/jwt.hpp"
#include "support/fake_world.hpp"
#include "support/held_log.hpp"

namespace fanfare::test {

inline const std::string secret = "a secret of thirty-two bytes, yes";
inline const std::string service_key = "service-key-of-the-tests";

struct rig {
  shifted_world around;   // outlives everything that asks
  bool has_jwks = false;  // before `tokens`, which sets it
  domain::catalogue types;
  held_log history{"epoch1"};
  api::namespace_delivery delivery;
  domain::rate_limits publish_limits;
  api::authenticator tokens;
  http::server web;
  socketio::server io;
  domain::publishing publisher;
  domain::feed events;
  api::floor shared;

  explicit rig(std::function<void(api::floor&)> adjust = {}, domain::rate_limit publish_limit = {1000, 1000},
               api::authenticator_options options = {})
      : publish_limits(publish_limit),
        tokens(with_clock(std::move(options))),
        web({.listen = {"127.0.0.1:0"}, .workers = 2, .around = &around}),
        io(web, io_options()),
        publisher(types, history, {.metrics = &web.metrics()}),
        events(history, delivery, {.metrics = &web.metrics()}),
        shared(web, io, publisher, events, history, types, tokens, publish_limits, "0.0.1") {
    domain::key_set keys;
    keys.keys.push_back(signing_key());
    if (!has_jwks) tokens.set_keys(std::move(keys));
    tokens.set_service_keys({service_key});
    if (adjust) adjust(shared);
    for (const auto* name : {"/", "/ws"}) {
      delivery.attach(io.of(name));
      api::open_gateway(io.of(name), shared.door);
    }
    delivery.measure(shared.latency, web);
    api::attach_endpoints(web, shared);
    api::observe_status(shared.numbers);
    web.start();
  }
  ~rig() { web.stop(); }

  [[nodiscard]] std::uint16_t port() const { return web.port(); }

  static domain::jws_key signing_key() {
    return domain::jws_key::from_secret(domain::jws_algorithm::hs256, secret).value();
  }
  static value claims(const std::string& sub, const std::vector<std::string>& projects = {}, int ttl_s = 3600,
                      object more = {}) {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    more.set("sub", sub);
    more.set("projects", array(projects.begin(), projects.end()));
    more.set("iat", now);
    more.set("exp", now + ttl_s);
    return more;
  }
  static std::string token(const std::string& sub, const std::vector<std::string>& projects = {}, int ttl_s = 3600,
                           object more = {}) {
    return domain::sign_jwt(claims(sub, projects, ttl_s, std::move(more)), signing_key()).value();
  }

  /// Publishes with the service key.
  http_answer publish(const value& event) const {
    return call(port(), "POST", "/api/v1/events", json_with_key(), json::write(event));
  }
  static header_list key() { return {{"X-API-Key", service_key}}; }
  static header_list json_with_key() { return {{"X-API-Key", service_key}, {"Content-Type", "application/json"}}; }
  http_answer get(const std::string& target, const header_list& headers = key()) const {
    return call(port(), "GET", target, headers);
  }

  static value project_updated(const std::string& project, int number = 0) {
    return object{{"type", "project.updated"},
                  {"data", object{{"project_id", project}, {"changes", object{{"n", number}}}}}};
  }

 private:
  static socketio::server_options io_options() {
    socketio::server_options options;
    options.engine.paths = {"/socket.io/", "/ws/socket.io/"};
    options.rooms_per_socket_max = 8;
    return options;
  }
  api::authenticator_options with_clock(api::authenticator_options options) {
    has_jwks = options.jwks.has_value();
    options.around = &around;
    return options;
  }
};

/// What a log that answers at once has of a room.
inline result<domain::history_page> history_of(const domain::feed& events, const std::string& room) {
  result<domain::history_page> out = errc::internal;
  domain::read_history(events, {room}, std::nullopt, 100, [&out](auto page) { out = std::move(page); });
  return out;
}

/// A client that is in, with connection.established behind it.
struct guest : client {
  explicit guest(const rig& host, const std::string& token, const std::string& nsp = "/") : client(host.port()) {
    if (connect(token, nsp) != '0') throw std::runtime_error("refused: " + json::write(refusal));
    established = event("connection.established");
  }
  value established;
};

}  // namespace fanfare::test
