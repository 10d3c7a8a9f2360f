#pragma once

// Floor 7. Serves the dashboard at /dashboard/: its files, and what it may know before anybody has signed in. What it
// shows it asks of the HTTP API and of Socket.IO, as any client does, with an admin's token.
// Inbound: floor 8. Outbound: dashboard_files.

#include <span>
#include <string>

#include <fanfare/base/value.hpp>
#include <fanfare/http/server.hpp>

#include "api/dashboard/dashboard_files.hpp"

namespace fanfare::api {

struct dashboard {
  std::span<const dashboard_file> files;
  std::string version;
  /// {token, key, hints:[{title, line}]} for `serve --dev`, null otherwise. Set before the server starts.
  value dev = {};
  /// Whether `dev` is for pages of any host: `--dev-public`. Otherwise for those that name this machine by an address or
  /// as localhost, so that nobody's host name that leads here (DNS rebinding) gets a page of its own to read it.
  bool dev_public = false;
};

/// GET /dashboard/ and below. Before the server's start(). `page` must outlive it.
void attach_dashboard(http::server& web, const dashboard& page);

}  // namespace fanfare::api
