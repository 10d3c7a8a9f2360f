#pragma once

// The filters in use, per room. Each distinct one is evaluated once an event, however many sockets and rooms use it:
// its sockets sit in the internal rooms "<room>\x1f<filter hash>", names no client can ask for. Thread: the owner's
// mutex.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "domain/filter.hpp"

namespace fanfare::domain {

/// Between a room and the hash in an internal room's name.
inline constexpr char filter_mark = '\x1f';

class filter_rooms {
 public:
  explicit filter_rooms(std::size_t filters_max) : filters_max_(filters_max) {}

  /// The internal room; counts one user. Fails: over_limit past filters_max distinct pairs of room and filter.
  [[nodiscard]] result<std::string> acquire(const std::string& room, const filter_ptr& only);
  /// Takes one user off the internal room; unknown ones are ignored.
  void release(std::string_view internal_room);
  /// Adds to `rooms` the internal rooms of theirs whose filter the event passes; gives how many evaluations it took.
  std::size_t add_matching(std::vector<std::string>& rooms, const value& envelope) const;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct shared_filter {
    filter_ptr only;
    std::size_t users = 0;
  };
  std::map<std::string, std::map<std::string, shared_filter, std::less<>>, std::less<>> rooms_;  // room -> hash -> …
  std::size_t size_ = 0;
  const std::size_t filters_max_;
};

}  // namespace fanfare::domain
