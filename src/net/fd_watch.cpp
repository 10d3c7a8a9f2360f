#include "net/fd_watch.hpp"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

namespace fanfare::net {

using boost::asio::posix::stream_descriptor;

// Asio's completion may come after the owner has gone: it holds this core, whose work has been dropped by then.
struct fd_watch::core : std::enable_shared_from_this<core> {
  explicit core(worker& owner) : descriptor(owner.context()) {}

  void arm(std::size_t way) {
    armed[way] = true;
    descriptor.async_wait(way == 0 ? stream_descriptor::wait_read : stream_descriptor::wait_write,
                          [self = shared_from_this(), way](const boost::system::error_code&) {
                            self->armed[way] = false;
                            if (auto ready = std::exchange(self->work[way], nullptr)) ready();
                          });
  }
  [[nodiscard]] std::array<std::function<void()>, 2> drop() { return std::exchange(work, {}); }

  stream_descriptor descriptor;
  std::array<std::function<void()>, 2> work;
  std::array<bool, 2> armed{};
};

fd_watch::fd_watch(worker& owner, unique_fd fd) : core_(std::make_shared<core>(owner)) {
  core_->descriptor.assign(fd.get());
  static_cast<void>(fd.release());
}

fd_watch::~fd_watch() { close(); }

int fd_watch::fd() const noexcept { return core_->descriptor.is_open() ? core_->descriptor.native_handle() : -1; }

void fd_watch::wait(direction way, std::function<void()> work) {
  const auto at = static_cast<std::size_t>(way);
  if (!core_->descriptor.is_open()) return;
  std::swap(core_->work[at], work);
  if (core_->work[at] && !core_->armed[at]) core_->arm(at);
}

unique_fd fd_watch::release() {
  if (!core_->descriptor.is_open()) return {};
  const auto dropped = core_->drop();
  return unique_fd(core_->descriptor.release());
}

// Closed or released, a watch holds nothing: any thread may let go of it then.
void fd_watch::close() {
  if (!core_->descriptor.is_open()) return;
  const auto dropped = core_->drop();
  boost::system::error_code ignored;
  core_->descriptor.close(ignored);
}

}  // namespace fanfare::net
