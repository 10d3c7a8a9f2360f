#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <fanfare/base/executor.hpp>

// Floor 1. A byte stream by readiness: no buffer is held while it is idle, and several queued buffers leave in one
// write. TCP and TLS are in tcp_stream and tls_stream, an in-memory pair for tests in memory_stream.

namespace fanfare::net {

enum class io_status : std::uint8_t { ok, would_block, end, failed };

/// What a read or a write came to.
struct io_result {
  io_status status = io_status::ok;  // whether it did
  std::size_t bytes = 0;             // meaningful with ok; never 0 then
};

/// One connected stream. Thread: the worker it is attached to.
class byte_stream {
 public:
  virtual ~byte_stream() = default;

  /// Runs `work` once, when reading (writing) may make progress, also on end or failure; setting it again replaces it.
  /// Never runs it inline, nor after close().
  virtual void wait_readable(std::function<void()> work) = 0;
  /// See wait_readable().
  virtual void wait_writable(std::function<void()> work) = 0;

  /// Reads what is there, as much as fits.
  virtual io_result read_some(std::span<char> into) = 0;
  /// Writes from the front of the list, as much as the kernel takes in one call; at most 64 buffers are looked at, and
  /// not all may be empty. After would_block the next call must begin with the same bytes: TLS has encrypted up to
  /// 16 KiB of them already, so what was offered once must not be replaced or reordered.
  virtual io_result write_some(std::span<const std::string_view> buffers) = 0;

  /// Ends our direction (TLS: close_notify, then FIN).
  virtual void shutdown_write() = 0;
  /// Drops handlers and the connection. Idempotent; the destructor does it too.
  virtual void close() = 0;
  /// close() with a reset instead of an orderly end.
  virtual void reset() = 0;

  /// Leaves this worker: handlers are dropped, and what comes back can be attached on another worker's thread.
  class detached {
   public:
    virtual ~detached() = default;
    /// Thread: `target`'s.
    [[nodiscard]] virtual std::unique_ptr<byte_stream> attach(executor& target) = 0;
  };
  /// See detached.
  [[nodiscard]] virtual std::unique_ptr<detached> detach() = 0;

  [[nodiscard]] virtual std::string remote_address() const = 0;  // IP without port
  [[nodiscard]] virtual bool secure() const noexcept = 0;        // whether it is TLS
};

}  // namespace fanfare::net
