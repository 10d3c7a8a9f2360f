// RFC 6901: the pointer made for each place of a document leads there; any text leads somewhere or nowhere. An input
// is a pointer, a line break, a document.
#include <fanfare/base/json.hpp>

#include "domain/catalogue/json_pointer.hpp"
#include "fuzz_input.hpp"

namespace {

using namespace fanfare;

void walk(const value& document, const value& item, const std::string& pointer, int& left) {
  if (--left < 0) return;
  fuzz::require(document.at_pointer(pointer) == &item, "a place's pointer leads to it");
  if (const auto* items = item.if_array()) {
    for (std::size_t i = 0; i < items->size(); ++i) walk(document, (*items)[i], domain::pointer_to(pointer, i), left);
  }
  if (const auto* members = item.if_object()) {
    for (const auto& [name, content] : *members) walk(document, content, domain::pointer_to(pointer, name), left);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = fuzz::as_text(data, size);
  const auto pointer = fuzz::take_until(text, '\n');
  const auto document = json::parse(text);
  if (!document) return 0;
  (void)document->at_pointer(pointer);
  int places_max = 500;
  walk(*document, *document, "", places_max);
  return 0;
}
