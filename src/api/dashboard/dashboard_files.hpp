#pragma once

// Floor 7. The dashboard's files as the build has made them of web/ (web/embed.mjs). Inbound: dashboard.

#include <cstddef>
#include <span>
#include <string_view>

namespace fanfare::api {

struct dashboard_file {
  std::string_view path;  // below /dashboard/
  std::string_view media;
  std::string_view tag;  // the entity tag, weak: one for the file in gzip and as it is
  bool immutable;        // named after its content
  std::span<const unsigned char> gzip;
  std::size_t bytes;  // unpacked
};

/// By path; none in a build without a dashboard.
[[nodiscard]] std::span<const dashboard_file> dashboard_files() noexcept;

}  // namespace fanfare::api
