#pragma once

#include <string_view>

// The formats of JSON Schema 2020-12 (validation §7.3). Pure.

namespace fanfare::domain {

/// Whether the text has the format. Those of names that are not the specification's are had by every text; the
/// internationalised ones (idn-…, iri…) are taken as far as they differ from the plain ones by their letters.
[[nodiscard]] bool has_format(std::string_view name, std::string_view text);

}  // namespace fanfare::domain
