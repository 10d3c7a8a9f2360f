#pragma once

// Replies of Redis, as a test writes them.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "redis/resp_codec.hpp"

namespace fanfare::history::test {

inline redis::reply number(std::int64_t of) {
  redis::reply out;
  out.type = redis::reply::kind::integer;
  out.integer = of;
  return out;
}

inline redis::reply text(std::string of) {
  redis::reply out;
  out.type = redis::reply::kind::bulk;
  out.text = std::move(of);
  return out;
}

inline redis::reply list(std::vector<redis::reply> of) {
  redis::reply out;
  out.type = redis::reply::kind::array;
  out.elements = std::move(of);
  return out;
}

}  // namespace fanfare::history::test
