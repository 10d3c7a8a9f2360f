// Acknowledgements asked of one client and not yet answered. Inbound: ACK packets from socket_impl.
// Outbound: the program's callbacks. Thread: owning worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare::socketio {

class acks {
 public:
  using callback = std::function<void(result<array>)>;

  acks(executor& worker, std::size_t max) : worker_(worker), max_(max) {}
  acks(const acks&) = delete;
  acks& operator=(const acks&) = delete;
  ~acks();

  /// Waits for the answer to packet `id`. After `limit` (0: never) `done` gets timeout.
  /// Fails: over_limit, past the bound; `done` is not called then.
  result<void> expect(std::uint64_t id, milliseconds limit, callback done);
  /// Whether anybody waited for it; an id answered before, or made up, is nobody's.
  bool answer(std::uint64_t id, array args);
  /// Stops waiting, without a word.
  void forget(std::uint64_t id);
  /// Tells all who wait that the socket has gone (closed).
  void close();
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }

 private:
  struct entry {
    callback done;
    timer_id timer = 0;
  };
  void expire(std::uint64_t id);

  executor& worker_;
  std::size_t max_;
  std::map<std::uint64_t, entry> waiting_;  // by id, so in the order asked
};

}  // namespace fanfare::socketio
