// Events from publishers: what is accepted, completed and sent is itself an event that is accepted as the same; and a
// payload that is valid goes to rooms that exist.
#include <fanfare/base/json.hpp>

#include "domain/access/access_policy.hpp"
#include "domain/catalogue/catalogue.hpp"
#include "domain/envelope.hpp"
#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  using fuzz::require;
  const auto item = json::parse(fuzz::as_text(data, size));
  if (!item) return 0;
  const domain::envelope_limits limits;
  auto first = domain::parse_draft(*item, limits);
  if (!first) {
    require(first.error().pointer.empty() || first.error().pointer.front() == '/', "a place is a JSON Pointer");
    return 0;
  }
  require(first->rooms.size() <= limits.rooms_max && first->extensions.size() <= limits.extensions_max,
          "bounds are kept");
  for (const auto& room : first->rooms) require(domain::parse_room(room).has_value(), "a room that exists");

  static const domain::catalogue known;
  if (const auto* type = known.find(first->type); type != nullptr && domain::validate(*type, first->data)) {
    for (const auto& room : domain::default_rooms(*type, first->data)) {
      require(domain::parse_room(room).has_value(), "a valid payload goes to rooms that exist");
    }
    (void)domain::conflate_key(*type, first->data);
  }

  if (first->id.empty()) first->id = domain::make_event_id(0, real_world());
  if (first->source.empty()) first->source = "/fuzz";
  if (first->time.empty()) first->time = "2026-01-02T03:04:05.678Z";
  if (first->rooms.empty()) first->rooms = {"global"};
  auto envelope = domain::build_envelope(*first);
  const auto second = domain::parse_draft(envelope, limits);
  require(second.has_value(), "what is sent is an event");
  require(second->type == first->type && second->id == first->id && second->source == first->source &&
              second->time == first->time && second->rooms.front() == first->rooms.front(),
          "parse(build(x)) = x");
  require(second->data == first->data && value(second->extensions) == value(first->extensions), "parse(build(x)) = x");
  domain::set_cursor(envelope, "e-1");
  require(json::parse(json::write(envelope)).has_value(), "it is JSON");
  return 0;
}
