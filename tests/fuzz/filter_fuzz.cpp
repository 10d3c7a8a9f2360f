// Filters from strangers: parsing ends and stays in its bounds, the canonical text means the same, matching never
// fails. An input is a filter, a line break, an envelope.
#include <fanfare/base/json.hpp>

#include "domain/filter.hpp"
#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  using fuzz::require;
  auto text = fuzz::as_text(data, size);
  const auto item = json::parse(fuzz::take_until(text, '\n'));
  if (!item) return 0;
  const domain::filter_limits limits;
  const auto first = domain::filter::parse(*item, limits);
  if (!first) {
    require(first.error().pointer.empty() || first.error().pointer.front() == '/', "a place is a JSON Pointer");
    return 0;
  }
  const auto& one = **first;
  require(one.canonical().size() <= limits.bytes_max, "the canonical text is within its bound");
  require(one.hash().size() == 22, "a hash names the room");
  const auto again = json::parse(one.canonical());
  require(again.has_value(), "the canonical text is JSON");
  const auto second = domain::filter::parse(*again, limits);
  require(second.has_value(), "the canonical text is a filter");
  require((*second)->canonical() == one.canonical() && (*second)->hash() == one.hash(), "canonical is stable");
  if (const auto envelope = json::parse(text)) {
    require(one.matches(*envelope) == (*second)->matches(*envelope), "the canonical filter means the same");
  }
  (void)one.matches({});
  return 0;
}
