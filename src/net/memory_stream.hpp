#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <fanfare/net/byte_stream.hpp>

// A connected pair in memory, for driving connection code without sockets. Each end may sit on an executor of its own,
// but both must run in one thread.

namespace fanfare::net {

class memory_stream final : public byte_stream {
 public:
  /// What a test may change while the pair lives.
  struct end_state {
    std::string inbox;                   // bytes this end has not read yet
    std::size_t capacity = 65536;        // of inbox: the other end's writes block past it
    std::size_t read_max = 65536;        // bytes one read_some gives
    std::size_t write_max = 65536;       // bytes one write_some takes
    std::size_t steps = 0;               // read_some and write_some calls so far
    std::size_t fail_at = 0;             // the step that fails, from 1; 0: none
    bool broken = false, ended = false;  // this end failed; the other end will write no more
    bool closed = false, reset = false;  // this end was closed, with a reset
    bool secure = false;
    std::string address = "192.0.2.1";
    executor* home = nullptr;
    std::function<void()> on_readable, on_writable;
  };
  struct pair {
    std::unique_ptr<memory_stream> first, second;
  };
  [[nodiscard]] static pair make(executor& first, executor& second, std::size_t capacity = 65536);

  ~memory_stream() override { close(); }
  void wait_readable(std::function<void()> work) override;
  void wait_writable(std::function<void()> work) override;
  io_result read_some(std::span<char> into) override;
  io_result write_some(std::span<const std::string_view> buffers) override;
  void shutdown_write() override;
  void close() override;
  void reset() override;
  [[nodiscard]] std::unique_ptr<detached> detach() override;
  [[nodiscard]] std::string remote_address() const override { return mine().address; }
  [[nodiscard]] bool secure() const noexcept override { return mine().secure; }

  /// Lives on after the stream has gone.
  [[nodiscard]] std::shared_ptr<end_state> state() const;

 private:
  struct link;
  class detached_memory;
  memory_stream(std::shared_ptr<link> shared, unsigned side) : link_(std::move(shared)), side_(side) {}
  [[nodiscard]] end_state& mine() const;
  [[nodiscard]] end_state& other() const;
  [[nodiscard]] bool step_fails();

  std::shared_ptr<link> link_;
  unsigned side_;
};

}  // namespace fanfare::net
