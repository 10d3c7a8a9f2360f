// A stranger's back-end: publishes through the installed fanfare::broadcaster. Nobody listens on the discard port of
// this host, so what it must get is a failure that says so.

#include <iostream>

#include <fanfare/broadcaster.hpp>

int main() {
  fanfare::broadcaster out(fanfare::http_sink({.url = "http://127.0.0.1:9", .attempts = 1}));
  const auto sent = out.broadcast_project_updated({.project_id = "p1", .changes = fanfare::object{{"name", "Apollo"}}});
  std::cout << (sent ? "sent" : sent.error().detail) << '\n';
  return !sent && sent.error().code == fanfare::errc::unavailable ? 0 : 1;
}
