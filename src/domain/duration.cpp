#include "domain/duration.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace fanfare::domain {

result<std::chrono::seconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  const auto found = std::ranges::find(units, unit, &std::pair<std::string_view, std::int64_t>::first);
  constexpr std::int64_t max_s = 315360000;
  if (code != std::errc{} || found == std::end(units) || number < 1 || number > max_s / found->second) {
    return error{errc::bad_request, "must be a time like 30m, 1h or 7d, at most ten years", {}};
  }
  return std::chrono::seconds(number * found->second);
}

}  // namespace fanfare::domain
