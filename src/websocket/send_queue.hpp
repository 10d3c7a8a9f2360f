#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <fanfare/base/bytes.hpp>

// Whole frames on their way out, in order, and how far the first one has left. Holds no memory while empty.
// Outbound next: net/byte_stream, which takes many of them in one write.

namespace fanfare::websocket {

class send_queue {
 public:
  static constexpr std::size_t gather_max = 64;  // as many as byte_stream::write_some looks at
  using gathered = std::array<std::string_view, gather_max>;

  void push(shared_bytes frame);
  /// Fills `into` from the front with what has not left yet; gives how many buffers.
  [[nodiscard]] std::size_t gather(gathered& into) const noexcept;
  /// `count` bytes from the front have been written.
  void consume(std::size_t count) noexcept;
  void clear() noexcept;

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool empty() const noexcept { return bytes_ == 0; }

 private:
  std::vector<shared_bytes> frames_;
  std::size_t head_ = 0;     // frames before it have left
  std::size_t written_ = 0;  // bytes of frames_[head_] that have left
  std::size_t bytes_ = 0;
};

}  // namespace fanfare::websocket
