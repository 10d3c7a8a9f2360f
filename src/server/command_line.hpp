#pragma once

// Floor 8. The program's arguments -> commands.
// Inbound: main. Outbound: commands.

#include "server/commands.hpp"

namespace fanfare::server {

/// Exit code: 0 done, 1 failed, 2 the arguments or the configuration are wrong. Nothing is thrown.
int run_program(int count, const char* const* arguments, const char* const* environment, const streams& io);

}  // namespace fanfare::server
