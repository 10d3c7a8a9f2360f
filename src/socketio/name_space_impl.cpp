#include "socketio/name_space_impl.hpp"

#include "socketio/client.hpp"
#include "socketio/socket_impl.hpp"

namespace fanfare::socketio {

/// One CONNECT on its way through the middlewares.
struct name_space_impl::entering {
  std::shared_ptr<client> from;
  std::shared_ptr<socket_impl> socket;
  std::shared_ptr<const name_space_setup> setup;
  std::function<void(bool)> settled;
};

name_space_impl::name_space_impl(context_ptr shared, std::string name, name_space_setup setup)
    : shared_(std::move(shared)),
      name_(std::move(name)),
      setup_(std::make_shared<const name_space_setup>(std::move(setup))),
      node_(std::make_shared<worker_adapter>(shared_, name_)) {}

void name_space_impl::init() {
  adapter_ = node_;
  if (!shared_->options.adapter) return;
  if (auto wrapped = shared_->options.adapter(*this, node_)) adapter_ = std::move(wrapped);
}

std::shared_ptr<const name_space_setup> name_space_impl::setup() const {
  const std::lock_guard lock(mutex_);
  return setup_;
}

template <class Change>
void name_space_impl::change(Change&& change_setup) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<name_space_setup>(*setup_);
  change_setup(*next);
  setup_ = std::move(next);
}

void name_space_impl::use(middleware work) {
  change([&](name_space_setup& next) { next.middleware.push_back(std::move(work)); });
}

void name_space_impl::on_connection(std::function<void(const socket_ptr&)> work) {
  change([&](name_space_setup& next) { next.connections.push_back(std::move(work)); });
}

void name_space_impl::on(std::string name, std::function<void(event)> work) {
  change([&](name_space_setup& next) { next.server_side.emplace_back(std::move(name), std::move(work)); });
}

void name_space_impl::deliver_server_side(event sent) {
  const auto now = setup();
  for (const auto& listener : now->server_side) {
    if (listener.first == sent.name) shared_->guard([&] { listener.second(sent); });
  }
}

std::shared_ptr<socket_impl> name_space_impl::make_socket(const std::shared_ptr<client>& from, value auth) {
  std::optional<recovery_store::session> lost;
  auto* const store = node_->recovery();
  if (store != nullptr) {
    const auto* pid = auth.find("pid");
    const auto* offset = auth.find("offset");
    if (pid != nullptr && offset != nullptr && pid->if_string() != nullptr && offset->if_string() != nullptr) {
      lost = store->take(*pid->if_string(), *offset->if_string(), shared_->around.unix_ms());
    }
  }
  const auto id = shared_->around.make_id();
  const auto pid = store != nullptr && !lost ? shared_->around.make_id() : std::string();
  auto socket = std::make_shared<socket_impl>(shared_from_this(), from, from->shake_hands(std::move(auth)), id, pid);
  if (lost) socket->recover(std::move(*lost));
  return socket;
}

void name_space_impl::connect(const std::shared_ptr<client>& from, value auth, std::function<void(bool)> settled) {
  auto who = std::make_shared<entering>();
  who->from = from;
  who->socket = make_socket(from, std::move(auth));
  who->setup = setup();
  who->settled = std::move(settled);
  const auto& recovery = shared_->options.recovery;
  if (recovery && recovery->skip_middlewares && who->socket->recovered()) return admit(who);
  run_middleware(0, who);
}

void name_space_impl::run_middleware(std::size_t index, const std::shared_ptr<entering>& who) {
  if (!who->from->open()) {
    who->socket->abandon();
    return who->settled(false);
  }
  if (index >= who->setup->middleware.size()) return admit(who);
  auto called = std::make_shared<std::atomic_flag>();
  auto go_on = [self = shared_from_this(), index, who, called](std::optional<rejection> why) {
    if (called->test_and_set()) return;
    auto step = [self, index, who, why = std::move(why)] {
      if (why) return self->reject(who, *why);
      self->run_middleware(index + 1, who);
    };
    who->from->worker().dispatch(std::move(step));
  };
  try {
    who->setup->middleware[index](who->socket, go_on);
  } catch (...) {
    shared_->count.handler_errors.add();
    go_on(rejection{"Internal error", {}});  // who may come in is not for a broken middleware to decide
  }
}

void name_space_impl::admit(const std::shared_ptr<entering>& who) {
  // Attached first: the connection may end while the reply is written, and must find the socket then.
  who->from->attach(who->socket);
  who->socket->enter();
  who->settled(true);
  const socket_ptr joined = who->socket;
  for (const auto& work : who->setup->connections) {
    if (joined->connected()) shared_->guard([&] { work(joined); });
  }
}

void name_space_impl::reject(const std::shared_ptr<entering>& who, rejection why) {
  who->socket->abandon();
  if (who->from->open()) {
    object body{{"message", std::move(why.message)}};
    if (!why.data.is_null()) body.append("data", std::move(why.data));
    who->from->refuse(name_, "middleware", std::move(body));
  }
  who->settled(false);
}

}  // namespace fanfare::socketio
