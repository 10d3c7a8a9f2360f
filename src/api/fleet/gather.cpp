#include "api/fleet/gather.hpp"

#include <algorithm>
#include <utility>

#include <fanfare/base/json.hpp>

namespace fanfare::api {

namespace {

constexpr milliseconds patience{2000};

struct gathering {
  std::function<void(gathered)> done;
  gathered all;
  std::size_t waiting = 0;
  std::vector<std::shared_ptr<void>> asked;
};

void came(const std::shared_ptr<gathering>& one, const std::string& node, const result<http::response>& answer) {
  auto body = answer && answer->status == 200 ? json::parse(answer->body.view()) : result<value>(errc::unavailable);
  if (body)
    one->all.answers.push_back(std::move(*body));
  else
    one->all.missing.emplace_back(node);
  if (--one->waiting != 0) return;
  std::exchange(one->done, nullptr)(std::move(one->all));
}

}  // namespace

bool asked_by_node(const peers* others, const http::request& request) {
  if (others == nullptr) return false;
  const auto from = others->check(request);
  return from && *from && (*from)->client_address.empty();
}

void append_rows(std::vector<value>& rows, const value& answer) {
  const auto* more = answer.find("connections");
  if (more == nullptr || more->if_array() == nullptr) return;
  rows.insert(rows.end(), more->if_array()->begin(), more->if_array()->end());
}

void gather(peers* others, const http::exchange_ptr& exchange, const std::string& target,
            std::function<void(gathered)> done) {
  if (others == nullptr || asked_by_node(others, exchange->request())) return done({});
  auto& home = exchange->worker();
  home.dispatch([others, exchange, target, &home, done = std::move(done)]() mutable {
    const auto one = std::make_shared<gathering>();
    one->done = std::move(done);
    const auto nodes = others->others();
    one->waiting = nodes.size();
    if (nodes.empty()) return std::exchange(one->done, nullptr)({});
    for (const auto& node : nodes) {
      http::request what;
      what.method = exchange->request().method;
      what.target = target;
      what.headers.add("Host", node.address);
      one->asked.push_back(others->ask(home, node, std::move(what), "", patience,
                                       [one, name = node.name](const auto& answer) { came(one, name, answer); }));
    }
  });
}

}  // namespace fanfare::api
