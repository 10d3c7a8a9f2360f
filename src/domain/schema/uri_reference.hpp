#pragma once

// URI references (RFC 3986 §4.1, §5.2), as $id and $ref hold them. Pure.

#include <string>
#include <string_view>

namespace fanfare::domain {

/// What `reference` means where `base` counts ("" : nowhere), dots removed, its fragment kept.
[[nodiscard]] std::string resolve_uri(std::string_view base, std::string_view reference);
/// The part before '#'.
[[nodiscard]] std::string_view without_fragment(std::string_view uri) noexcept;
/// The part behind it, "" without one; still percent-encoded.
[[nodiscard]] std::string_view fragment_of(std::string_view uri) noexcept;

}  // namespace fanfare::domain
