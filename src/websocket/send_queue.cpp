#include "websocket/send_queue.hpp"

#include <algorithm>

namespace fanfare::websocket {

void send_queue::push(shared_bytes frame) {
  if (frame.empty()) return;
  // A queue that never runs empty would otherwise keep every slot it ever used.
  if (head_ >= gather_max && head_ * 2 >= frames_.size()) {
    frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  bytes_ += frame.size();
  frames_.push_back(std::move(frame));
}

std::size_t send_queue::gather(gathered& into) const noexcept {
  const std::size_t count = std::min(gather_max, frames_.size() - head_);
  for (std::size_t i = 0; i < count; ++i) into[i] = frames_[head_ + i].view();
  if (count > 0) into[0].remove_prefix(written_);
  return count;
}

void send_queue::consume(std::size_t count) noexcept {
  bytes_ -= count;
  if (bytes_ == 0) return clear();
  written_ += count;
  while (written_ >= frames_[head_].size()) {
    written_ -= frames_[head_].size();
    frames_[head_++] = {};
  }
}

void send_queue::clear() noexcept {
  std::vector<shared_bytes>().swap(frames_);
  head_ = written_ = bytes_ = 0;
}

}  // namespace fanfare::websocket
