#pragma once

// One HTTP/1.1 request and its answer over an open stream: what http_sink and the server's own client have in common.
// Inbound: http_sink, server/http_client. Outbound: an Asio stream. Private: not installed.

#include <cstddef>
#include <sstream>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace fanfare {

/// Writes the request and reads into `parser`; `buffer` keeps what came behind the answer. Throws
/// boost::system::system_error. Beast's own asynchronous operations do the same, but take minutes to compile under the
/// sanitizers.
template <class Stream>
boost::asio::awaitable<void> http_exchange(
    Stream& stream, const boost::beast::http::request<boost::beast::http::string_body>& request,
    boost::beast::flat_buffer& buffer, boost::beast::http::response_parser<boost::beast::http::string_body>& parser) {
  namespace asio = boost::asio;
  namespace http = boost::beast::http;
  constexpr std::size_t read_bytes = 16384;
  std::ostringstream text;
  text << request;
  const auto written = text.str();
  co_await asio::async_write(stream, asio::buffer(written), asio::use_awaitable);
  parser.eager(true);
  while (!parser.is_done()) {
    boost::system::error_code fault;
    const auto bytes =
        co_await stream.async_read_some(buffer.prepare(read_bytes), asio::redirect_error(asio::use_awaitable, fault));
    buffer.commit(bytes);
    if (fault == asio::error::eof) {
      fault = parser.got_some() ? boost::system::error_code() : make_error_code(http::error::end_of_stream);
      if (!fault) parser.put_eof(fault);
    } else if (!fault) {
      buffer.consume(parser.put(buffer.data(), fault));
      if (fault == http::error::need_more) continue;
    }
    if (fault) throw boost::system::system_error(fault);
  }
}

}  // namespace fanfare
