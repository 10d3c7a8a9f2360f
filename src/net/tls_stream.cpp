#include "net/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>

#include "net/tcp_stream.hpp"

namespace fanfare::net {

namespace {

constexpr std::size_t record_bytes_max = 16384;  // RFC 8446 §5.1

class detached_tls final : public byte_stream::detached {
 public:
  detached_tls(unique_fd socket, tls_session session, std::shared_ptr<void> token)
      : socket_(std::move(socket)), session_(std::move(session)), token_(std::move(token)) {}
  std::unique_ptr<byte_stream> attach(executor& target) override {
    return std::make_unique<tls_stream>(dynamic_cast<worker&>(target), std::move(socket_), std::move(session_),
                                        std::move(token_));
  }

 private:
  unique_fd socket_;
  tls_session session_;
  std::shared_ptr<void> token_;
};

}  // namespace

void tls_session_free::operator()(SSL* session) const noexcept { SSL_free(session); }

std::unique_ptr<tls_stream> tls_stream::accept(worker& owner, unique_fd socket, const tls_context& context,
                                               std::shared_ptr<void> token) {
  tls_session session(context.make(socket.get()));
  return std::make_unique<tls_stream>(owner, std::move(socket), std::move(session), std::move(token));
}

tls_stream::tls_stream(worker& owner, unique_fd socket, tls_session session, std::shared_ptr<void> token)
    : worker_(owner),
      watch_(owner, (prepare_socket(socket.get()), std::move(socket))),
      session_(std::move(session)),
      token_(std::move(token)) {}

void tls_stream::wait_readable(std::function<void()> work) {
  if (!session_) return;
  on_readable_ = std::move(work);
  // Decrypted bytes wait inside OpenSSL, where epoll cannot see them.
  if (on_readable_ && SSL_pending(session_.get()) > 0) {
    worker_.post([this, alive = std::weak_ptr<bool>(alive_)] {
      if (alive.expired()) return;
      if (auto now = std::exchange(on_readable_, nullptr)) now();
    });
    return;
  }
  arm();
}

void tls_stream::wait_writable(std::function<void()> work) {
  if (!session_) return;
  on_writable_ = std::move(work);
  arm();
}

void tls_stream::arm() {
  for (const auto way : {direction::in, direction::out}) {
    if ((on_readable_ && read_wants_ == way) || (on_writable_ && write_wants_ == way)) {
      watch_.wait(way, [this, way] { ready(way); });
    }
  }
}

void tls_stream::ready(direction way) {
  const std::weak_ptr<bool> alive = alive_;
  if (read_wants_ == way) {
    if (auto now = std::exchange(on_readable_, nullptr)) now();
  }
  if (alive.expired()) return;
  if (write_wants_ == way) {
    if (auto now = std::exchange(on_writable_, nullptr)) now();
  }
}

io_result tls_stream::outcome(int returned, direction& wants) {
  switch (SSL_get_error(session_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      wants = direction::in;
      return {io_status::would_block, 0};
    case SSL_ERROR_WANT_WRITE:
      wants = direction::out;
      return {io_status::would_block, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {io_status::end, 0};
    default:
      broken_ = true;
      ERR_clear_error();
      return {io_status::failed, 0};
  }
}

io_result tls_stream::read_some(std::span<char> into) {
  if (broken_ || !session_) return {io_status::failed, 0};
  ERR_clear_error();
  const auto limit = static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX));
  const int got = SSL_read(session_.get(), into.data(), limit);
  if (got > 0) {
    read_wants_ = direction::in;
    return {io_status::ok, static_cast<std::size_t>(got)};
  }
  return outcome(got, read_wants_);
}

io_result tls_stream::write_some(std::span<const std::string_view> buffers) {
  if (broken_ || !session_) return {io_status::failed, 0};
  ERR_clear_error();
  // A record costs 22 bytes, a MAC and a system call: small buffers share one.
  thread_local std::array<char, record_bytes_max> record;
  while (!buffers.empty() && buffers.front().empty()) buffers = buffers.subspan(1);
  if (buffers.empty()) return {io_status::ok, 0};
  std::string_view chunk = buffers.front().substr(0, record_bytes_max);
  if (chunk.size() < record_bytes_max && buffers.size() > 1) {
    std::size_t used = 0;
    for (const auto& buffer : buffers) {
      const auto part = buffer.substr(0, record.size() - used);
      std::memcpy(record.data() + used, part.data(), part.size());
      used += part.size();
      if (used == record.size()) break;
    }
    chunk = {record.data(), used};
  }
  const int sent = SSL_write(session_.get(), chunk.data(), static_cast<int>(chunk.size()));
  if (sent > 0) {
    write_wants_ = direction::out;
    return {io_status::ok, static_cast<std::size_t>(sent)};
  }
  auto failed = outcome(sent, write_wants_);
  if (failed.status == io_status::end) failed.status = io_status::failed;
  return failed;
}

void tls_stream::shutdown_write() {
  if (session_ && !broken_ && SSL_is_init_finished(session_.get())) {
    ERR_clear_error();
    SSL_shutdown(session_.get());
    ERR_clear_error();
  }
  ::shutdown(watch_.fd(), SHUT_WR);
}

void tls_stream::close() {
  alive_.reset();
  const auto readable = std::exchange(on_readable_, nullptr);
  const auto writable = std::exchange(on_writable_, nullptr);
  session_.reset();
  watch_.close();
  token_.reset();
}

void tls_stream::reset() {
  reset_on_close(watch_.fd());
  close();
}

std::unique_ptr<byte_stream::detached> tls_stream::detach() {
  alive_.reset();
  on_readable_ = on_writable_ = nullptr;
  return std::make_unique<detached_tls>(watch_.release(), std::move(session_), std::move(token_));
}

std::string tls_stream::remote_address() const { return peer_address(watch_.fd()); }

}  // namespace fanfare::net
