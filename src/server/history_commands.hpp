#pragma once

// Floor 8. `fanfare history …`: what an operator does with the log's file, also while a server uses it.
// Inbound: command_line. Outbound: history/sqlite_file.

#include <string>

#include "server/commands.hpp"

namespace fanfare::server {

struct history_request {
  config_sources from;
  std::string path;   // "": history.path of the configuration
  std::string room;   // of export and delete
  std::string user;   // of delete
  std::string since;  // of export: a cursor
  std::string to;     // of backup
};

/// All print to io.out, and what is wrong to io.err; 1 when it cannot be done. Throw config_error without a path.
int run_history_stats(const history_request& asked, const streams& io);
/// One envelope a line, as clients got it.
int run_history_export(const history_request& asked, const streams& io);
int run_history_delete(const history_request& asked, const streams& io);
int run_history_backup(const history_request& asked, const streams& io);
int run_history_verify(const history_request& asked, const streams& io);

}  // namespace fanfare::server
