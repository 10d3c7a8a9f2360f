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

#include "api/context.hpp"
#include "domain/replay.hpp"

namespace fanfare::api {

/// One command after another: while a replay is under way, what is asked next waits, and what comes live is held back,
/// so that a cursor never runs ahead of what its client has seen. Thread: the socket's worker.
class subscriptions : public std::enable_shared_from_this<subscriptions> {
 public:
  subscriptions(context& shared, const socketio::socket_ptr& socket, connection_table::key row,
                std::shared_ptr<const domain::principal> who);

  struct wish {
    std::vector<std::string> rooms;
    std::optional<std::string> since;
    std::optional<std::size_t> last;  // without `since`
    domain::filter_ptr only;
    bool own = false;  // a room that every session is in: no policy, no quota of members
  };
  struct answer {
    std::string cursor;  // where live events go on
    bool recovered = false;
  };
  /// `done` runs once what was missed has been sent, before anything live; not if the session ends first. Fails:
  /// bad_request (`since`), over_limit (rooms, members, filters, commands that wait).
  void subscribe(wish asked, std::function<void(result<answer>)> done);
  /// Ends a replay that brings one of them. Fails: over_limit (commands that wait).
  void unsubscribe(std::vector<std::string> rooms, std::function<void(result<void>)> done);
  /// After another token: leaves at once what it may not be in, also in the midst of a replay, and follows the presence
  /// of the rooms where it may.
  void take_token(std::shared_ptr<const domain::principal> who);
  /// The session has ended.
  void close();
  [[nodiscard]] array rooms() const;

 private:
  void in_order(std::function<void()> work, const std::function<void(result<void>)>& refused);
  void go_on();
  void let_in(const wish& asked, const std::function<void(result<answer>)>& done);
  [[nodiscard]] result<domain::feed::entered> enter(const wish& asked);
  [[nodiscard]] bool bring(const wish& asked, domain::feed::start from, std::uint64_t head,
                           std::function<void(bool recovered)> done);
  [[nodiscard]] bool may_stay(const std::string& room) const;
  void follow_presence(const std::string& room);
  void drop(const std::string& room);
  void stop_replay_of(const std::function<bool(const std::string& room)>& which);

  context& shared_;
  const std::weak_ptr<socketio::socket> socket_;
  const connection_table::key row_;
  std::shared_ptr<const domain::principal> who_;  // never null
  std::map<std::string, std::string> rooms_;      // public room -> the room joined for it (internal when filtered)
  std::shared_ptr<domain::replay> replay_;        // under way
  std::deque<std::function<void()>> waiting_;
  bool open_ = true;
};

}  // namespace fanfare::api
