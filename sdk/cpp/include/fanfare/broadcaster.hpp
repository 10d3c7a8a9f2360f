#pragma once

// Publishing from C++: a typed method a domain event, over whatever sink. For example:
//
//   fanfare::broadcaster out(fanfare::http_sink({.url = "http://127.0.0.1:8000", .key = key}));
//   auto sent = out.broadcast_project_updated({.project_id = "p1", .changes = fanfare::object{{"name", "Apollo"}}});

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <fanfare/base/executor.hpp>
#include <fanfare/event_sink.hpp>
#include <fanfare/events.hpp>

namespace fanfare {

struct http_sink_options {
  std::string url = "http://127.0.0.1:8000";  // of the server: http:// or https://, without a path
  std::string key;                            // a service key, or a token with the scope events:publish
  std::string source = {};                    // of events that name none
  milliseconds timeout{10000};                // of one attempt, from connecting to the end of the answer
  unsigned attempts = 5;                      // the first one included
  milliseconds backoff{200};                  // before the second attempt; doubles, up to backoff_max
  milliseconds backoff_max{5000};             // also the most that a Retry-After is obeyed
  std::size_t idle_connections_max = 8;       // kept open between calls
};

/// POST /api/v1/events over kept-alive connections. What was not answered, and 429, 502, 503 and 504, is tried again
/// with the same event id, so that an event whose answer was lost is not sent twice. Certificates are verified.
/// Throws std::invalid_argument when the URL is unusable. Thread: any; each call waits on its own thread.
[[nodiscard]] std::unique_ptr<event_sink> http_sink(http_sink_options options);

/// `broadcast_*` for every domain event of the catalogue (events.hpp), and publish() for a deployment's own types.
/// Thread: any, if the sink's is.
class broadcaster : public events::broadcast_methods {
 public:
  explicit broadcaster(std::unique_ptr<event_sink> sink) : sink_(std::move(sink)) {}

  [[nodiscard]] result<accepted> publish(std::string type, object data, const publish_options& options = {}) override {
    return sink_->publish(std::move(type), std::move(data), options);
  }

 private:
  std::unique_ptr<event_sink> sink_;
};

}  // namespace fanfare
