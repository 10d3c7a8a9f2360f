// A connection's bytes give the same requests, or the same refusal at the same place, however they are cut; and what
// was understood, written out plainly, is understood the same: no request hides in another (RFC 9112 §11.2). Streamed,
// a body within the bound is the same, part after part.
#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "fuzz_input.hpp"
#include "http/request_codec.hpp"

namespace {

using namespace fanfare;
using fuzz::require;

constexpr std::size_t header_bytes_max = 2048, target_bytes_max = 512, body_bytes_max = 1024;

struct outcome {
  std::vector<http::request> requests;
  std::vector<bool> kept_alive;
  unsigned status = 0;  // of the failure, 0 for none
  std::string cause, detail;
};

bool same(const http::request& a, const http::request& b) {
  return a.method == b.method && a.target == b.target && a.path == b.path && a.query == b.query && a.body == b.body &&
         std::equal(a.headers.begin(), a.headers.end(), b.headers.begin(), b.headers.end());
}

class reader {
 public:
  explicit reader(bool streams = false) : streams_(streams) {}
  /// False once the connection is of no further use.
  bool feed(std::string_view input) {
    while (!input.empty()) {
      auto step = codec_.feed(input);
      if (step == http::request_codec::step::head) {
        step = codec_.begin_body(streams_ ? http::request_codec::unbounded : body_bytes_max);
      }
      if (streams_ && codec_.head_done()) body_ += codec_.take_body();
      if (step == http::request_codec::step::failed) {
        const auto& failure = codec_.failure();
        seen.status = failure.status, seen.cause = failure.cause, seen.detail = failure.detail;
        return false;
      }
      if (step != http::request_codec::step::complete) continue;
      seen.kept_alive.push_back(codec_.keep_alive());
      seen.requests.push_back(codec_.take());
      if (streams_) seen.requests.back().body = std::exchange(body_, {});
      codec_.reset();
      require(!codec_.started(), "nothing is left after reset()");
    }
    return true;
  }
  outcome seen;

 private:
  bool streams_;
  std::string body_;
  http::request_codec codec_{header_bytes_max, target_bytes_max};
};

bool is(std::string_view name, std::string_view lower) {
  return std::equal(name.begin(), name.end(), lower.begin(), lower.end(),
                    [](unsigned char a, char b) { return std::tolower(a) == b; });
}

void check(const http::request& one) {
  require(one.body.size() <= body_bytes_max && one.target.size() <= target_bytes_max, "bounds are kept");
  std::size_t framings = 0, hosts = 0;
  std::string plain = one.method + " " + one.target + " HTTP/1.1\r\n";
  for (const auto& [name, content] : one.headers) {
    require(!name.empty() && name.find_first_of(" \t\r\n:") == std::string::npos, "a field's name is a token");
    require(content.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a field is one line");
    if (is(name, "host")) ++hosts;
    if (is(name, "content-length") || is(name, "transfer-encoding"))
      ++framings;
    else if (!is(name, "expect"))
      plain.append(name).append(": ").append(content).append("\r\n");
  }
  require(framings <= 1, "one thing alone says where the body ends");
  require(hosts <= 1, "one Host");
  require(one.path == "*" || one.path.front() == '/', "a path is absolute");
  if (hosts == 0) plain.append("Host: a\r\n");
  plain.append("Content-Length: ").append(std::to_string(one.body.size())).append("\r\n\r\n").append(one.body);

  http::request_codec again(2 * header_bytes_max, target_bytes_max);
  std::string_view input = plain;
  auto step = again.feed(input);
  require(step == http::request_codec::step::head, "a request written out plainly is understood");
  step = again.begin_body(body_bytes_max);
  if (step == http::request_codec::step::need_more) step = again.feed(input);
  require(step == http::request_codec::step::complete && input.empty(), "and ends where it was written to end");
  const auto copy = again.take();
  require(copy.method == one.method && copy.path == one.path && copy.query == one.query && copy.body == one.body,
          "as the same request");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::as_text(data, size);
  outcome first;
  for (const bool streams : {false, true}) {
    if (streams && first.status == 413) break;  // whose body has no bound then
    for (const auto how : fuzz::cuts) {
      reader one(streams);
      fuzz::feed_in_parts(bytes, how, [&](const char* part, std::size_t length) { return one.feed({part, length}); });
      if (!streams && how == fuzz::cut::whole) {
        first = std::move(one.seen);
        for (const auto& each : first.requests) check(each);
        continue;
      }
      require(one.seen.status == first.status && one.seen.cause == first.cause && one.seen.detail == first.detail,
              "the same refusal however the bytes are cut");
      require(one.seen.kept_alive == first.kept_alive, "the same end of the connection however the bytes are cut");
      require(std::equal(first.requests.begin(), first.requests.end(), one.seen.requests.begin(),
                         one.seen.requests.end(), same),
              "the same requests however the bytes are cut");
    }
  }
  return 0;
}
