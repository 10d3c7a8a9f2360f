#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "redis/real/client_rig.hpp"

namespace fanfare::redis::test {

/// A master, two replicas and three sentinels, ready for a failover.
struct sentinel_rig {
  sentinel_rig() {
    for (std::size_t i = 0; i < 3; ++i) {
      servers.push_back(std::make_unique<redis_process>(
          "redis-server", folder, "server-" + std::to_string(i),
          "port " + std::to_string(ports[i]) +
              "\nbind 127.0.0.1\nsave \"\"\nrepl-diskless-sync-delay 0\ndbfilename dump-" + std::to_string(i) +
              ".rdb\n" + (i == 0 ? "" : "replicaof 127.0.0.1 " + std::to_string(ports[0]) + "\n"),
          "Ready to accept connections"));
    }
    for (std::size_t i = 3; i < 6; ++i) {
      sentinels.push_back(std::make_unique<redis_process>(
          "redis-sentinel", folder, "sentinel-" + std::to_string(i),
          "port " + std::to_string(ports[i]) + "\nbind 127.0.0.1\nsentinel monitor mine 127.0.0.1 " +
              std::to_string(ports[0]) +
              " 2\nsentinel down-after-milliseconds mine 500\nsentinel failover-timeout mine 3000\n",
          "+monitor master mine"));
    }
    // Ready for a failover: every sentinel knows both replicas and the other two sentinels.
    for (auto& each : sentinels) each->wait_for_all({"+slave", "+slave", "+sentinel", "+sentinel"});
  }
  [[nodiscard]] std::string url() const {
    std::string out = "redis+sentinel://";
    for (std::size_t i = 3; i < 6; ++i) out += (i == 3 ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(ports[i]);
    return out + "/mine";
  }

  temporary_folder folder;
  std::vector<std::uint16_t> ports = free_ports(6);
  std::vector<std::unique_ptr<redis_process>> servers, sentinels;
};

}  // namespace fanfare::redis::test
