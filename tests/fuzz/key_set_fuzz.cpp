// JWK sets of any shape: keys come out within their bound, of allowed algorithms, and verify nothing by chance.
#include "domain/access/key_set.hpp"

#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  using fuzz::require;
  const auto text = fuzz::as_text(data, size);
  for (const bool symmetric : {false, true}) {
    std::vector<domain::jws_algorithm> allowed;
    if (symmetric) allowed = {domain::jws_algorithm::hs256};
    const auto set = domain::parse_jwk_set(text, allowed);
    if (!set) continue;
    require(set->keys.size() <= 100, "a set is bounded");
    for (const auto& key : set->keys) {
      const bool is_hs = domain::to_text(key.algorithm()).starts_with("HS");
      require(is_hs == symmetric, "only allowed algorithms");
      require(set->has_kid(key.kid()) || key.kid().empty(), "a key is found by its kid");
      require(!key.verify("a.b", "chance") && !key.verify("a.b", ""), "nothing verifies by chance");
    }
  }
  return 0;
}
