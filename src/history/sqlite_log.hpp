#pragma once

// history::log in an SQLite file: what it has acknowledged is there after a crash. Inbound: publishing, feed. Outbound:
// sqlite_store on a writer thread, sqlite_reader on a reader thread.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "history/log.hpp"
#include "history/sqlite_reader.hpp"
#include "history/sqlite_store.hpp"

namespace fanfare::history {

struct sqlite_log_options {
  std::string path;
  sqlite_sync sync = sqlite_sync::full;
  memory_log_options bounds;
  std::chrono::milliseconds retry{1000};  // how often a disk that refuses is tried again
  /// Told when the disk begins to refuse, with the reason, and when it takes again, with "". From the writer.
  std::function<void(const std::string& reason)> on_trouble;
};

/// Everything that came while a commit ran goes into the next one. Entries are observed, and their append answered,
/// once the commit that holds them is done, on the writer thread; what is not kept keeps its place in line but waits
/// for no disk of its own. While the disk refuses, appends of kept entries fail with unavailable at once, the rest goes
/// on, and the file is opened again until it takes. Thread: any.
class sqlite_log final : public log {
 public:
  /// `epoch` names a new file's log, and a backup's; any other keeps its own. Throws std::runtime_error, for the
  /// operator: the file is another server's, another program's, of a newer schema, no database, or cannot be opened.
  explicit sqlite_log(std::string epoch, sqlite_log_options options);
  ~sqlite_log() override { close(); }

  void observe(observer work) override;
  void append(std::vector<entry> batch, std::vector<answer> answers, appended done) override;
  [[nodiscard]] std::vector<answer> remembered() const override;
  void keep(fact item, kept done) override;
  [[nodiscard]] std::vector<fact> facts(std::int64_t now_ms) const override;
  void read(range wanted, page_ready done) const override;
  void close() override;
  [[nodiscard]] std::uint64_t head() const override;
  [[nodiscard]] std::uint64_t oldest() const override;
  [[nodiscard]] std::string epoch() const override { return epoch_; }
  [[nodiscard]] usage used() const override;
  [[nodiscard]] bool ready() const override;
  void trim(std::int64_t now_ms) override;

 private:
  struct job {
    std::vector<entry> batch;
    std::vector<answer> answers;
    appended done;
    std::optional<fact> item;  // instead of a batch
    result<placed> outcome = errc::internal;
  };
  struct question {
    range wanted;
    page_ready done;
  };
  class lock_file {
   public:
    explicit lock_file(const std::string& path);
    ~lock_file();
    lock_file(const lock_file&) = delete;
    lock_file& operator=(const lock_file&) = delete;

   private:
    int fd_;
  };
  void open();
  void write();
  void write_together(std::vector<job>& jobs);
  void store(std::vector<job>& jobs);
  void lose(const std::string& reason);
  void publish_state();
  void settle(std::vector<job>& jobs);
  void answer_reads(std::unique_ptr<sqlite_reader> reader);

  const sqlite_log_options options_;
  const std::string fresh_epoch_;
  const lock_file lock_;
  std::unique_ptr<sqlite_store> store_;  // the writer's; null while the disk refuses
  std::string epoch_;

  std::mutex order_;  // held while entries are observed
  observer observer_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable wake_writer_;
  mutable std::condition_variable wake_reader_;
  std::deque<job> jobs_;
  mutable std::deque<question> questions_;
  bool busy_ = false;  // entries are on their way out, by the writer or by who appended them
  bool stopping_ = false, ready_ = true;
  std::int64_t trim_to_ms_ = 0;  // asked for by trim(); 0: not
  std::uint64_t head_ = 0, oldest_ = 0;
  usage used_;
  std::thread writer_, reader_;
};

}  // namespace fanfare::history
