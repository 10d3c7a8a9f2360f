// Ties the sans-I/O server_core to an HTTP server and its Engine.IO sessions.
#include <fanfare/socketio/server.hpp>

#include <chrono>

#include <fanfare/base/world.hpp>

#include "socketio/server_core.hpp"

namespace fanfare::socketio {
namespace {

engineio::server_options engine_options(engineio::server_options options) {
  if (options.paths.empty()) options.paths = {"/socket.io/"};
  return options;
}

}  // namespace

struct server::state {
  state(http::server& to, server_options options)
      : web(to),
        core(std::make_shared<server_core>(
            to.workers(), to.metrics(), options,
            surroundings{[&to] { return to.around().random_id(); }, [&to] { return to.around().unix_ms(); }})),
        engine(to, engine_options(std::move(options.engine))) {
    core->of("/");
    engine.on_connection([core = core](engineio::socket_ptr session) { core->accept(std::move(session)); });
  }

  http::server& web;
  std::shared_ptr<server_core> core;
  engineio::server engine;
};

server::server(http::server& web, server_options options) : state_(std::make_shared<state>(web, std::move(options))) {
  // The floors below end the sessions when the server stops; the sockets should hear the right reason first.
  web.on_stop([weak = std::weak_ptr(state_)] {
    if (const auto state = weak.lock()) state->core->close();
  });
}

server::~server() { close(); }

name_space& server::of(std::string_view name) { return state_->core->of(name); }
name_space& server::of(const std::regex& pattern) { return state_->core->of(pattern); }
name_space& server::of(namespace_matcher matches) { return state_->core->of(std::move(matches)); }
void server::on_new_namespace(std::function<void(name_space&)> work) {
  state_->core->on_new_namespace(std::move(work));
}
engineio::server& server::engine() noexcept { return state_->engine; }
http::server& server::web() noexcept { return state_->web; }

void server::close() {
  state_->core->close();
  state_->engine.close_all();
}

}  // namespace fanfare::socketio
