// The fast UTF-8 checks agree with a slow one written from RFC 3629's table, and cuts change nothing.
#include <fanfare/base/utf8.hpp>

#include "fuzz_input.hpp"

namespace {

/// The size of the whole sequence at the front, 0 when there is none.
std::size_t sequence_size(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U; };
  const auto tail = [&](std::size_t i) { return at(i) >= 0x80 && at(i) <= 0xBF; };
  const unsigned first = at(0);
  if (first <= 0x7F) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool second = first == 0xE0   ? at(1) >= 0xA0 && at(1) <= 0xBF
                        : first == 0xED ? at(1) >= 0x80 && at(1) <= 0x9F
                                        : tail(1);
    return second && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool second = first == 0xF0   ? at(1) >= 0x90 && at(1) <= 0xBF
                        : first == 0xF4 ? at(1) >= 0x80 && at(1) <= 0x8F
                                        : tail(1);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  const auto bytes = fuzz::as_text(data, size);
  std::size_t expected = 0;
  while (expected < size) {
    const auto sequence = sequence_size(bytes.substr(expected));
    if (sequence == 0) break;
    expected += sequence;
  }
  fuzz::require(valid_utf8_prefix(bytes) == expected, "valid_utf8_prefix agrees with the table");
  fuzz::require(is_valid_utf8(bytes) == (expected == size), "is_valid_utf8 agrees with the table");

  // Where the validator fails must not depend on the cuts: the length of the longest prefix it accepts.
  std::size_t failed_at = size + 1;
  utf8_validator slow;
  for (std::size_t i = 0; i < size && failed_at > size; ++i) {
    if (!slow.feed(bytes.substr(i, 1))) failed_at = i;
  }
  fuzz::require(failed_at > size || failed_at < expected + 4, "fails at the first byte that cannot be made good");
  for (const auto how : fuzz::cuts) {
    utf8_validator one;
    bool accepted = true;
    std::size_t fed = 0;
    fuzz::feed_in_parts(bytes, how, [&](const char* part, std::size_t length) {
      accepted = one.feed({part, length});
      fed += length;
      fuzz::require(accepted == (failed_at >= fed), "fails in the part that holds the fault");
      return accepted;
    });
    fuzz::require(one.complete() == (expected == size), "complete() agrees with the table");
    if (!accepted) fuzz::require(!one.feed("a"), "stays failed");
    one.reset();
    fuzz::require(one.feed("a") && one.complete(), "reset() begins anew");
  }
  return 0;
}
