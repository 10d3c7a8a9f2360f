#include "api/dashboard/dashboard.hpp"

#include <zlib.h>

#include <algorithm>

#include "api/answers.hpp"

namespace fanfare::api {

namespace {

// Files of the server's own and nothing inline; connections to itself, Socket.IO's included. The images in data: URLs
// are those of the style sheet's controls.
constexpr std::string_view content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void guard(http::fields& headers) {
  headers.set("Content-Security-Policy", std::string(content_policy));
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("X-Frame-Options", "DENY");
  headers.set("Referrer-Policy", "no-referrer");
  // Whatever cors.origins says, a page of another origin has no business here: no CORS for these answers.
  headers.set("Access-Control-Allow-Origin", "none");
}

/// For the few who do not take gzip.
std::string unpacked(const dashboard_file& file) {
  std::string out(file.bytes, '\0');
  z_stream stream{};
  constexpr int gzip_window = 16 + MAX_WBITS;
  if (inflateInit2(&stream, gzip_window) != Z_OK) return {};
  stream.next_in = const_cast<unsigned char*>(file.gzip.data());
  stream.avail_in = static_cast<uInt>(file.gzip.size());
  stream.next_out = reinterpret_cast<unsigned char*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const auto outcome = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  return outcome == Z_STREAM_END ? out : std::string{};
}

void serve_file(const dashboard_file& file, const http::exchange_ptr& exchange) {
  const auto& asked = exchange->request().headers;
  http::response answer;
  guard(answer.headers);
  answer.headers.set("ETag", std::string(file.tag));
  answer.headers.set("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  answer.headers.set("Vary", "Accept-Encoding");
  if (asked.has_token("If-None-Match", file.tag)) {
    answer.status = 304;
    return exchange->respond(std::move(answer));
  }
  answer.headers.set("Content-Type", std::string(file.media));
  if (asked.has_token("Accept-Encoding", "gzip")) {
    answer.headers.set("Content-Encoding", "gzip");
    answer.body = shared_bytes(std::string(file.gzip.begin(), file.gzip.end()));
  } else {
    answer.body = shared_bytes(unpacked(file));
  }
  exchange->respond(std::move(answer));
}

/// An IP address or localhost: what no other page can have in its place.
bool names_an_address(std::string_view host) {
  if (host.starts_with('[')) return true;
  host = host.substr(0, host.find(':'));
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  return !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

void greet(const dashboard& page, const http::exchange_ptr& exchange) {
  object told{{"version", page.version}};
  const auto host = exchange->request().headers.get("Host").value_or("");
  if (!page.dev.is_null() && (page.dev_public || names_an_address(host))) told.set("dev", page.dev);
  auto answer = json_answer(200, std::move(told));
  guard(answer.headers);
  exchange->respond(std::move(answer));
}

}  // namespace

void attach_dashboard(http::server& web, const dashboard& page) {
  web.route("GET", "/dashboard", [](const http::exchange_ptr& exchange) {
    http::response answer{308, {}, {}};
    answer.headers.set("Location", "/dashboard/");
    exchange->respond(std::move(answer));
  });
  web.route("GET", "/dashboard/session.json", [&page](const http::exchange_ptr& exchange) { greet(page, exchange); });
  web.route("GET", "/dashboard/*", [&page](const http::exchange_ptr& exchange) {
    auto path = exchange->request().param("*");
    if (path.empty()) path = "index.html";
    const auto file = std::ranges::find(page.files, path, &dashboard_file::path);
    if (file == page.files.end()) return exchange->respond(problem({errc::not_found, {}, {}}));
    serve_file(*file, exchange);
  });
}

}  // namespace fanfare::api
