#include "api/publish/line_assembler.hpp"

#include <utility>

namespace fanfare::api {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view blanks = " \t\r";

}  // namespace

std::optional<line_assembler::line> line_assembler::whole(std::string_view text) const {
  if (number_ == 1 && text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return std::nullopt;
  return line{number_, text.substr(first, text.find_last_not_of(blanks) - first + 1), false};
}

std::optional<line_assembler::line> line_assembler::next(std::string_view& input) {
  while (!input.empty()) {
    if (!std::exchange(within_, true)) {
      ++number_;
      held_.clear();
      pending_bytes_ = 0;
      skipping_ = false;
    }
    const auto end = input.find('\n');
    const auto part = input.substr(0, end);
    const bool ended = end != std::string_view::npos;
    input.remove_prefix(part.size() + (ended ? 1 : 0));
    pending_bytes_ += part.size();
    within_ = !ended;
    if (skipping_) continue;
    if (pending_bytes_ > line_bytes_max_) {
      skipping_ = true;
      held_ = {};
      return line{number_, {}, true};
    }
    if (!ended || !held_.empty()) held_ += part;
    if (!ended) continue;
    if (auto found = whole(held_.empty() ? part : std::string_view(held_))) return found;
  }
  return std::nullopt;
}

std::optional<line_assembler::line> line_assembler::finish() {
  if (!std::exchange(within_, false) || skipping_) return std::nullopt;
  return whole(held_);
}

}  // namespace fanfare::api
