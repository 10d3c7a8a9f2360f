#pragma once

// The log of kept events: what a cursor points into. Sans-I/O interface; memory_log is the one-process form.
// Inbound: domain/publishing appends. Outbound: the observer delivers, readers replay.

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/bytes.hpp>
#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare::history {

/// entry::expires_ms of what no age drops.
inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

/// One event on its way into the log or out of it.
struct entry {
  std::uint64_t position = 0;  // set by append(), from 1; an entry that is not kept carries the head
  std::string id;
  std::string type;
  std::vector<std::string> rooms;  // at least one
  shared_bytes json;               // the envelope without its cursor; empty for an entry that is not kept
  std::int64_t time_ms = 0;        // Unix time of appending: what ages count from
  bool kept = true;                // false: passes the observer in its place and is not stored
  std::string conflate_key;
  // How long it is kept; not given back by reads. Unix time; 0: by the log's own bound on ages; `never`: no age drops
  // it, and the bounds on size drop others first, as long as what is kept so takes no more than half of them.
  std::int64_t expires_ms = 0;
  bool only_newest = false;  // in each of its rooms it takes the place of an earlier one with the same conflate_key
  std::shared_ptr<value> envelope;  // for the observer, spares parsing `json`; not stored, may be null
};

/// How a publisher was answered, for when it asks again: kept with the entries, in the same step.
struct answer {
  struct event {
    std::string id;
    std::uint64_t position = 0;
    std::optional<std::size_t> of_batch;  // before it has a position: which entry of the batch it is
    bool operator==(const event&) const = default;
  };
  std::string key;     // any bytes
  std::string digest;  // of what was asked; any bytes
  std::vector<event> events;
  std::int64_t time_ms = 0;  // Unix time
  bool operator==(const answer&) const = default;
};

/// Where a batch went.
struct placed {
  std::vector<std::uint64_t> positions;  // one an entry
  /// Of the answers that came with it, those whose keys a publisher has been answered with before, on another node: as
  /// it was told then. The entries that they speak of were not appended again.
  std::vector<answer> repeats;
};

/// Something small that must outlive a restart, until a time: a revocation, a session.
struct fact {
  std::string name;  // any bytes; another of the same name takes its place
  std::int64_t number = 0;
  std::int64_t until_ms = 0;  // Unix time; 0: it is withdrawn
  std::string content = {};   // any bytes
  bool operator==(const fact&) const = default;
};

/// What to read: what the rooms hold in (after, up_to].
struct range {
  std::vector<std::string> rooms;
  std::uint64_t after = 0;
  std::uint64_t up_to = std::numeric_limits<std::uint64_t>::max();
  std::int64_t since_ms =
      0;  // Unix time: nothing that was appended before it, nor before something that was; 0: no matter
  bool newest_first = false;
  std::size_t entries_max = 1000;
  std::size_t bytes_max = 1048576;  // of their JSON; the first entry comes whatever its size
};

struct page {
  std::vector<entry> entries;  // in the range's order; each once, though several of the rooms hold it
  bool complete = true;  // false: something after `after` has been trimmed from one of the rooms, or may have been
                         // since `since_ms`; what a newer one took the place of does not count
  bool more = false;     // a bound cut the page short
};

/// An append-only, trimmed log with one order for all rooms, and for all nodes that share it. Positions only grow; an
/// epoch names one life of the log, so that a cursor of a log that was emptied, or has lost its end, is told from a
/// valid one. Whatever is asked may be answered later, on a thread of the log's own, or at once, on the caller's:
/// nobody waits for a disk or a peer, nor asks while holding a lock that an answer takes. Thread: any.
class log {
 public:
  virtual ~log() = default;

  /// Sees every entry, with its position, in log order, never two calls at once; set it before the first append.
  /// It may read(), but must not append(). Set to nothing again, it has returned for the last time.
  using observer = std::function<void(const entry&)>;
  virtual void observe(observer work) = 0;
  /// Told, between two entries, that what was observed is not all there was, or is no longer all there is: entries have
  /// gone unseen, or the epoch is another one. Readers find out which by their cursors. Only a log that others write to
  /// breaks. Set before the first append.
  virtual void on_break(std::function<void()> /*work*/) {}

  /// Appends all or nothing, in order, and the answers with it. `done` runs once, after the observer has seen the
  /// entries; possibly before append() returns. Fails: unavailable, over_limit (past the bound of the whole log).
  using appended = std::function<void(result<placed>)>;
  virtual void append(std::vector<entry> batch, std::vector<answer> answers, appended done) = 0;
  /// The answers of an earlier life that are still kept, oldest first. Before the first append.
  [[nodiscard]] virtual std::vector<answer> remembered() const { return {}; }

  /// `done` runs once, when a restart would find it. Fails: unavailable.
  using kept = std::function<void(result<void>)>;
  virtual void keep(fact item, kept done) = 0;
  /// Those of an earlier life whose time has not come; of a shared log watch_facts() tells. Before the first append.
  [[nodiscard]] virtual std::vector<fact> facts(std::int64_t /*now_ms*/) const { return {}; }
  /// Whether other nodes write to it too, so that there are facts that this node has not kept.
  [[nodiscard]] virtual bool shared() const { return false; }
  /// The fact of that name as it is kept now, where the log is shared; `done` runs once.
  using found = std::function<void(std::optional<fact>)>;
  virtual void find(std::string /*name*/, found done) const { done(std::nullopt); }
  /// Told of what other nodes keep or withdraw (until_ms 0), in the log's order; and of all that is kept, before this
  /// returns and when some of that was missed: what is heard then is newer. Set before the first append. Throws
  /// std::runtime_error when it cannot be read.
  struct fact_watcher {
    std::function<void(const fact& item)> heard;
    std::function<void(const std::vector<fact>& all)> reread;
  };
  virtual void watch_facts(fact_watcher /*watcher*/) {}

  /// `done` runs once, unless the log ends first. Fails: unavailable.
  using page_ready = std::function<void(result<page>)>;
  virtual void read(range wanted, page_ready done) const = 0;

  /// Finishes what it was given and answers it; what is appended afterwards fails with unavailable. Before those who
  /// wait for answers go.
  virtual void close() {}

  /// The position of the newest kept entry, 0 when there never was one; the oldest still held, 0 when none is.
  [[nodiscard]] virtual std::uint64_t head() const = 0;
  [[nodiscard]] virtual std::uint64_t oldest() const = 0;
  /// 1 to 32 letters and digits. Another one only after a break.
  [[nodiscard]] virtual std::string epoch() const = 0;

  /// Whether it takes what is appended.
  [[nodiscard]] virtual bool ready() const { return true; }
  /// Drops what is older than its bound on ages, when nothing is appended. `now_ms`: Unix time.
  virtual void trim(std::int64_t now_ms) = 0;

  struct usage {
    std::size_t entries = 0, bytes = 0, rooms = 0;
    std::uint64_t trimmed = 0;  // entries dropped to keep within the bounds, ever
  };
  [[nodiscard]] virtual usage used() const = 0;
};

}  // namespace fanfare::history
