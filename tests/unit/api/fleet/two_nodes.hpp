#pragma once

// Two servers that know each other as nodes of a fleet; what they are asked is the test's to say.

#include <memory>
#include <optional>
#include <string>

#include <fanfare/http/server.hpp>
#include <fanfare/net/connector.hpp>

#include "api/fleet/hand_over.hpp"
#include "api/fleet/peers.hpp"
#include "api/test_client.hpp"
#include "history/memory_log.hpp"

namespace fanfare::test {

struct fleet_of_two {
  static constexpr std::uint16_t tag_of_a = 1, tag_of_b = 2;

  struct node {
    node(std::string node_name, std::uint16_t tag)
        : name(std::move(node_name)), members(log, {name, tag, {}, false}, milliseconds{10000}) {}
    void open(net::connector& connector, const std::string& secret) {
      others.emplace(web.workers(), connector, members, web.around(), api::peers::options{name, secret, {}});
      handing.emplace(web.workers(), *others, web.metrics(), api::hand_over::options{milliseconds{20000}});
    }
    [[nodiscard]] double counted(const std::string& kind, const std::string& outcome) {
      for (const auto& each : web.metrics().collect()) {
        if (each.name == "fanfare_handed_over_total" &&
            each.labelled == metrics::labels{{"kind", kind}, {"outcome", outcome}}) {
          return each.amount;
        }
      }
      return 0;
    }
    const std::string name;
    history::memory_log log{"e"};
    domain::fleet_members members;
    http::server web{{.listen = {"127.0.0.1:0"}, .workers = 1}};
    std::optional<api::peers> others;
    std::optional<api::hand_over> handing;
  };

  ~fleet_of_two() {
    a.web.stop();
    b.web.stop();
  }
  /// Both listen; routes come before.
  void start(const std::string& secret_of_b = secret) {
    a.open(*connector, secret);
    b.open(*connector, secret_of_b);
    a.web.start();
    b.web.start();
    meet(a, b, tag_of_b);
    meet(b, a, tag_of_a);
  }
  /// `at` hears where the other is.
  static void meet(node& at, node& other, std::uint16_t tag, std::optional<std::string> address = {}) {
    at.members.hear({"node " + other.name, tag, history::never,
                     address ? *address : "127.0.0.1:" + std::to_string(other.web.port())});
  }
  static inline const std::string secret = "a secret of the fleet, 32 bytes!";

  std::unique_ptr<net::connector> connector = net::make_connector();
  node a{"a", tag_of_a}, b{"b", tag_of_b};
};

}  // namespace fanfare::test
