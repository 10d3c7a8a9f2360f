#pragma once

// The typed broadcaster of sdk/cpp inside the server's own process.
// Inbound: fanfare::broadcaster. Outbound: domain::publishing.

#include <functional>
#include <string>
#include <utility>

#include <fanfare/event_sink.hpp>

#include "domain/publishing.hpp"

namespace fanfare::domain {

/// Waits for the log's answer, so not on a thread that the log needs for it. Publishes as `publisher`, for whom ids
/// and repeats count. Thread: any.
class in_process_sink : public event_sink {
 public:
  struct clock {
    std::function<system_time()> now;
    std::function<steady_time()> steady_now;
  };
  in_process_sink(publishing& events, clock time, std::string publisher)
      : events_(events), time_(std::move(time)), publisher_(std::move(publisher)) {}

  [[nodiscard]] result<fanfare::accepted> publish(std::string type, object data,
                                                  const publish_options& options) override;

 private:
  publishing& events_;
  const clock time_;
  const std::string publisher_;
};

}  // namespace fanfare::domain
