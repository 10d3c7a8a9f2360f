#include "server/service/redis_connection.hpp"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "server/service/options.hpp"

namespace fanfare::server {

namespace {

redis::url url_of(const configuration& settings) {
  auto where = redis::parse_url(settings.text("redis.url"));
  if (where) return std::move(*where);
  throw config_error({fmt::format("{}: redis.url {}", settings.source("redis.url"), where.error().detail)});
}

std::unique_ptr<net::connector> connector_of(const configuration& settings, bool secure) {
  if (!secure) return net::make_connector();
  net::tls_client_options tls;
  tls.ca_file = settings.text("redis.tls_ca");
  tls.cert_file = settings.text("redis.tls_cert");
  tls.key_file = settings.text("redis.tls_key");
  try {
    return net::make_connector(tls);
  } catch (const std::runtime_error& failure) {
    throw config_error({fmt::format("{}: redis.tls_ca: {}", settings.source("redis.tls_ca"), failure.what())});
  }
}

/// In [0, 1).
double draw(const world& around) {
  std::uint32_t bits = 0;
  around.random_bytes({reinterpret_cast<unsigned char*>(&bits), sizeof bits});
  return static_cast<double>(bits) / 4294967296.0;
}

}  // namespace

redis_connection::redis_connection(const configuration& settings, metrics::registry& metrics, const world& around)
    : where_(url_of(settings)),
      prefix_("{" + settings.text("redis.prefix") + "}"),
      timeout_(ms(settings, "redis.timeout_ms")),
      around_(around),
      connector_(connector_of(settings, where_.secure)),
      workers_(net::start_workers(1, metrics)) {}

std::unique_ptr<redis::client> redis_connection::make_client() {
  redis::client_options out;
  out.connection.terms.client_name = "fanfare";
  out.connection.connect_timeout = timeout_;
  out.connection.draw = [around = &around_] { return draw(*around); };
  out.request_timeout = timeout_;
  return redis::make_client(home(), *connector_, where_, out);
}

}  // namespace fanfare::server
