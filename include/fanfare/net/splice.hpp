#pragma once

#include <functional>
#include <memory>
#include <string>

#include <fanfare/base/executor.hpp>
#include <fanfare/net/byte_stream.hpp>

namespace fanfare::net {

/// One end of a splice: a stream, and what it is sent before anything that comes from the other end.
struct splice_end {
  std::unique_ptr<byte_stream> stream;  // attached to the worker
  std::string first = {};               // sent before the rest
};

/// Carries bytes between two streams, both ways, until both have ended or one fails; then closes both. Reads no faster
/// than the other end takes, at most 16 KiB ahead, and holds no buffer while idle. What one end finished is finished
/// towards the other, which has 10 s to do the same. Thread: `home`'s, to which both are attached.
class splice {
 public:
  virtual ~splice() = default;
  /// Ends both, at once. `done` does not run.
  virtual void close() = 0;
};

/// `done` runs once, when it has ended by itself, never inline.
[[nodiscard]] std::shared_ptr<splice> make_splice(executor& home, splice_end one, splice_end other,
                                                  std::function<void()> done);

}  // namespace fanfare::net
