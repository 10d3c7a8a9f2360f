#include "websocket/masking.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace fanfare::websocket {

void apply_mask(std::span<char> bytes, const masking_key& key, std::size_t offset) noexcept {
  using block = std::array<std::uint64_t, 4>;  // constant width, so that compilers make vector instructions of it
  std::array<unsigned char, 8> rotated;
  for (std::size_t i = 0; i < rotated.size(); ++i) rotated[i] = key[(offset + i) % key.size()];
  std::uint64_t word = 0;
  std::memcpy(&word, rotated.data(), sizeof word);

  char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= sizeof(block); at += sizeof(block), left -= sizeof(block)) {
    block words;
    std::memcpy(words.data(), at, sizeof words);
    for (auto& item : words) item ^= word;
    std::memcpy(at, words.data(), sizeof words);
  }
  for (std::size_t i = 0; i < left; ++i) at[i] = static_cast<char>(at[i] ^ static_cast<char>(rotated[i % 8]));
}

}  // namespace fanfare::websocket
