#pragma once

// A file system that forgets what was not synced: SQLite writes through it, and afterwards the files can be had as a
// loss of power at any moment would have left them.

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

namespace fanfare::history::test {

/// Takes SQLite's place for files while it lives: one at a time, before any is opened.
class power_cut {
 public:
  power_cut() : real_(sqlite3_vfs_find(nullptr)), shim_(*real_) {
    shim_.zName = "power_cut";
    shim_.pAppData = this;
    shim_.szOsFile = static_cast<int>(sizeof(file)) + real_->szOsFile;
    shim_.xOpen = [](sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* out_flags) {
      auto& self = *static_cast<power_cut*>(vfs->pAppData);
      auto* const made = reinterpret_cast<file*>(out);
      made->base.pMethods = nullptr;
      const int code = self.real_->xOpen(self.real_, name, made->inner(), flags, out_flags);
      if (code != SQLITE_OK) return code;
      made->owner = &self;
      made->name = name == nullptr ? "" : name;
      made->base.pMethods = &methods();
      return code;
    };
    shim_.xDelete = [](sqlite3_vfs* vfs, const char* name, int sync) {
      auto& self = *static_cast<power_cut*>(vfs->pAppData);
      self.note({name, removal{}});
      return self.real_->xDelete(self.real_, name, sync);
    };
    sqlite3_vfs_register(&shim_, 1);
  }
  ~power_cut() {
    sqlite3_vfs_register(real_, 1);
    sqlite3_vfs_unregister(&shim_);
  }

  /// From now on each sync fails, though what was written is in the file.
  void fail_syncs(bool on) { failing_ = on; }

  /// A moment to cut at: what had been written and synced until now.
  [[nodiscard]] std::size_t now() const {
    const std::lock_guard lock(mutex_);
    return steps_.size();
  }
  /// The files as they stand after a loss of power at `moment`: of each, what its last sync had reached.
  [[nodiscard]] std::map<std::string, std::string> left_at(std::size_t moment) const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::string> written, synced;
    for (std::size_t n = 0; n < moment && n < steps_.size(); ++n) {
      const auto& [name, what] = steps_[n];
      if (const auto* write = std::get_if<bytes_at>(&what)) {
        auto& content = written[name];
        if (content.size() < write->offset + write->bytes.size()) content.resize(write->offset + write->bytes.size());
        content.replace(write->offset, write->bytes.size(), write->bytes);
      } else if (const auto* cut = std::get_if<truncation>(&what)) {
        written[name].resize(cut->size);
      } else if (std::get_if<removal>(&what) != nullptr) {
        written.erase(name);
        synced.erase(name);
      } else {
        synced[name] = written[name];
      }
    }
    return synced;
  }
  [[nodiscard]] std::vector<std::size_t> syncs() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::size_t> out;
    for (std::size_t n = 0; n < steps_.size(); ++n) {
      if (std::holds_alternative<sync>(steps_[n].what)) out.push_back(n);
    }
    return out;
  }

 private:
  struct bytes_at {
    std::size_t offset;
    std::string bytes;
  };
  struct truncation {
    std::size_t size;
  };
  struct removal {};
  struct sync {};
  struct step {
    std::string name;
    std::variant<bytes_at, truncation, removal, sync> what;
  };
  struct file {
    sqlite3_file base;
    power_cut* owner;
    const char* name;  // SQLite keeps it until the file is closed
    sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    static file& of(sqlite3_file* opened) { return *reinterpret_cast<file*>(opened); }
  };

  void note(step what) {
    const std::lock_guard lock(mutex_);
    steps_.push_back(std::move(what));
  }

  static const sqlite3_io_methods& methods() {
    static const auto inner = [](sqlite3_file* from) { return file::of(from).inner(); };
    static const sqlite3_io_methods all = [] {
      sqlite3_io_methods out{};
      out.iVersion = 2;  // without memory-mapped reads and writes
      out.xClose = [](sqlite3_file* f) { return inner(f)->pMethods->xClose(inner(f)); };
      out.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
        return inner(f)->pMethods->xRead(inner(f), to, n, at);
      };
      out.xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
        const int code = inner(f)->pMethods->xWrite(inner(f), from, n, at);
        if (code == SQLITE_OK) {
          file::of(f).owner->note(
              {file::of(f).name,
               bytes_at{static_cast<std::size_t>(at), {static_cast<const char*>(from), static_cast<std::size_t>(n)}}});
        }
        return code;
      };
      out.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
        file::of(f).owner->note({file::of(f).name, truncation{static_cast<std::size_t>(size)}});
        return inner(f)->pMethods->xTruncate(inner(f), size);
      };
      out.xSync = [](sqlite3_file* f, int) {
        if (file::of(f).owner->failing_) return SQLITE_IOERR_FSYNC;
        file::of(f).owner->note({file::of(f).name, sync{}});
        return SQLITE_OK;  // the disk under the test need not
      };
      out.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
        return inner(f)->pMethods->xFileSize(inner(f), size);
      };
      out.xLock = [](sqlite3_file* f, int how) { return inner(f)->pMethods->xLock(inner(f), how); };
      out.xUnlock = [](sqlite3_file* f, int how) { return inner(f)->pMethods->xUnlock(inner(f), how); };
      out.xCheckReservedLock = [](sqlite3_file* f, int* is) {
        return inner(f)->pMethods->xCheckReservedLock(inner(f), is);
      };
      out.xFileControl = [](sqlite3_file* f, int what, void* with) {
        return inner(f)->pMethods->xFileControl(inner(f), what, with);
      };
      out.xSectorSize = [](sqlite3_file* f) { return inner(f)->pMethods->xSectorSize(inner(f)); };
      out.xDeviceCharacteristics = [](sqlite3_file* f) { return inner(f)->pMethods->xDeviceCharacteristics(inner(f)); };
      out.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** to) {
        return inner(f)->pMethods->xShmMap(inner(f), page, size, extend, to);
      };
      out.xShmLock = [](sqlite3_file* f, int at, int n, int flags) {
        return inner(f)->pMethods->xShmLock(inner(f), at, n, flags);
      };
      out.xShmBarrier = [](sqlite3_file* f) { inner(f)->pMethods->xShmBarrier(inner(f)); };
      out.xShmUnmap = [](sqlite3_file* f, int remove) { return inner(f)->pMethods->xShmUnmap(inner(f), remove); };
      return out;
    }();
    return all;
  }

  mutable std::mutex mutex_;
  std::atomic<bool> failing_{false};
  std::vector<step> steps_;
  sqlite3_vfs* real_;
  sqlite3_vfs shim_;
};

}  // namespace fanfare::history::test
