#include "engineio/polling_transport.hpp"

#include <limits>
#include <utility>

#include "engineio/payload_codec.hpp"

namespace fanfare::engineio {

namespace {
constexpr auto unbounded = std::numeric_limits<std::size_t>::max();
}

void add_headers(http::fields& fields, const http::request& request, const server_options& options, bool initial) {
  if (initial && options.initial_headers) options.initial_headers(fields, request);
  if (options.headers) options.headers(fields, request);
}

std::uint64_t polling_transport::park(http::exchange_ptr poll) {
  parked_ = std::move(poll);
  return ++number_;
}

http::response polling_transport::response_to(const http::request& request, std::string_view type,
                                              std::string body) const {
  http::response answer;
  answer.headers.add("Content-Type", std::string(type));
  // Internet Explorer's filter takes some payloads for cross-site scripting.
  const auto agent = request.headers.get("User-Agent");
  if (agent && (agent->find(";MSIE") != std::string_view::npos || agent->find("Trident/") != std::string_view::npos)) {
    answer.headers.add("X-XSS-Protection", "0");
  }
  answer.headers.add("cache-control", "no-store");
  if (opening_ && !options_.cookie.empty()) {
    answer.headers.add("Set-Cookie", options_.cookie + "=" + sid_ + "; Path=/; HttpOnly; SameSite=Lax");
  }
  add_headers(answer.headers, request, options_, opening_);
  answer.body = shared_bytes(std::move(body));
  return answer;
}

void polling_transport::answer(std::string payload, bool compress) {
  // The exchange is let go first: answering may bring the next GET.
  const auto poll = std::exchange(parked_, nullptr);
  auto answer = response_to(poll->request(), "text/plain; charset=UTF-8", std::move(payload));
  opening_ = false;
  poll->respond(std::move(answer), compress && options_.http_compression);
}

std::size_t polling_transport::answer_from(send_queue& queue) {
  const auto batch =
      queue.take(options_.max_payload_bytes, opening_ ? 1 : unbounded, &payload_bytes, /*uniform=*/false);
  std::string payload;
  for (const auto& packet : batch.packets) append_packet(payload, *packet);
  answer(std::move(payload), batch.compress);
  return batch.packets.size();
}

void polling_transport::confirm(const http::exchange_ptr& post) const {
  // text/html, not text/plain: some browsers offered to download the latter.
  post->respond(response_to(post->request(), "text/html", "ok"));
}

void polling_transport::refuse(const http::exchange_ptr& any, unsigned status) const {
  http::response answer;
  answer.status = status;
  add_headers(answer.headers, any->request(), options_, /*initial=*/false);
  any->respond(std::move(answer));
}

}  // namespace fanfare::engineio
