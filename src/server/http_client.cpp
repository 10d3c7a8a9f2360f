#include "server/http_client.hpp"

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <fanfare_sdk/http_exchange.hpp>

namespace fanfare::server {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

error explained(const boost::system::error_code& code) {
  if (code == beast::error::timeout) return {errc::timeout, "no answer in time", {}};
  if (code == beast::http::error::body_limit) return {errc::payload_too_large, "the answer is too large", {}};
  return {errc::unavailable, code.message(), {}};
}

template <class Stream>
asio::awaitable<client_response> converse(Stream& stream, const client_url& url, const client_request& request) {
  beast::http::request<beast::http::string_body> out;
  out.method_string(request.method);
  out.target(url.target);
  out.version(11);
  out.set(beast::http::field::host, url.authority());
  out.set(beast::http::field::user_agent, "fanfare");
  out.set(beast::http::field::connection, "close");
  for (const auto& [name, content] : request.headers) out.set(name, content);
  out.body() = request.body;
  out.prepare_payload();

  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(request.answer_bytes_max);
  co_await http_exchange(stream, out, buffer, parser);
  auto message = parser.release();
  client_response answer;
  answer.status = message.result_int();
  for (const auto& field : message) answer.headers.add(std::string(field.name_string()), std::string(field.value()));
  answer.body = std::move(message.body());
  co_return answer;
}

/// Whom to trust: OpenSSL's default places, or what SSL_CERT_FILE and SSL_CERT_DIR name. Reading some hundred
/// certificates takes milliseconds, so it is done once, and not before somebody needs it.
class trust_anchors {
 public:
  asio::ssl::context& get() {
    if (!context_) {
      context_.emplace(asio::ssl::context::tls_client);
      context_->set_default_verify_paths();
      context_->set_verify_mode(asio::ssl::verify_peer);
    }
    return *context_;
  }

 private:
  std::optional<asio::ssl::context> context_;
};

bool is_address(const std::string& host) {
  boost::system::error_code failed;
  asio::ip::make_address(host, failed);
  return !failed;
}

asio::awaitable<client_response> perform(client_url url, client_request request, trust_anchors& trust) {
  auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  const auto endpoints = co_await resolver.async_resolve(url.host, url.port, asio::use_awaitable);
  if (!url.secure) {
    beast::tcp_stream stream(executor);
    stream.expires_after(request.timeout);
    co_await stream.async_connect(endpoints, asio::use_awaitable);
    co_return co_await converse(stream, url, request);
  }
  beast::ssl_stream<beast::tcp_stream> stream(executor, trust.get());
  stream.set_verify_callback(asio::ssl::host_name_verification(url.host));
  // RFC 6066 §3: addresses are no host names.
  if (!is_address(url.host)) SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());
  beast::get_lowest_layer(stream).expires_after(request.timeout);
  co_await beast::get_lowest_layer(stream).async_connect(endpoints, asio::use_awaitable);
  co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  co_return co_await converse(stream, url, request);
}

void start(asio::io_context& context, trust_anchors& trust, client_request request,
           std::function<void(result<client_response>)> done) {
  auto url = parse_url(request.url);
  if (!url) return done(url.error());
  asio::co_spawn(context, perform(std::move(*url), std::move(request), trust),
                 [done = std::move(done)](const std::exception_ptr& failure, client_response answer) {
                   if (!failure) return done(std::move(answer));
                   try {
                     std::rethrow_exception(failure);
                   } catch (const boost::system::system_error& fault) {
                     done(explained(fault.code()));
                   } catch (const std::exception& fault) {
                     done(error{errc::unavailable, fault.what(), {}});
                   }
                 });
}

}  // namespace

result<client_response> http_request(client_request request) {
  trust_anchors trust;
  asio::io_context context(1);
  result<client_response> answer(error{errc::timeout, "no answer in time", {}});
  // The resolver alone knows no deadline: the loop's end is one more.
  const auto limit = request.timeout + milliseconds{1000};
  start(context, trust, std::move(request), [&answer](result<client_response> came) { answer = std::move(came); });
  context.run_for(limit);
  return answer;
}

struct http_caller::state {
  explicit state(std::size_t bound) : in_flight_max(bound) {}
  std::size_t in_flight_max;
  std::atomic<std::size_t> in_flight{0};
  trust_anchors trust;  // the thread's
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  std::thread thread{[this] { context.run(); }};
};

http_caller::http_caller(std::size_t in_flight_max) : state_(std::make_unique<state>(in_flight_max)) {}

http_caller::~http_caller() {
  state_->context.stop();
  state_->thread.join();
}

void http_caller::call(client_request request, std::function<void(result<client_response>)> done) {
  if (state_->in_flight.fetch_add(1) >= state_->in_flight_max) {
    state_->in_flight.fetch_sub(1);
    return done(error{errc::over_limit, "too many calls under way", {}});
  }
  asio::post(state_->context, [state = state_.get(), request = std::move(request), done = std::move(done)]() mutable {
    start(state->context, state->trust, std::move(request),
          [state, done = std::move(done)](result<client_response> answer) {
            state->in_flight.fetch_sub(1);
            done(std::move(answer));
          });
  });
}

}  // namespace fanfare::server
