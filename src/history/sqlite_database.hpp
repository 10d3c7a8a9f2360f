#pragma once

// One connection to an SQLite file, and its prepared statements. Inbound: sqlite_log. Outbound: libsqlite3.

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace fanfare::history {

/// What SQLite said: its words, and the result code (sqlite.org/rescode.html).
class sqlite_error : public std::runtime_error {
 public:
  sqlite_error(const std::string& what, int code) : std::runtime_error(what), code_(code) {}
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

/// A prepared statement. Parameters count from 1, columns from 0.
class sqlite_statement {
 public:
  sqlite_statement(sqlite3* connection, std::string_view sql);

  /// Starts anew; parameters are null again.
  sqlite_statement& reset();
  sqlite_statement& bind(int place, std::int64_t number);
  /// The bytes must live until the next reset().
  sqlite_statement& bind_text(int place, std::string_view text);
  sqlite_statement& bind_blob(int place, std::string_view bytes);
  /// True while there is a row. Throws sqlite_error.
  bool step();
  void run();  // to its end
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;  // text or blob, until the next step()

 private:
  void check(int code) const;
  struct finalize {
    void operator()(sqlite3_stmt* made) const noexcept;
  };
  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, finalize> made_;
};

/// Thread: one at a time.
class sqlite_database {
 public:
  enum class access { read, write };  // write: made when it is not there
  /// Throws sqlite_error.
  sqlite_database(const std::string& path, access how);

  void run(const std::string& sql);
  [[nodiscard]] sqlite_statement prepare(std::string_view sql) { return {connection_.get(), sql}; }
  /// The first column of the first row; 0 without a row.
  [[nodiscard]] std::int64_t number(const std::string& sql);
  [[nodiscard]] sqlite3* handle() const noexcept { return connection_.get(); }

 private:
  struct close {
    void operator()(sqlite3* open) const noexcept;
  };
  std::unique_ptr<sqlite3, close> connection_;
};

/// A transaction that is rolled back unless it was committed.
class sqlite_transaction {
 public:
  explicit sqlite_transaction(sqlite_database& in, bool writes = true) : in_(in) {
    in_.run(writes ? "BEGIN IMMEDIATE" : "BEGIN");
  }
  ~sqlite_transaction();
  sqlite_transaction(const sqlite_transaction&) = delete;
  sqlite_transaction& operator=(const sqlite_transaction&) = delete;
  void commit() {
    in_.run("COMMIT");
    done_ = true;
  }

 private:
  sqlite_database& in_;
  bool done_ = false;
};

}  // namespace fanfare::history
