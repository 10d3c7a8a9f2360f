#pragma once

// Who came to and went from a room, gathered so that a crowd makes one notice. The owner keeps the time. Thread: any.

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace fanfare::domain {

struct presence_change {
  std::vector<std::string> joined, left;
  bool truncated = false;  // more came and went than are named: ask for the members
};

class presence_notices {
 public:
  explicit presence_notices(std::size_t users_max = 1000) : users_max_(users_max) {}

  /// The user's first connection entered, or the last one left. True when it is the room's first news: take() is due
  /// after the window.
  [[nodiscard]] bool note(const std::string& room, const std::string& user, bool joined);
  /// The news, which then are none; nothing when all who came have gone again.
  [[nodiscard]] std::optional<presence_change> take(const std::string& room);

 private:
  struct news {
    std::map<std::string, int> users;  // 1 came, -1 went, 0 both
    bool truncated = false;
  };
  const std::size_t users_max_;
  std::mutex mutex_;
  std::map<std::string, news> rooms_;
};

}  // namespace fanfare::domain
