// What every part of one Socket.IO server shares; made once, then only read. Thread: any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <fanfare/base/executor.hpp>
#include <fanfare/socketio/server.hpp>

#include "socketio/counters.hpp"

namespace fanfare::socketio {

/// What a server needs of the world beside its workers. Tests give their own.
struct surroundings {
  std::function<std::string()> make_id;   // 20 characters of base64url, unguessable
  std::function<std::int64_t()> unix_ms;  // wall clock
};

struct context {
  context(executor_pool& pool, metrics::registry& numbers, server_options chosen, surroundings world)
      : workers(pool),
        options(std::move(chosen)),
        around(std::move(world)),
        count(numbers),
        parsers(options.parser ? options.parser : json_parser()),
        encoder(parsers->make(options.packets)) {}

  /// Runs a handler of the program's; what it throws is counted and goes no further.
  template <class Work>
  void guard(Work&& work) const noexcept {
    try {
      std::forward<Work>(work)();
    } catch (...) {
      count.handler_errors.add();
    }
  }

  executor_pool& workers;
  const server_options options;
  const surroundings around;
  mutable counters count;
  const std::shared_ptr<const parser_factory> parsers;
  const std::unique_ptr<const parser> encoder;  // encoding keeps no state, so all workers share one
};
using context_ptr = std::shared_ptr<const context>;

}  // namespace fanfare::socketio
