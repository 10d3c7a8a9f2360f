#include "api/fleet/peers.hpp"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace fanfare::api {

namespace {

/// HOST:PORT, brackets around IPv6.
std::optional<net::endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  net::endpoint out{std::string(host), 0};
  const auto digits = text.substr(colon + 1);
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (host.empty() || failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

constexpr std::string_view no_address = "the node tells no address that can be used";

}  // namespace

peers::peers(executor_pool& workers, net::connector& connector, const domain::fleet_members& fleet, const world& around,
             options how)
    : connector_(connector), fleet_(fleet), around_(around), how_(std::move(how)) {
  for (unsigned i = 0; i < workers.size(); ++i) {
    clients_.push_back(std::make_unique<http::client>(workers.at(i), connector, how_.http));
  }
}

void peers::sign(http::request& what, const std::string& client_address) const {
  const domain::ticket shown{how_.node, around_.unix_ms(), client_address};
  what.headers.set(domain::ticket::field, domain::write_ticket(shown, what, how_.secret));
}

std::shared_ptr<void> peers::ask(executor& home, const domain::node_info& node, http::request what,
                                 const std::string& client_address, milliseconds timeout, http::client::answered done) {
  const auto at = parse_endpoint(node.address);
  if (!at) {
    home.post([done = std::move(done)] { done(error{errc::unavailable, std::string(no_address), {}}); });
    return nullptr;
  }
  sign(what, client_address);
  return clients_.at(home.index())->ask(*at, what, timeout, std::move(done));
}

std::shared_ptr<void> peers::connect(executor& home, const domain::node_info& node, http::request what,
                                     const std::string& client_address, connected done) {
  const auto at = parse_endpoint(node.address);
  if (!at) {
    home.post([done = std::move(done)] { done(error{errc::unavailable, std::string(no_address), {}}, {}); });
    return nullptr;
  }
  sign(what, client_address);
  return connector_.connect(home, *at, how_.http.connect_timeout,
                            [done = std::move(done), text = http::request_text(what)](auto made) mutable {
                              done(std::move(made), std::move(text));
                            });
}

result<std::optional<domain::ticket>> peers::check(const http::request& what) const {
  return domain::read_ticket(what, how_.secret, around_.unix_ms());
}

std::vector<domain::node_info> peers::others() const {
  auto all = fleet_.nodes();
  std::erase_if(all, [this](const auto& each) { return each.name == how_.node; });
  return all;
}

}  // namespace fanfare::api
