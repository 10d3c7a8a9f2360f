#pragma once

// Where a broadcaster's events go: over HTTP (http_event_sink), into a server of the same process, or a test's list.

#include <string>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare {

/// What the server answered for one event.
struct accepted {
  std::string id;
  std::string cursor;
};

/// What every event may carry beside its payload. Empty: the server's own choice.
struct publish_options {
  std::vector<std::string> rooms = {};  // instead of the type's default rooms
  std::string id = {};                  // the same id is accepted once within the server's window
  std::string source = {};              // URI-reference
  std::string time = {};                // RFC 3339
  std::string traceparent = {};         // W3C trace context
};

class event_sink {
 public:
  virtual ~event_sink() = default;

  /// Publishes one event and waits for the answer. Fails: bad_request with the pointer of the fault ("/data/progress"),
  /// unauthorized, forbidden, payload_too_large, rate_limited, unavailable, timeout. Thread: any.
  [[nodiscard]] virtual result<accepted> publish(std::string type, object data, const publish_options& options) = 0;
};

}  // namespace fanfare
