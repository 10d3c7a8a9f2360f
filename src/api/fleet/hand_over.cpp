#include "api/fleet/hand_over.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <fanfare/websocket/connection.hpp>

namespace fanfare::api {

namespace {

template <std::size_t N>
bool one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::ranges::any_of(names, [name](std::string_view each) {
    return std::ranges::equal(name, each, [](char a, char b) { return (a | 0x20) == (b | 0x20); });
  });
}

/// As the client sent it, but for what belongs to its connection (RFC 9110 §7.6.1) and what has been undone here.
http::request forwarded(const http::request& from, bool upgrade) {
  constexpr std::array<std::string_view, 8> dropped{
      "connection", "keep-alive", "te", "trailer", "transfer-encoding", "content-length", "content-encoding", "expect"};
  http::request out;
  out.method = from.method;
  out.target = from.target;
  out.body = from.body;
  for (const auto& [name, content] : from.headers) {
    if (one_of(name, dropped) || (!upgrade && one_of(name, std::array<std::string_view, 1>{"upgrade"}))) continue;
    out.headers.add(name, content);
  }
  if (upgrade) out.headers.add("Connection", "Upgrade");
  return out;
}

/// The other node's answer, but for what this one's server says itself.
http::response passed_on(http::response answer) {
  constexpr std::array<std::string_view, 5> dropped{"connection", "keep-alive", "transfer-encoding", "content-length",
                                                    "date"};
  http::response out;
  out.status = answer.status;
  out.body = std::move(answer.body);
  for (const auto& [name, content] : answer.headers) {
    constexpr std::string_view cors = "access-control-";
    const bool of_cors = one_of(std::string_view(name).substr(0, cors.size()), std::array<std::string_view, 1>{cors});
    if (!of_cors && !one_of(name, dropped)) out.headers.add(name, content);
  }
  return out;
}

}  // namespace

hand_over::hand_over(executor_pool& workers, peers& others, metrics::registry& metrics, options how)
    : workers_(workers), others_(others), metrics_(metrics), how_(how) {
  for (unsigned i = 0; i < workers.size(); ++i) parts_.push_back(std::make_unique<part>());
}

void hand_over::count(std::string_view kind, std::string_view outcome) {
  metrics_
      .counter("fanfare_handed_over_total", "Requests of sessions that another node holds, by kind and outcome.",
               {{"kind", std::string(kind)}, {"outcome", std::string(outcome)}})
      .add();
}

bool hand_over::admits(const http::request& request) {
  if (others_.check(request)) return true;
  count("received", "forbidden");
  return false;
}

void hand_over::take(std::uint16_t node_tag, const http::exchange_ptr& exchange, std::function<void()> unknown) {
  if (exchange->request().headers.get(domain::ticket::field)) return unknown();
  const auto nodes = others_.others();
  const auto found = std::ranges::find(nodes, node_tag, &domain::node_info::tag);
  if (found == nodes.end() || found->address.empty()) return unknown();
  exchange->worker().dispatch([this, node = *found, exchange, unknown = std::move(unknown)]() mutable {
    auto& at = *parts_.at(exchange->worker().index());
    if (websocket::is_upgrade(exchange->request())) return carry(at, node, exchange, std::move(unknown));
    ask(at, node, exchange, std::move(unknown));
  });
}

void hand_over::keep(part& at, std::uint64_t id, std::shared_ptr<void> handle) {
  if (handle != nullptr) at.asked.emplace(id, std::move(handle));
}

void hand_over::ask(part& at, const domain::node_info& node, const http::exchange_ptr& exchange,
                    std::function<void()> unknown) {
  const auto id = ++at.last;
  const auto& request = exchange->request();
  auto answered = [this, &at, id, exchange, unknown = std::move(unknown)](result<http::response> answer) {
    at.asked.erase(id);
    count("request", answer ? "ok" : "unavailable");
    if (!answer) return unknown();
    exchange->respond(passed_on(std::move(*answer)));
  };
  keep(at, id,
       others_.ask(exchange->worker(), node, forwarded(request, false), request.remote_address, how_.answer_timeout,
                   std::move(answered)));
  // The other node then sees its poll go, as if the client were connected to it.
  exchange->on_abort([&at, id] { at.asked.erase(id); });
}

void hand_over::carry(part& at, const domain::node_info& node, const http::exchange_ptr& exchange,
                      std::function<void()> unknown) {
  const auto id = ++at.last;
  auto& home = exchange->worker();
  auto connected = [this, &at, &home, id, exchange, unknown = std::move(unknown)](
                       result<std::unique_ptr<net::byte_stream>> made, std::string text) {
    at.asked.erase(id);
    count("upgrade", made ? "ok" : "unavailable");
    if (!made) return unknown();
    auto there = std::make_shared<std::unique_ptr<net::byte_stream>>(std::move(*made));
    exchange->upgrade(home, [&at, &home, id, there, text](std::unique_ptr<net::byte_stream> client, std::string read) {
      at.carried.emplace(id, net::make_splice(home, {std::move(client)}, {std::move(*there), text + read},
                                              [&at, id] { at.carried.erase(id); }));
    });
  };
  const auto& request = exchange->request();
  keep(at, id, others_.connect(home, node, forwarded(request, true), request.remote_address, std::move(connected)));
  exchange->on_abort([&at, id] { at.asked.erase(id); });
}

void hand_over::stop() {
  for (unsigned i = 0; i < workers_.size(); ++i) {
    workers_.at(i).post([at = parts_.at(i).get()] {
      at->asked.clear();
      at->carried.clear();
    });
  }
}

}  // namespace fanfare::api
