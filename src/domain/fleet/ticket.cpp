#include "domain/fleet/ticket.hpp"

#include <array>
#include <charconv>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/digest.hpp>

namespace fanfare::domain {

namespace {

constexpr std::string_view version = "v1";

std::string code_of(std::string_view shown, const http::request& of, std::string_view secret) {
  std::string text = "fanfare fleet\n";
  // Each behind its length: no two requests give one text.
  for (const std::string_view part :
       {shown, std::string_view(of.method), std::string_view(of.target), std::string_view(of.body)}) {
    text += std::to_string(part.size()) + ":";
    text += part;
  }
  return base64url_encode(hmac_sha256(secret, text));
}

}  // namespace

std::string write_ticket(const ticket& shown, const http::request& of, std::string_view secret) {
  const auto what = std::string(version) + " " + shown.node + " " + std::to_string(shown.time_ms) + " " +
                    (shown.client_address.empty() ? "-" : shown.client_address);
  return what + " " + code_of(what, of, secret);
}

result<std::optional<ticket>> read_ticket(const http::request& of, std::string_view secret, std::int64_t now_ms) {
  const auto field = of.headers.get(ticket::field);
  if (!field) return std::optional<ticket>();
  std::array<std::string_view, 5> parts;
  std::string_view rest = *field;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto space = i + 1 < parts.size() ? rest.find(' ') : rest.size();
    if (space == std::string_view::npos) return errc::forbidden;
    parts[i] = rest.substr(0, space);
    rest.remove_prefix(std::min(rest.size(), space + 1));
  }
  const auto what = field->substr(0, field->size() - parts[4].size() - 1);
  if (secret.empty() || parts[0] != version || !constant_time_equal(parts[4], code_of(what, of, secret))) {
    return errc::forbidden;
  }
  ticket out{std::string(parts[1]), 0, parts[3] == "-" ? std::string() : std::string(parts[3])};
  const auto [end, failure] = std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), out.time_ms);
  if (failure != std::errc{} || end != parts[2].data() + parts[2].size()) return errc::forbidden;
  if (out.time_ms < now_ms - ticket::age_max_ms || out.time_ms > now_ms + ticket::age_max_ms) return errc::forbidden;
  return std::optional(std::move(out));
}

}  // namespace fanfare::domain
