#include "history/sqlite_database.hpp"

#include <sqlite3.h>

namespace fanfare::history {

namespace {

constexpr int busy_ms = 5000;  // another process may hold the file for a moment: a backup, a person's sqlite3

[[noreturn]] void fail(sqlite3* connection, int code) {
  throw sqlite_error(connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code), code & 0xff);
}

}  // namespace

void sqlite_statement::finalize::operator()(sqlite3_stmt* made) const noexcept { sqlite3_finalize(made); }
void sqlite_database::close::operator()(sqlite3* open) const noexcept { sqlite3_close_v2(open); }

sqlite_statement::sqlite_statement(sqlite3* connection, std::string_view sql) : connection_(connection) {
  sqlite3_stmt* made = nullptr;
  check(sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &made,
                           nullptr));
  made_.reset(made);
}

void sqlite_statement::check(int code) const {
  if (code != SQLITE_OK) fail(connection_, code);
}

sqlite_statement& sqlite_statement::reset() {
  sqlite3_reset(made_.get());
  sqlite3_clear_bindings(made_.get());
  return *this;
}

sqlite_statement& sqlite_statement::bind(int place, std::int64_t number) {
  check(sqlite3_bind_int64(made_.get(), place, number));
  return *this;
}

sqlite_statement& sqlite_statement::bind_text(int place, std::string_view text) {
  check(sqlite3_bind_text64(made_.get(), place, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

sqlite_statement& sqlite_statement::bind_blob(int place, std::string_view bytes) {
  check(sqlite3_bind_blob64(made_.get(), place, bytes.data(), bytes.size(), SQLITE_STATIC));
  return *this;
}

bool sqlite_statement::step() {
  const int code = sqlite3_step(made_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(connection_, code);
}

void sqlite_statement::run() {
  while (step()) {
  }
  reset();
}

std::int64_t sqlite_statement::integer(int column) const { return sqlite3_column_int64(made_.get(), column); }

std::string_view sqlite_statement::text(int column) const {
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(made_.get(), column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(made_.get(), column))};
}

sqlite_database::sqlite_database(const std::string& path, access how) {
  sqlite3* opened = nullptr;
  const int flags = how == access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  connection_.reset(opened);
  if (code != SQLITE_OK) fail(opened, code);
  sqlite3_busy_timeout(opened, busy_ms);
}

void sqlite_database::run(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(connection_.get(), code);
}

std::int64_t sqlite_database::number(const std::string& sql) {
  auto asked = prepare(sql);
  return asked.step() ? asked.integer(0) : 0;
}

sqlite_transaction::~sqlite_transaction() {
  if (done_) return;
  try {
    in_.run("ROLLBACK");
  } catch (const sqlite_error&) {  // SQLite has rolled back by itself (a full disk, say)
  }
}

}  // namespace fanfare::history
