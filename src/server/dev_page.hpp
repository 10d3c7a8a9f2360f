#pragma once

// Floor 8. The live demo of `fanfare serve --dev`, one page without a fetched byte.
// Inbound: dev_mode. Outbound: the browser.

#include <string_view>

namespace fanfare::server {

/// dev_page.html, with @DEV@ where the page's own JSON (token, key, event types) goes.
extern const std::string_view dev_page_template;

}  // namespace fanfare::server
