// Client frames: however the bytes are cut, the same messages and the same end come out.

#include <cstdlib>
#include <memory>
#include <vector>

#include "websocket/message_assembler.hpp"

namespace {

using fanfare::websocket::assembled;

std::vector<assembled> assemble(std::string bytes, std::size_t step) {
  fanfare::websocket::message_assembler assembler({.message_bytes_max = 4096, .fragments_max = 64}, nullptr);
  std::vector<assembled> all;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::span<char> input(bytes.data() + at, std::min(step, bytes.size() - at));
    while (!input.empty()) {
      assembled next = assembler.next(input);
      if (next.type != assembled::kind::none) all.push_back(std::move(next));
    }
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  const std::string bytes(data, size);
  const auto whole = assemble(bytes, size + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}}) {
    const auto cut = assemble(bytes, step);
    if (cut.size() != whole.size()) std::abort();
    for (std::size_t n = 0; n < cut.size(); ++n) {
      if (cut[n].type != whole[n].type || cut[n].code != whole[n].code || cut[n].bytes != whole[n].bytes) std::abort();
    }
  }
  return 0;
}
