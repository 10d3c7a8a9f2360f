#include "server/configuration/secret_strength.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>

namespace fanfare::server {

namespace {

// Of eight different characters or fewer is no random text of 16: base64 and hexadecimal digits come to twice as many.
constexpr std::size_t different_min = 8;

/// What placeholders and first guesses are made of. Of six letters or more: shorter ones turn up in random text.
constexpr std::string_view tried_words[] = {"changeme",     "change-me", "change_me",     "change this",  "change-this",
                                            "change_this",  "replace",   "password",      "passphrase",   "secret",
                                            "example",      "default",   "development",   "production",   "placeholder",
                                            "openssl",      "fanfare",   "letmein",       "qwerty",       "insecure",
                                            "deadbeef",     "your-key",  "your_key",      "service-key",  "one-key-for",
                                            "keyboard cat", "shhhhh",    "the output of", "rand -base64", "rand -hex"};

/// Characters beside a neighbour of the alphabet, or the same once more: "aaaa", "abcd", "4321".
std::size_t steps_of_one(std::string_view text) {
  std::size_t steps = 0;
  for (std::size_t at = 1; at < text.size(); ++at) {
    steps += std::abs(static_cast<unsigned char>(text[at]) - static_cast<unsigned char>(text[at - 1])) <= 1;
  }
  return steps;
}

/// Whether all of it is its beginning again and again.
bool repeats_itself(std::string_view text) {
  for (std::size_t period = 1; period <= text.size() / 2; ++period) {
    if (text.substr(period) == text.substr(0, text.size() - period)) return true;
  }
  return false;
}

/// How many characters are left without the words, and none when it has no such word.
std::size_t beside_words(std::string text, bool& has_word) {
  std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::tolower(letter); });
  for (const auto word : tried_words) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) {
      has_word = true;
      text.erase(at, word.size());
    }
  }
  return text.size();
}

}  // namespace

std::string why_guessable(std::string_view secret, std::size_t bytes) {
  if (std::set<char>(secret.begin(), secret.end()).size() < different_min) return "has few different characters";
  if (repeats_itself(secret)) return "is one text again and again";
  if (steps_of_one(secret) * 2 > secret.size()) return "counts through the alphabet";
  bool has_word = false;
  if (beside_words(std::string(secret), has_word) < bytes && has_word) return "has words that everybody tries";
  return {};
}

}  // namespace fanfare::server
