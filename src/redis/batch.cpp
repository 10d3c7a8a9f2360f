#include "redis/batch.hpp"

#include <algorithm>

#include "redis/resp_codec.hpp"
#include "redis/slots.hpp"

namespace fanfare::redis {

namespace {

bool is_multi(std::string_view word) {
  constexpr std::string_view name = "multi";
  return std::equal(word.begin(), word.end(), name.begin(), name.end(), [](char given, char lower) {
    return given == lower || given == static_cast<char>(lower - 'a' + 'A');
  });
}

}  // namespace

batch& batch::add(std::span<const std::string_view> command) {
  if (command.empty()) return *this;
  if (ends_.empty()) transaction_ = is_multi(command.front());
  write_command(bytes_, command);
  ends_.push_back(bytes_.size());
  return *this;
}

batch& batch::at_key(std::string_view key) { return at_slot(slot_of(key)); }

batch batch::asking() const {
  constexpr std::string_view word = "ASKING";
  batch out;
  std::size_t from = 0;
  for (const auto end : ends_) {
    out.add(std::span(&word, 1));
    out.bytes_.append(bytes_, from, end - from);
    out.ends_.push_back(out.bytes_.size());
    from = end;
  }
  out.slot_ = slot_;
  return out;
}

}  // namespace fanfare::redis
