#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fanfare {

/// An immutable run of bytes that many owners share: encoded once, queued on thousands of sockets.
/// Copying copies a pointer. Thread: any, as nothing ever changes behind it.
class shared_bytes {
 public:
  shared_bytes() = default;

  /// Takes the string over, without copying its bytes.
  explicit shared_bytes(std::string bytes)
      : owner_(std::make_shared<const std::string>(std::move(bytes))), view_(*owner_) {}

  /// Of a copy of these bytes.
  [[nodiscard]] static shared_bytes copy(std::string_view bytes) { return shared_bytes(std::string(bytes)); }

  /// The bytes; valid as long as this, or a copy of it, lives.
  [[nodiscard]] std::string_view view() const noexcept { return view_; }
  [[nodiscard]] const char* data() const noexcept { return view_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return view_.size(); }
  [[nodiscard]] bool empty() const noexcept { return view_.empty(); }

  /// The bytes [offset, offset + length), clamped to what is there; shares the owner.
  [[nodiscard]] shared_bytes slice(std::size_t offset, std::size_t length = std::string_view::npos) const {
    shared_bytes part;
    part.owner_ = owner_;
    part.view_ = view_.substr(offset < view_.size() ? offset : view_.size(), length);
    return part;
  }

  friend bool operator==(const shared_bytes& a, const shared_bytes& b) noexcept { return a.view_ == b.view_; }

 private:
  std::shared_ptr<const std::string> owner_;
  std::string_view view_;
};

}  // namespace fanfare
