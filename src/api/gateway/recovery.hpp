#pragma once

// Floor 7. Connection state recovery from the log: what an unmodified Socket.IO client comes back to, also after a
// restart. Inbound: gateway (CONNECTs), gateway_session. Outbound: history/log (facts).

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>
#include <fanfare/socketio/socket.hpp>

#include "domain/filter.hpp"
#include "history/log.hpp"

namespace fanfare::api {

struct recovery_bounds {
  milliseconds disconnection_max{120000};  // how long a lost session is kept
  std::size_t lost_max = 10000;            // of them; the one lost first goes first
};

/// Sessions by the private id that only their client was told. A session is kept in the log from the moment that it
/// begins, as a killed server has no time to. What was missed is the log's to bring: the client says up to where it
/// has everything. In a log that nodes share, it comes back to whichever node its client
/// reaches. Thread: any.
class recovery {
 public:
  struct room {
    std::string name;
    domain::filter_ptr only;  // null: everything
    std::uint64_t after = 0;  // it joined there: what came before is not its to miss
  };
  struct session {
    std::string sid, user, nsp;
    std::vector<room> rooms;
  };

  /// The log must outlive it. Takes up the sessions of the log's earlier life. `now_ms`: Unix time.
  recovery(history::log& log, recovery_bounds bounds, std::int64_t now_ms);

  /// What a client of `user` that says `pid` comes back to; nothing when there is no such session, or somebody else's,
  /// or it is too old. A socket that still has it, as a dead network leaves one, is ended first. `done` runs once on
  /// `worker`.
  using found = std::function<void(std::optional<session>)>;
  void find(const std::string& pid, const std::string& user, const std::string& nsp, std::int64_t now_ms,
            executor& worker, found done);

  /// The socket has the session from now on; gives it, empty when it is a new one. Nothing when another socket has it.
  [[nodiscard]] std::optional<session> begin(const std::string& pid, const socketio::socket_ptr& socket);
  /// What is to come back; `done` runs when a restart would find it, or when that cannot be: the session is dropped
  /// then.
  void keep(const std::string& pid, const session& what, std::int64_t now_ms, std::function<void()> done);
  /// Its socket is gone: kept for `disconnection_max` or, when it will not come back, dropped.
  void end(const std::string& pid, bool comes_back, std::int64_t now_ms);
  void drop(const std::string& pid);
  /// What another node has kept (history::log::watch_facts): a session that it has now is no longer here.
  void hear(const history::fact& item);

  /// Sessions that wait for their client.
  [[nodiscard]] std::size_t lost() const;

 private:
  struct entry {
    std::string content;  // the session as JSON
    std::string user;
    std::weak_ptr<socketio::socket> socket;
    bool live = false;
    std::int64_t lost_ms = 0;
    std::vector<std::function<void()>> waiting;  // for the socket's end
  };
  void lose(const std::string& pid, entry& which, std::int64_t now_ms);
  void expire(std::int64_t now_ms);
  [[nodiscard]] history::fact fact_of(const std::string& pid, const entry& which, std::int64_t now_ms) const;
  void look_up(const std::string& pid, std::int64_t now_ms, std::function<void()> then);
  void answer(const std::string& pid, const std::string& user, const std::string& nsp, const found& done);

  history::log& log_;
  const recovery_bounds bounds_;
  mutable std::mutex mutex_;  // never held while the log or a callback runs
  std::unordered_map<std::string, entry> sessions_;
  std::set<std::pair<std::int64_t, std::string>> lost_;  // lost_ms and pid
};

}  // namespace fanfare::api
