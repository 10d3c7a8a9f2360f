#include "api/connections.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include <fanfare/base/rfc3339.hpp>

#include "api/answers.hpp"
#include "api/fleet/gather.hpp"
#include "api/listing.hpp"

namespace fanfare::api {

namespace {

using sockets = std::vector<std::pair<connection_table::key, std::weak_ptr<socketio::socket>>>;
using queues = std::vector<std::pair<std::size_t, connection_table::key>>;

std::string text_of(std::int64_t unix_ms) { return format_rfc3339(utc_time(milliseconds(unix_ms))); }

object shown(const administration& at, const connection_row& row) {
  return {{"id", row.id},
          {"user", row.user},
          {"namespace", row.nsp},
          {"address", row.address},
          {"connected_at", text_of(row.connected_ms)},
          {"rooms", array(row.rooms.begin(), row.rooms.end())},
          {"node", at.connections.node()}};
}

value shown(const domain::id_list& list) {
  if (list.all) return "*";
  return array(list.ids.begin(), list.ids.end());
}

object shown(const domain::principal& who) {
  object out;
  if (!who.jti.empty()) out.set("jti", who.jti);
  if (who.issued_at) out.set("issued_at", format_rfc3339(*who.issued_at));
  if (who.expires_at) out.set("expires_at", format_rfc3339(*who.expires_at));
  out.set("projects", shown(who.projects));
  out.set("agents", shown(who.agents));
  out.set("roles", array(who.roles.begin(), who.roles.end()));
  out.set("scopes", array(who.scopes.begin(), who.scopes.end()));
  return out;
}

/// Asks each worker for the queues of its own sockets; `done` runs once, on the last of them. Whoever has gone
/// meanwhile has no queue.
void with_queues(const sockets& all, executor& home, std::function<void(queues)> done) {
  std::map<unsigned, std::pair<executor*, sockets>> by_worker;
  for (const auto& [which, weak] : all) {
    const auto socket = weak.lock();
    if (!socket) continue;
    auto& [worker, own] = by_worker[socket->worker().index()];
    worker = &socket->worker();
    own.emplace_back(which, weak);
  }
  if (by_worker.empty()) return home.dispatch([done = std::move(done)] { done({}); });
  struct survey {
    std::mutex mutex;
    std::size_t waiting = 0;
    queues found;
    std::function<void(queues)> done;
  };
  const auto gathered = std::make_shared<survey>();
  gathered->waiting = by_worker.size();
  gathered->done = std::move(done);
  for (auto& [index, part] : by_worker) {
    part.first->post([gathered, own = std::move(part.second)] {
      queues found;
      for (const auto& [which, weak] : own) {
        if (const auto socket = weak.lock()) found.emplace_back(socket->queued_bytes(), which);
      }
      std::unique_lock lock(gathered->mutex);
      gathered->found.insert(gathered->found.end(), found.begin(), found.end());
      if (--gathered->waiting != 0) return;
      auto all = std::move(gathered->found);
      lock.unlock();
      gathered->done(std::move(all));
    });
  }
}

/// How a list is sorted; each node's part is, and then all of them together.
enum class list_order : std::uint8_t { oldest, newest, queue };

bool before(list_order order, const value& a, const value& b) {
  const auto text = [](const value& row) { return row.find("connected_at")->as_string(); };
  if (order == list_order::oldest) return text(a) < text(b);
  if (order == list_order::newest) return text(a) > text(b);
  return a.find("queued_bytes")->as_double() > b.find("queued_bytes")->as_double();
}

/// Another version of a node may answer otherwise.
bool well_formed(list_order order, const value& row) {
  return row.find(order == list_order::queue ? "queued_bytes" : "connected_at") != nullptr;
}

/// `rows` are this node's, from the first on; the others are asked for theirs, and the part that was asked for is cut
/// out of all.
void answer(const administration& at, const http::exchange_ptr& exchange, const listing& part, list_order order,
            std::vector<value> rows, std::size_t total) {
  // Of a repeated parameter the first counts.
  const auto target = exchange->request().path + "?offset=0&limit=" + std::to_string(part.offset + part.limit) + "&" +
                      exchange->request().query;
  gather(at.others, exchange, target, [exchange, part, order, rows = std::move(rows), total](gathered from) mutable {
    auto sum = static_cast<double>(total);
    for (const auto& each : from.answers) {
      if (const auto* count = each.find("total")) sum += count->as_double();
      append_rows(rows, each);
    }
    std::erase_if(rows, [order](const auto& row) { return !well_formed(order, row); });
    std::ranges::stable_sort(rows, [order](const auto& a, const auto& b) { return before(order, a, b); });
    array shown;
    for (auto i = part.offset; i < std::min(part.offset + part.limit, rows.size()); ++i) shown.push_back(rows[i]);
    object out{{"total", sum}, {"connections", std::move(shown)}};
    if (!from.missing.empty()) out.set("missing_nodes", std::move(from.missing));
    exchange->respond(json_answer(200, std::move(out)), true);
  });
}

void list_by_queue(const administration& at, const http::exchange_ptr& exchange, const connection_query& asked,
                   const listing& part) {
  with_queues(at.connections.sockets(asked), exchange->worker(), [&at, exchange, part](queues all) {
    const auto end = std::min(part.offset + part.limit, all.size());
    std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(end), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    std::vector<value> rows;
    for (std::size_t i = 0; i < end; ++i) {
      const auto row = at.connections.row(all[i].second);
      if (!row) continue;
      auto item = shown(at, *row);
      item.set("queued_bytes", all[i].first);
      rows.emplace_back(std::move(item));
    }
    answer(at, exchange, part, list_order::queue, std::move(rows), all.size());
  });
}

}  // namespace

void list_connections(const administration& at, const http::exchange_ptr& exchange, const credential&) {
  const auto& query = exchange->request().query;
  // A node asks for all up to the last that it shows.
  const auto part = listing_of(query, asked_by_node(at.others, exchange->request()) ? 2 * offset_max : limit_max);
  if (!part) return exchange->respond(problem(part.error()));
  const auto order = http::query_value(query, "order").value_or("oldest");
  if (order != "oldest" && order != "newest" && order != "queue") {
    return exchange->respond(problem({errc::bad_request, "order must be oldest, newest or queue", {}}));
  }
  const connection_query asked{.user = http::query_value(query, "user"),
                               .search = http::query_value(query, "search").value_or(""),
                               .newest_first = order == "newest"};
  if (order == "queue") return list_by_queue(at, exchange, asked, *part);
  const auto found = at.connections.list(asked, 0, part->offset + part->limit);
  std::vector<value> rows;
  for (const auto& row : found.rows) rows.emplace_back(shown(at, row));
  // Of a user, those on nodes that cannot be asked are counted too.
  const bool counted = at.others == nullptr && asked.user && asked.search.empty();
  answer(at, exchange, *part, asked.newest_first ? list_order::newest : list_order::oldest, std::move(rows),
         counted ? at.connections.of_user(*asked.user) : found.total);
}

void get_connection(const administration& at, const http::exchange_ptr& exchange, const credential&) {
  const auto found = at.connections.find(exchange->request().param("id"));
  const auto socket = found ? found->second.lock() : nullptr;
  if (!socket) return exchange->respond(problem({errc::not_found, {}, {}}));
  socket->worker().post([&at, exchange, row = found->first, weak = found->second] {
    const auto still = weak.lock();
    if (!still) return exchange->respond(problem({errc::not_found, {}, {}}));
    auto answer = shown(at, row);
    answer.set("transport", still->transport());
    answer.set("queued_bytes", still->queued_bytes());
    answer.set("token", row.who == nullptr ? object{} : shown(*row.who));
    exchange->respond(json_answer(200, std::move(answer)));
  });
}

void disconnect_connection(const administration& at, const http::exchange_ptr& exchange, const credential& who) {
  const auto found = at.connections.find(exchange->request().param("id"));
  const auto socket = found ? found->second.lock() : nullptr;
  if (!socket) return exchange->respond(problem({errc::not_found, {}, {}}));
  at.says.log_to(severity::info, "connection disconnected",
                 {{"connection", found->first.id}, {"user", found->first.user}, {"by", who.name}});
  socket->worker().post([exchange, weak = found->second] {
    if (const auto still = weak.lock()) still->disconnect(true);
    exchange->respond(json_answer(200, object{{"disconnected", 1}}));
  });
}

}  // namespace fanfare::api
