#include "server/service/fleet_node.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "server/service/options.hpp"

namespace fanfare::server {

namespace {

domain::node_info self(const configuration& settings, const world& around, std::uint16_t tag) {
  const auto& name = settings.text("fleet.node");
  return {name.empty() ? around.random_id(12) : name, tag, {}, false};
}

std::unique_ptr<net::connector> connector_of(const configuration& settings) {
  if (settings.text("server.tls_cert").empty()) return net::make_connector();
  net::tls_client_options tls;
  tls.ca_file = settings.text("fleet.tls_ca");
  try {
    return net::make_connector(tls);
  } catch (const std::runtime_error& failure) {
    throw config_error({fmt::format("{}: fleet.tls_ca: {}", settings.source("fleet.tls_ca"), failure.what())});
  }
}

/// Whether another machine, or this one, could take it for where the node is.
bool reachable(std::string_view address) { return !address.starts_with("0.0.0.0:") && !address.starts_with("[::]:"); }

}  // namespace

fleet_node::fleet_node(const configuration& settings, history::log& log, http::server& web, api::floor& shared,
                       std::uint16_t tag)
    : log_(log),
      web_(web),
      shared_(shared),
      timeout_(std::chrono::seconds(settings.integer("fleet.timeout_s"))),
      advertise_(settings.text("fleet.advertise")),
      members_(log, self(settings, web.around(), tag), timeout_),
      rates_(log, members_.self()) {
  rates_.add("publish", shared.door.publish_rate);
  rates_.add("connect", shared.door.connect_rate);
  rates_.add("command", shared.door.user_command_rate);
  const auto& secret = settings.text("fleet.secret");
  if (secret.empty()) return;
  connector_ = connector_of(settings);
  http::client_options asking;
  asking.answer_bytes_max =
      2 * (size(settings, "limits.send_queue_bytes") + size(settings, "engine.max_payload_bytes"));
  asking.idle_max = std::min(asking.idle_max, ms(settings, "http.idle_timeout_ms") / 2);
  others_ = std::make_unique<api::peers>(web.workers(), *connector_, members_, web.around(),
                                         api::peers::options{members_.self(), secret, asking});
  // A poll is answered by the next heartbeat at the latest.
  const auto heartbeat = ms(settings, "engine.ping_interval_ms") + ms(settings, "engine.ping_timeout_ms");
  handing_ =
      std::make_unique<api::hand_over>(web.workers(), *others_, web.metrics(), api::hand_over::options{heartbeat});
  shared.people.others = others_.get();
  web.on_stop([this] { handing_->stop(); });
}

void fleet_node::join() {
  shared_.connections.join_fleet(members_);
  log_.watch_facts({[this](const history::fact& item) { hear(item); },
                    [this](const std::vector<history::fact>& all) {
                      members_.reread(all, web_.around().unix_ms(), web_.around().steady_now());
                      for (const auto& item : all) api::hear_fact(shared_.people, item);
                    }});
}

void fleet_node::hear(const history::fact& item) {
  members_.hear(item);
  rates_.hear(item, web_.around().steady_now());
  api::hear_fact(shared_.people, item);
  if (shared_.door.recovery) shared_.door.recovery->hear(item);
}

void fleet_node::start() {
  if (others_) {
    const auto bound = web_.addresses().front();
    if (!advertise_.empty())
      members_.set_address(advertise_);
    else if (reachable(bound))
      members_.set_address(bound);
    else
      shared_.says.log_to(api::severity::warn, "no other node can reach this one: set fleet.advertise", {});
  }
  web_.workers().at(0).post([this] { live(); });
}

void fleet_node::live() {
  members_.tick(web_.around().unix_ms(), web_.around().steady_now());
  rates_.tick();
  web_.workers().at(0).after(std::min<milliseconds>(timeout_ / 10, milliseconds{100}), [this] { live(); });
}

void fleet_node::hand_over(std::uint16_t tag, const http::exchange_ptr& exchange, std::function<void()> unknown) {
  if (!handing_) return unknown();
  handing_->take(tag, exchange, std::move(unknown));
}

bool fleet_node::admits(const http::request& request) { return !handing_ || handing_->admits(request); }

}  // namespace fanfare::server
