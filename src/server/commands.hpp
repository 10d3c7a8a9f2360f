#pragma once

// Floor 8. What each command of the program does once its arguments are read. All give the exit code: 0 done, 1 failed.
// Inbound: command_line. Outbound: service, http_client, listen_client, domain's formats.

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "server/authorization.hpp"
#include "server/configuration/configuration.hpp"

namespace fanfare::server {

struct streams {
  std::ostream& out;
  std::ostream& err;
};

/// Reads where every command's configuration comes from: `path` (may be ""), then the environment.
struct config_sources {
  std::string path;
  const char* const* environment = nullptr;
};
[[nodiscard]] configuration load(const config_sources& from);

struct serve_request {
  config_sources from;
  std::string listen;   // "": as configured
  std::string workers;  // "": as configured
  bool dev = false;
  bool dev_public = false;          // also where others than this machine reach it
  std::string program = "fanfare";  // how it was called, for lines to paste
};
/// Serves until SIGTERM or SIGINT; SIGHUP reloads (serve.cpp). Blocks these signals in the calling thread.
int run_serve(const serve_request& asked, const streams& io);

int run_token(const config_sources& from, const token_request& asked, const streams& io);

struct publish_request {
  std::string type;
  std::string data = "{}";  // JSON, or @file, or @- for standard input
  std::vector<std::string> rooms;
  std::string id;
  std::string url;
  std::string key;
};
int run_publish(const publish_request& asked, const streams& io);

struct listen_request {
  std::vector<std::string> rooms;
  std::string since;
  std::string url;
  std::string token;
  std::optional<unsigned> retries = std::nullopt;  // without: for ever
  std::optional<std::size_t> last = std::nullopt;  // first the newest so many
};
int run_listen(const listen_request& asked, const streams& io);

/// `format`: table, json-schema, asyncapi, typescript, python, cpp, markdown.
int run_events(const config_sources& from, const std::string& format, const streams& io);
/// Whether files of event types would be taken at a start, each with its fault. Throws config_error.
int run_events_check(const config_sources& from, const std::vector<std::string>& paths, const streams& io);
/// Everything that run_serve() would refuse before it listens, told at once. Throws config_error.
/// `production`: what of the production checklist is not ticked too; 1 when there are warnings.
int run_config_check(const config_sources& from, bool production, const streams& io);
int run_config_show(const config_sources& from, const streams& io);

}  // namespace fanfare::server
