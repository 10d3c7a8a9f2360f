#pragma once

// Floor 7. The rooms of one session: joins them, brings what was missed first, and gives filters and places back.
// Inbound: gateway_session. Outbound: domain::feed, domain::replay, connection_table, the socket.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fanfare/socketio/socket.hpp>

#include "api/gateway/gateway.hpp"
#include "api/gateway/recovery.hpp"
#include "domain/replay.hpp"

namespace fanfare::api {

/// One command after another: while a replay is under way, what is asked next waits, and what comes live is held back,
/// so that a cursor never runs ahead of what its client has seen. Thread: the socket's worker.
class subscriptions : public std::enable_shared_from_this<subscriptions> {
 public:
  /// `pid`: of its session in gateway::recovery, "" for none.
  subscriptions(gateway& at, const socketio::socket_ptr& socket, connection_table::key row,
                std::shared_ptr<const domain::principal> who, std::string pid = {});

  struct wish {
    std::vector<std::string> rooms;
    std::optional<std::string> since;
    std::optional<std::size_t> last;  // without `since`
    domain::filter_ptr only;
    bool own = false;  // rooms that every session is in: no policy; answered before subscribe() returns
  };
  struct answer {
    std::string cursor;  // where live events go on
    bool recovered = false;
  };
  /// `done` runs once what was missed has been sent, before anything live; not if the session ends first. Fails:
  /// bad_request (`since`), over_limit (rooms, members, filters, commands that wait).
  void subscribe(wish asked, std::function<void(result<answer>)> done);
  /// Enters the rooms of a session that comes back, and brings what they have had after `after`, before anything live.
  /// `done` runs once: false when not all of it could be brought. Fails at once with what subscribe() fails with.
  [[nodiscard]] result<void> restore(const std::vector<recovery::room>& rooms, std::uint64_t after,
                                     std::function<void(bool recovered)> done);
  /// Keeps the session as it is now; `then` runs on the worker when a restart would find it so.
  void remember(std::function<void()> then);
  /// Ends a replay that brings one of them. Fails: over_limit (commands that wait).
  void unsubscribe(std::vector<std::string> rooms, std::function<void(result<void>)> done);
  /// After another token: leaves at once what it may not be in, also in the midst of a replay, and follows the presence
  /// of the rooms where it may.
  void take_token(std::shared_ptr<const domain::principal> who);
  /// The session has ended.
  void close();
  [[nodiscard]] array rooms() const;

 private:
  struct place {
    std::string joined;       // the room joined for it: internal when filtered
    domain::filter_ptr only;  // null: everything
    std::uint64_t after = 0;  // recovery::room
  };
  void in_order(std::function<void()> work, const std::function<void(result<void>)>& refused);
  void go_on();
  void catch_up(const wish& asked, const std::function<void(result<answer>)>& done);
  void let_in(const wish& asked, const std::function<void(result<answer>)>& done);
  void finish(const wish& asked, answer with, const std::function<void(result<answer>)>& done);
  void settle();
  [[nodiscard]] result<domain::feed::entered> enter(const std::vector<domain::feed::subscription>& wanted);
  void hold();
  using sender = std::function<void(socketio::socket& to, domain::replayed event)>;
  void bring(domain::replay::wish what, sender send, std::function<void(bool recovered)> done);
  [[nodiscard]] bool is_own(const std::string& room) const { return room == "global" || room == "user:" + who_->sub; }
  [[nodiscard]] bool may_stay(const std::string& room) const;
  void follow_presence(const std::string& room);
  void drop(const std::string& room);
  void stop_replay_of(const std::function<bool(const std::string& room)>& which);

  gateway& at_;
  const std::weak_ptr<socketio::socket> socket_;
  const connection_table::key row_;
  std::shared_ptr<const domain::principal> who_;  // never null
  const std::string pid_;
  std::map<std::string, place> rooms_;      // by public room
  std::shared_ptr<domain::replay> replay_;  // under way
  bool busy_ = false;                       // a command is under way, with its replay or without
  std::deque<std::function<void()>> waiting_;
  bool open_ = true;
};

}  // namespace fanfare::api
