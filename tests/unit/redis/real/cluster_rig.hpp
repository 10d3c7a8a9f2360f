#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "redis/real/client_rig.hpp"
#include "redis/slots.hpp"

namespace fanfare::redis::test {

/// Three masters and three replicas.
struct cluster_rig {
  cluster_rig() {
    for (std::size_t i = 0; i < 6; ++i) {
      nodes.push_back(std::make_unique<redis_process>(
          "redis-server", folder, "node-" + std::to_string(i),
          "port " + std::to_string(ports[i]) + "\nbind 127.0.0.1\nsave \"\"\nrepl-diskless-sync-delay 0\n" +
              "cluster-enabled yes\ncluster-port " + std::to_string(ports[i + 6]) + "\ncluster-node-timeout 2000\n" +
              "cluster-config-file nodes-" + std::to_string(i) + ".conf\ndbfilename dump-" + std::to_string(i) +
              ".rdb\n",
          "Ready to accept connections"));
      direct.push_back(std::make_unique<live_client>("redis://" + at(i)));
    }
    form();
  }
  [[nodiscard]] std::string at(std::size_t node) const { return "127.0.0.1:" + std::to_string(ports[node]); }
  [[nodiscard]] std::string url() const { return "redis+cluster://" + at(0) + "," + at(1) + "," + at(2); }
  std::string id(std::size_t node) { return direct[node]->ask({"CLUSTER", "MYID"}).substr(1); }

  // Asks until the answer holds that: each question is a round trip, and the deadline is the test's own.
  void until(std::size_t node, const batch& question, const std::string& text, std::size_t times = 1) {
    for (;;) {
      const auto answer = direct[node]->ask(question);
      std::size_t seen = 0;
      for (auto from = answer.find(text); from != std::string::npos; from = answer.find(text, from + 1)) ++seen;
      if (seen >= times) return;
    }
  }

  void form() {
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(direct[i]->ask({"CLUSTER", "ADDSLOTSRANGE", std::to_string(i * 5461),
                                std::to_string(i == 2 ? 16383 : i * 5461 + 5460)}),
                "+OK");
      EXPECT_EQ(direct[i]->ask({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)}), "+OK");
    }
    for (std::size_t i = 1; i < 6; ++i) {
      EXPECT_EQ(direct[i]->ask({"CLUSTER", "MEET", "127.0.0.1", std::to_string(ports[0]), std::to_string(ports[6])}),
                "+OK");
    }
    for (std::size_t i = 0; i < 6; ++i) until(i, {"CLUSTER", "INFO"}, "cluster_known_nodes:6");
    for (std::size_t i = 3; i < 6; ++i) {
      until(i, {"CLUSTER", "NODES"}, id(i - 3));
      EXPECT_EQ(direct[i]->ask({"CLUSTER", "REPLICATE", id(i - 3)}), "+OK");
    }
    for (std::size_t i = 0; i < 6; ++i) {
      until(i, {"CLUSTER", "INFO"}, "cluster_state:ok");
      until(i, {"CLUSTER", "NODES"}, " slave ", 2);
    }
    for (std::size_t i = 0; i < 3; ++i) until(i, {"INFO", "replication"}, "state=online");
  }
  // A key whose slot that node serves, the n-th.
  [[nodiscard]] static std::string key_of(std::size_t node, int n = 0) {
    for (int i = 0;; ++i) {
      auto key = "key" + std::to_string(i);
      if (std::min<std::size_t>(slot_of(key) / 5461, 2) == node && n-- == 0) return key;
    }
  }

  temporary_folder folder;
  std::vector<std::uint16_t> ports = free_ports(12);
  std::vector<std::unique_ptr<redis_process>> nodes;
  std::vector<std::unique_ptr<live_client>> direct;
};

}  // namespace fanfare::redis::test
