// The body of a polling POST: never more packets than allowed, never a crash.

#include <cstdlib>

#include "engineio/payload_codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  constexpr std::size_t packets_max = 100;
  if (fanfare::engineio::decode_payload({data, size}, packets_max).packets.size() > packets_max) std::abort();
  return 0;
}
