#include <fanfare/engineio/server.hpp>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <utility>

#include "engineio/session.hpp"
#include "engineio/session_id.hpp"
#include "engineio/verify.hpp"

// Routes, and the way of a request to its session: verify, find the owning worker, hand over.

namespace fanfare::engineio {

struct server::state : std::enable_shared_from_this<server::state> {
  state(http::server& on, server_options with);
  ~state() {
    for (const auto& table : tables) table->clear();
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  void handle(const http::exchange_ptr& exchange);
  void hand_over(std::uint16_t to, const http::exchange_ptr& exchange, const request_terms& terms);
  void decline(const http::exchange_ptr& exchange, const request_terms& terms, protocol_error failure);
  void handshake(const http::exchange_ptr& exchange, const request_terms& terms);
  void accept_handshake(const http::exchange_ptr& exchange, const request_terms& terms);
  void serve(session_table& table, const http::exchange_ptr& exchange, const request_terms& terms,
             bool deferred = false);
  void upgrade(session_table& table, const http::exchange_ptr& exchange, const request_terms& terms);
  void refuse(const http::exchange_ptr& exchange, const request_terms& terms, protocol_error failure);
  void answer(const http::exchange_ptr& exchange, const request_terms& terms, http::response with);
  [[nodiscard]] websocket::options websocket_options(const http::request& request, bool initial) const;
  [[nodiscard]] std::shared_ptr<session> make_session(session_table& table, const http::request& request,
                                                      std::shared_ptr<reservation> place);
  void close_all();

  http::server& web;
  std::shared_ptr<const server_options> options;
  const std::uint16_t node;  // of session ids
  std::shared_ptr<counters> count;
  std::vector<std::shared_ptr<session_table>> tables;  // by worker
  std::function<void(socket_ptr)> connection_work;
};

namespace {

/// Behind what the worker's sockets have brought by now, and behind what that makes it send: the first turn may run
/// before the sockets are asked again, the second runs behind what they then gave.
void behind_what_is_readable(executor& worker, std::function<void()> work) {
  worker.post([&worker, work = std::move(work)]() mutable {
    worker.post([&worker, work = std::move(work)]() mutable { worker.defer(std::move(work)); });
  });
}

void close_unwanted(const websocket::connection_ptr& connection) {
  connection->on_message([](auto) {});
  connection->close(0);
}

}  // namespace

server::state::state(http::server& on, server_options with)
    : web(on),
      options(std::make_shared<const server_options>(std::move(with))),
      node(options->fleet ? options->fleet->node : std::uint16_t{0}),
      count(std::make_shared<counters>(on.metrics())) {
  auto& workers = web.workers();
  if (workers.size() > workers_max) throw std::runtime_error("more workers than a session id can name");
  for (unsigned i = 0; i < workers.size(); ++i) {
    tables.push_back(std::make_shared<session_table>(workers.at(i), options, count));
  }
}

void server::state::answer(const http::exchange_ptr& exchange, const request_terms& terms, http::response with) {
  add_headers(with.headers, exchange->request(), *options, /*initial=*/false);
  if (terms.upgrade)
    exchange->respond_and_close(std::move(with));
  else
    exchange->respond(std::move(with));
}

void server::state::refuse(const http::exchange_ptr& exchange, const request_terms& terms, protocol_error failure) {
  count->failed(cause_of(failure));
  answer(exchange, terms, error_answer(terms, failure));
}

void server::state::handle(const http::exchange_ptr& exchange) {
  const auto terms = read_terms(exchange->request());
  if (const auto failure = verify_request(terms, *options)) return refuse(exchange, terms, *failure);
  if (terms.sid.empty()) return handshake(exchange, terms);
  const auto& fleet = options->fleet;
  if (fleet && !fleet->admits(exchange->request())) return refuse(exchange, terms, protocol_error::forbidden);
  const auto owner = place_of(terms.sid);
  if (!owner) return refuse(exchange, terms, protocol_error::unknown_sid);
  if (fleet && owner->node != node) return hand_over(owner->node, exchange, terms);
  if (owner->worker >= tables.size()) return refuse(exchange, terms, protocol_error::unknown_sid);
  const auto& table = tables[owner->worker];
  table->worker().dispatch(
      [self = shared_from_this(), table, exchange, terms] { self->serve(*table, exchange, terms); });
}

void server::state::hand_over(std::uint16_t to, const http::exchange_ptr& exchange, const request_terms& terms) {
  options->fleet->hand_over(to, exchange, [self = shared_from_this(), exchange, terms] {
    self->refuse(exchange, terms, protocol_error::unknown_sid);
  });
}

/// What is not here may be with another node that has drawn the same number.
void server::state::decline(const http::exchange_ptr& exchange, const request_terms& terms, protocol_error failure) {
  if (failure == protocol_error::unknown_sid && options->fleet) return hand_over(node, exchange, terms);
  refuse(exchange, terms, failure);
}

void server::state::serve(session_table& table, const http::exchange_ptr& exchange, const request_terms& terms,
                          bool deferred) {
  auto found = table.find(terms.sid);
  if (found && found->overdue()) found = nullptr;
  if (found && !terms.upgrade && !deferred && (found->probing() || found->transport() == "websocket")) {
    // The upgrade packet may have been sent before this request and be readable by now, and the answer to the probe may
    // not have left yet: what came first goes first, on whichever connection and worker.
    return behind_what_is_readable(table.worker(),
                                   [self = shared_from_this(), weak = table.weak_from_this(), exchange, terms] {
                                     if (const auto owner = weak.lock()) self->serve(*owner, exchange, terms, true);
                                   });
  }
  if (const auto failure = verify_session(terms, found ? found->transport() : std::string_view{})) {
    if (deferred || terms.upgrade || !terms.get || !table.recently_refused(terms.sid)) {
      return decline(exchange, terms, *failure);
    }
    table.worker().after(session_table::refusal_head_start, [self = shared_from_this(), exchange, terms,
                                                             why = *failure] { self->decline(exchange, terms, why); });
    return;
  }
  if (terms.upgrade) return upgrade(table, exchange, terms);
  if (found->transport() == "websocket") {  // a plain request that names a WebSocket session: Node leaves it hanging
    return refuse(exchange, terms, protocol_error::bad_request);
  }
  const auto& method = exchange->request().method;
  if (method == "GET") return found->on_get(exchange);
  if (method == "POST") return found->on_post(exchange);
  found->on_other_method(exchange);
}

websocket::options server::state::websocket_options(const http::request& request, bool initial) const {
  websocket::options out;
  out.message_bytes_max = options->max_payload_bytes;
  // The session hands over one batch at a time, so this bound is met only by a single packet; as base64 it is larger.
  out.send_queue_bytes_max =
      std::max(out.send_queue_bytes_max, 2 * (options->send_queue_bytes_max + options->max_payload_bytes));
  out.deflate = options->deflate;
  out.metrics = &web.metrics();
  add_headers(out.response_headers, request, *options, initial);
  return out;
}

void server::state::upgrade(session_table& table, const http::exchange_ptr& exchange, const request_terms& terms) {
  auto opened = [weak = std::weak_ptr(table.shared_from_this()), terms](const websocket::connection_ptr& connection) {
    const auto owner = weak.lock();
    const auto found = owner ? owner->find(terms.sid) : nullptr;
    if (found == nullptr || terms.transport != "websocket") return close_unwanted(connection);
    found->on_probe(connection);
  };
  websocket::accept(exchange, table.worker(), websocket_options(exchange->request(), false), std::move(opened));
}

void server::state::handshake(const http::exchange_ptr& exchange, const request_terms& terms) {
  if (!options->allow_request) return accept_handshake(exchange, terms);
  auto asked = std::make_shared<std::atomic<bool>>(true);
  auto done = [self = shared_from_this(), exchange, terms, asked](std::optional<refusal> refused) {
    if (!asked->exchange(false)) return;
    // The hook may answer from any thread; the session belongs to the worker that carries the connection.
    auto proceed = [self, exchange, terms, refused = std::move(refused)] {
      if (!refused) return self->accept_handshake(exchange, terms);
      self->count->failed(cause::forbidden);
      self->answer(exchange, terms, refusal_answer(terms, *refused));
    };
    exchange->worker().dispatch(std::move(proceed));
  };
  options->allow_request(exchange->request(), std::move(done));
}

void server::state::accept_handshake(const http::exchange_ptr& exchange, const request_terms& terms) {
  if (const auto failure = verify_version(terms)) return refuse(exchange, terms, *failure);
  auto place = reservation::take(count, options->sessions_max);
  if (place == nullptr) {
    count->failed(cause::over_limit);
    return answer(exchange, terms, full_answer(terms));
  }
  const auto& table = tables[exchange->worker().index()];
  if (!terms.upgrade) {
    const auto opened = make_session(*table, exchange->request(), std::move(place));
    opened->open_polling(exchange);
    if (!opened->ended() && connection_work) connection_work(opened);
    return;
  }
  auto opened = [self = shared_from_this(), table, terms, place](const websocket::connection_ptr& connection) {
    if (terms.transport != "websocket") return close_unwanted(connection);  // an upgrade that asks for polling
    const auto made = self->make_session(*table, connection->request(), place);
    made->open_websocket(connection);
    if (self->connection_work) self->connection_work(made);
  };
  websocket::accept(exchange, table->worker(), websocket_options(exchange->request(), true), std::move(opened));
}

std::shared_ptr<session> server::state::make_session(session_table& table, const http::request& request,
                                                     std::shared_ptr<reservation> place) {
  auto made =
      std::make_shared<session>(table.shared_from_this(), make_session_id({node, table.worker().index()}, web.around()),
                                request, std::move(place));
  table.insert(made);
  return made;
}

void server::state::close_all() {
  for (const auto& table : tables) {
    table->worker().dispatch([table] {
      for (const auto& open : table->all()) open->shut_down();
    });
  }
}

server::server(http::server& web, server_options options) {
  if (options.paths.empty()) options.paths.emplace_back("/engine.io/");
  state_ = std::make_shared<state>(web, std::move(options));
  // A body a little past max_payload_bytes gets Node's empty 413 here, a much larger one is not read at all.
  const http::route_options route{.body_bytes_max = state_->options->max_payload_bytes + 65536, .checks_origin = true};
  for (const auto& path : state_->options->paths) {
    auto serve = [one = state_](const http::exchange_ptr& exchange) { one->handle(exchange); };
    const std::string bare = path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
    web.route("*", bare + "/", serve, route);
    if (!bare.empty()) web.route("*", bare, serve, route);
  }
  web.on_stop([weak = std::weak_ptr(state_)] {
    if (const auto one = weak.lock()) one->close_all();
  });
}

server::~server() = default;

void server::on_connection(std::function<void(socket_ptr)> work) { state_->connection_work = std::move(work); }

std::size_t server::sessions() const noexcept { return state_->count->polling + state_->count->websocket; }

std::size_t server::sessions(std::string_view transport) const noexcept {
  if (transport == "polling") return state_->count->polling;
  return transport == "websocket" ? state_->count->websocket.load() : 0;
}

void server::close_all() { state_->close_all(); }

void server::for_each(std::function<void(const socket_ptr&)> work) {
  for (const auto& table : state_->tables) {
    table->worker().dispatch([table, work] {
      for (const auto& open : table->all()) work(open);
    });
  }
}

}  // namespace fanfare::engineio
