#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "history/log.hpp"

namespace fanfare::history::test {

inline entry event(std::vector<std::string> rooms, std::int64_t time_ms = 0, std::size_t size = 10) {
  entry out;
  out.id = "id";
  out.type = "t";
  out.rooms = std::move(rooms);
  out.json = shared_bytes(std::string(size, 'x'));
  out.time_ms = time_ms;
  out.conflate_key = "c";
  out.envelope = std::make_shared<value>("live");
  return out;
}

/// The newest of its key in its rooms.
inline entry latest(std::vector<std::string> rooms, std::string key, std::int64_t time_ms = 0) {
  auto out = event(std::move(rooms), time_ms);
  out.conflate_key = std::move(key);
  out.only_newest = true;
  return out;
}

inline entry expiring(std::vector<std::string> rooms, std::int64_t time_ms, std::int64_t expires_ms) {
  auto out = event(std::move(rooms), time_ms);
  out.expires_ms = expires_ms;
  return out;
}

inline std::vector<std::uint64_t> positions(const page& of) {
  std::vector<std::uint64_t> out;
  for (const auto& item : of.entries) out.push_back(item.position);
  return out;
}

}  // namespace fanfare::history::test
