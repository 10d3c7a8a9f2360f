#pragma once

// A client of a Redis Cluster: one link a master, requests by slot, redirections followed. Inbound: client's callers.
// Outbound: link, slots, topology.

#include <memory>

#include "redis/client.hpp"

namespace fanfare::redis {

/// See client. A request without a key goes to any master; all commands of a batch must lie in one slot. The map of
/// slots is asked for (CLUSTER SHARDS, else CLUSTER SLOTS) at the start, after MOVED, CLUSTERDOWN, READONLY and when a
/// node is lost; requests that wait for a node that is gone go to its successor. Thread: `home`'s.
[[nodiscard]] std::unique_ptr<client> make_cluster_client(executor& home, net::connector& connector, const url& where,
                                                          client_options options);

}  // namespace fanfare::redis
