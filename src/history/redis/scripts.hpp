#pragma once

// The scripts that Redis runs for the log, as the .lua files beside this one have them: store.lua before each of the
// others. Embedded when the build is configured (scripts.cmake).

#include <string>

namespace fanfare::history::scripts {

[[nodiscard]] const std::string& append();
[[nodiscard]] const std::string& join();
[[nodiscard]] const std::string& read();
[[nodiscard]] const std::string& trim();

}  // namespace fanfare::history::scripts
