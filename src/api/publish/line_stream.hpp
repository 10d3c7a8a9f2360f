#pragma once

// Floor 7. POST /api/v1/events with lines: each is published as it completes, while the rest is still on its way.
// Inbound: publish. Outbound: line_assembler, publish_body, domain::publishing.

#include "api/publish/publish.hpp"

namespace fanfare::api {

/// Refused lines that an answer lists; it gives the number of all.
inline constexpr std::size_t errors_max = 100;

/// Publishes the exchange's body, a stream of lines, one event each; faulty ones are refused by themselves. Reads no
/// faster than the publisher's rate and the log allow. Answers at the end {accepted, duplicates, refused, lines,
/// events, errors}: 202, or the problem of the first refused line if none was accepted. What ends the stream early (a
/// credential that expires, draining, a log that is down, silence) is answered as a problem with the same members.
/// Nothing is published of a line that has not come to its end. Thread: any.
void publish_lines(const publish_endpoint& at, const http::exchange_ptr& exchange, const credential& who);

}  // namespace fanfare::api
