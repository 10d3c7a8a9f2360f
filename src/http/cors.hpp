#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <fanfare/http/server.hpp>

// The CORS protocol of the Fetch standard: a policy and a request -> header fields. Pure. Inbound: connection.

namespace fanfare::http {

class cors {
 public:
  explicit cors(cors_policy policy);

  /// Whether the policy, not a route, is to answer this request.
  [[nodiscard]] bool is_preflight(const request& asked) const noexcept;
  /// Whether the request's origin may use what is not for strangers: listed, the same host, or no browser's at all.
  [[nodiscard]] bool admits(const request& asked) const noexcept;
  /// 204, with the permissions when the origin is allowed and without them when it is not.
  [[nodiscard]] response answer_preflight(const request& asked) const;
  /// Adds the policy's fields to an answer, an error included. A handler's own are left alone.
  void decorate(const request& asked, fields& headers) const;

 private:
  [[nodiscard]] bool on() const noexcept { return !policy_.origins.empty(); }
  /// What Access-Control-Allow-Origin says.
  [[nodiscard]] std::optional<std::string_view> allowed_origin(const request& asked) const noexcept;

  cors_policy policy_;
  bool any_origin_;
};

/// Adds a field's name to Vary unless it is there.
void add_vary(fields& headers, std::string_view name);

}  // namespace fanfare::http
