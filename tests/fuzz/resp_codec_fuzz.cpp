// RESP2 and RESP3: whatever comes, in whatever portions, gives the same replies and the same end, within the limits.
#include <string>

#include "fuzz_input.hpp"
#include "redis/resp_codec.hpp"

namespace {

using namespace fanfare;
using fuzz::require;

constexpr redis::reply_limits tight{4096, 64, 4, 256};

// One reply, canonically; how deep and how many elements are within the limits.
void append(std::string& out, const redis::reply& each, std::size_t depth, std::size_t& elements) {
  require(depth <= tight.depth_max, "no deeper than the bound");
  ++elements;
  out += std::to_string(static_cast<int>(each.type)) + ":" + std::to_string(each.text.size()) + ":" + each.text + ":" +
         std::to_string(each.integer) + "(";
  for (const auto& inner : each.elements) append(out, inner, depth + 1, elements);
  out += ")";
}

std::string read(std::string_view bytes, fuzz::cut how) {
  redis::resp_reader reader(tight);
  std::string out;
  bool failed = false;
  fuzz::feed_in_parts(bytes, how, [&](const char* part, std::size_t size) {
    reader.feed({part, size});
    for (;;) {
      auto next = reader.next();
      if (!next) {
        out += "!" + next.error().detail;
        failed = true;
        require(!reader.next(), "it stays failed");
        return false;
      }
      if (!*next) break;
      std::size_t elements = 0;
      append(out, **next, 0, elements);
      require(elements <= tight.elements_max + 1, "no more elements than the bound");
    }
    return true;
  });
  if (!failed) require(reader.held_bytes() <= bytes.size(), "it holds no more than came");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::as_text(data, size);
  const auto whole = read(bytes, fuzz::cut::whole);
  for (const auto how : fuzz::cuts) require(read(bytes, how) == whole, "portions change nothing");
  return 0;
}
