#pragma once

// Floor 7, assembled: each handler's part with what it works with, and nothing else. Inbound: floor 8, which makes one
// and keeps it alive past the servers.

#include <string>

#include <fanfare/http/server.hpp>
#include <fanfare/socketio/server.hpp>

#include "api/administration.hpp"
#include "api/authenticator.hpp"
#include "api/authorization.hpp"
#include "api/connection_table.hpp"
#include "api/contracts.hpp"
#include "api/dashboard/configuration_report.hpp"
#include "api/dashboard/dashboard.hpp"
#include "api/dashboard/delivery_latency.hpp"
#include "api/gateway/gateway.hpp"
#include "api/github_webhook.hpp"
#include "api/live_settings.hpp"
#include "api/publish/publish.hpp"
#include "api/report.hpp"
#include "api/status.hpp"

namespace fanfare::api {

struct floor {
  floor(http::server& web, socketio::server& io, domain::publishing& publisher, domain::feed& events, history::log& log,
        const domain::catalogue& types, authenticator& authentication, domain::rate_limits& publish_rate,
        const std::string& version)
      : tokens(authentication),
        says{web.metrics(), web.around()},
        may(says),
        door{io, events, publisher, tokens, may, connections, publish_rate, live, says, version},
        publish{publisher, log, tokens, publish_rate, may, live, says},
        github{publisher, log, live, says},
        people{connections, events, log, tokens, may, says},
        numbers{web, io, connections, events, log, live, says, latency, web.around().steady_now(), version},
        documents{types, version},
        page{dashboard_files(), version} {
    publish.bounds.silence_max = web.options().body_timeout;
  }
  floor(const floor&) = delete;
  floor& operator=(const floor&) = delete;

  authenticator& tokens;
  report says;
  live_settings live;
  authorization may;
  connection_table connections;
  gateway door;
  publish_endpoint publish;
  github_endpoint github;
  administration people;
  delivery_latency latency;
  status numbers;
  contracts documents;
  configuration_report settings_shown;
  dashboard page;
};

}  // namespace fanfare::api
