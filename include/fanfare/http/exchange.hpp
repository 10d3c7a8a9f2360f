#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/http/message.hpp>
#include <fanfare/net/byte_stream.hpp>

namespace fanfare::http {

/// What has come of a streamed body since the part before.
struct body_part {
  std::string_view bytes;  // valid during the call only; empty at most when it is the last
  bool last = false;       // whether nothing follows
};

/// One request and the right to answer it once. It may be kept and answered later from any thread; dropped
/// without an answer, it answers 500. Thread: any.
class exchange {
 public:
  virtual ~exchange() = default;

  [[nodiscard]] virtual const http::request& request() const noexcept = 0;  // what was asked
  /// The worker that owns the connection which carried the request.
  [[nodiscard]] virtual executor& worker() noexcept = 0;

  /// Answers. A second answer is ignored. HEAD gets the headers only; Content-Length, Date and CORS headers are
  /// added; the body is compressed when the server's options and Accept-Encoding agree and `compress` is set.
  virtual void respond(response answer, bool compress = false) = 0;
  /// Answers and closes the connection afterwards.
  virtual void respond_and_close(response answer) = 0;
  /// Runs `work` on worker() if the peer goes away before an answer (once; also when it already has).
  virtual void on_abort(std::function<void()> work) = 0;

  /// Asks for the next part of the body, on a route that streams it (route_options::stream_body): `next` runs once, on
  /// worker(). Nobody asks, nothing is read: past pipelined_bytes_max the peer has to wait. The first call invites the
  /// body of a peer that expects "100 Continue". An answer before the last part closes the connection. Fails: closed
  /// (the peer went away midway, or an answer has been given), timeout (nothing came for body_timeout), bad_request
  /// (the chunks or the content coding are malformed); answer after the last two. A body in gzip or deflate comes
  /// decoded, in parts that may be empty; one in another coding is answered 415 before its handler runs.
  using body_reader = std::function<void(const result<body_part>& part)>;
  /// See body_reader.
  virtual void read_body(body_reader next) = 0;

  /// What an upgrade hands over: the stream, attached to the worker asked for, and bytes read past the request.
  using upgraded = std::function<void(std::unique_ptr<net::byte_stream> stream, std::string leftover)>;
  /// Takes the connection out of HTTP and gives it to `target`'s worker, where `taken` runs. Nothing has been
  /// written: the caller sends the 101 itself. Not called when the peer has gone.
  virtual void upgrade(executor& target, upgraded taken) = 0;
};

using exchange_ptr = std::shared_ptr<exchange>;
using handler = std::function<void(exchange_ptr)>;

}  // namespace fanfare::http
