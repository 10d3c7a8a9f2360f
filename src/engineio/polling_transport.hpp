#pragma once

// HTTP long-polling: the GET that waits for packets, and the answers that carry them or confirm a POST.
// Inbound: exchanges, already verified. Outbound: payloads from send_queue, as the bodies of their answers.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <fanfare/engineio/server.hpp>

#include "engineio/counters.hpp"
#include "engineio/send_queue.hpp"

namespace fanfare::engineio {

class polling_transport {
 public:
  /// `options` and `sid` outlive this.
  polling_transport(const server_options& options, const std::string& sid) : options_(options), sid_(sid) {}

  /// Keeps the GET until there is something to say. Gives its number, by which its abortion is known later: it may
  /// be reported from another worker when the next GET is already here.
  std::uint64_t park(http::exchange_ptr poll);
  [[nodiscard]] bool is_parked(std::uint64_t number) const noexcept { return parked_ != nullptr && number == number_; }
  [[nodiscard]] bool parked() const noexcept { return parked_ != nullptr; }
  http::exchange_ptr forget() noexcept { return std::exchange(parked_, nullptr); }

  /// Answers the parked GET.
  void answer(std::string payload, bool compress = false);
  /// Answers it with what is queued, as far as max_payload_bytes reaches. The first answer of a session is OPEN
  /// alone, as in Node: clients and tests read that body as one packet. Gives how many packets left.
  std::size_t answer_from(send_queue& queue);
  /// Whether the handshake is still unanswered.
  [[nodiscard]] bool opening() const noexcept { return opening_; }

  /// "ok", to a POST.
  void confirm(const http::exchange_ptr& post) const;
  /// An empty answer with that status.
  void refuse(const http::exchange_ptr& any, unsigned status) const;

 private:
  [[nodiscard]] http::response response_to(const http::request& request, std::string_view type, std::string body) const;

  const server_options& options_;
  const std::string& sid_;
  http::exchange_ptr parked_;
  std::uint64_t number_ = 0;
  bool opening_ = true;
};

/// The headers of options.headers, which go on every answer.
void add_headers(http::fields& fields, const http::request& request, const server_options& options, bool initial);

}  // namespace fanfare::engineio
