#pragma once

// What has been published lately, so that a repeated request gets the same answer and sends nothing twice.

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fanfare/base/executor.hpp>

namespace fanfare::domain {

/// A bounded map from key to answer, least recently added first out, with a time to live; a key may be pending while
/// its first request is under way. Thread: the owner's mutex.
class idempotency {
 public:
  struct answer {
    std::string id;
    std::string cursor;
  };
  using answers = std::vector<answer>;
  struct options {
    std::size_t answers_max = 100000;  // of all keys together; a key counts as at least one
    std::chrono::seconds window{600};
  };
  explicit idempotency(options bounds) : options_(bounds) {}

  enum class state { unknown, pending, answered };
  /// `found` is filled when answered, `digest` when known at all.
  [[nodiscard]] state look(std::string_view key, steady_time now, answers* found = nullptr,
                           std::string* digest = nullptr);
  /// The key is under way; forgotten by drop(), settled by settle(). `digest` is of what was asked.
  void reserve(std::string key, steady_time now, std::string digest = {});
  void settle(std::string_view key, answers given, steady_time now);
  void drop(std::string_view key);
  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }

 private:
  struct item {
    std::string key;
    answers given;
    bool pending = true;
    steady_time at;
    std::string digest;
  };
  void expire(steady_time now);
  void remove(std::list<item>::iterator place);
  const options options_;
  std::size_t held_ = 0;                                                  // answers, or keys without one
  std::list<item> order_;                                                 // oldest first
  std::unordered_map<std::string_view, std::list<item>::iterator> keys_;  // views into order_
};

}  // namespace fanfare::domain
