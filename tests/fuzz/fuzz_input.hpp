// What every target is made of: a claim that ends the process when it does not hold, and inputs cut in ways that
// depend on nothing but their bytes, so that a reproducer is one file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace fanfare::fuzz {

/// Ends the process, which is how libFuzzer learns of a fault; also where assertions are compiled out.
inline void require(bool holds, const char* claim) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", claim);
  std::abort();
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Takes the front of `text` up to the separator, which goes too; all of it when there is none.
inline std::string_view take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto front = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return front;
}

/// Numbers that follow from the bytes they are seeded with (FNV-1a, then xorshift64*).
class dice {
 public:
  explicit dice(std::string_view seed) noexcept {
    for (const char c : seed) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    if (state_ == 0) state_ = 1;
  }
  std::uint64_t roll() noexcept {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1DU;
  }
  std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>((roll() >> 16) % bound); }

 private:
  std::uint64_t state_ = 0xCBF29CE484222325U;
};

enum class cut : std::uint8_t { whole, single, random };
inline constexpr std::array cuts = {cut::whole, cut::single, cut::random};

/// Hands `bytes` to `take` in parts, each in memory of its own so that ASan sees a byte read past its end. `take`
/// gets a char* and a size and gives whether it wants more.
template <class Take>
void feed_in_parts(std::string_view bytes, cut how, Take&& take) {
  dice random(bytes);
  bool wants_more = true;
  while (wants_more && !bytes.empty()) {
    std::size_t size = bytes.size();
    if (how == cut::single) size = 1;
    if (how == cut::random) size = random.below(2) == 0 ? random.below(8) : random.below(bytes.size() + 1);
    if (size > bytes.size()) size = bytes.size();
    const std::unique_ptr<char[]> part(new char[size]);
    std::memcpy(part.get(), bytes.data(), size);
    wants_more = take(part.get(), size);
    bytes.remove_prefix(size);
  }
}

}  // namespace fanfare::fuzz
