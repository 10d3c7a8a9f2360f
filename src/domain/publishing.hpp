#pragma once

// Drafts in, entries of the log out: validates, completes, answers repeats, and tells the publisher when the log has
// it. Inbound: api/publish, api/github_webhook, api/gateway. Outbound: history/log; from there feed.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>
#include <fanfare/base/value.hpp>
#include <fanfare/base/world.hpp>

#include "domain/access/principal.hpp"
#include "domain/catalogue/catalogue.hpp"
#include "domain/envelope.hpp"
#include "domain/idempotency.hpp"
#include "domain/retention.hpp"
#include "history/log.hpp"

namespace fanfare::domain {

/// On whose behalf, and when.
struct publish_context {
  std::string publisher;        // key name or "sub:<sub>": ids and idempotency keys count per publisher
  std::string idempotency_key;  // of the whole request; "" none
  std::string request_digest;   // of what came with that key; the same key with another one is refused
  std::string default_source = "/fanfare";
  /// Asked for every room of every event; empty: anywhere.
  std::function<result<void>(const std::string& room)> may_publish;
  system_time now;
  steady_time steady_now;
};

using accepted = idempotency::answer;  // {id, cursor}
struct publish_answer {
  std::vector<accepted> events;  // as many as drafts, in their order
  bool repeated = false;         // nothing new was sent
};

struct publishing_options {
  std::vector<std::string> room_kinds;  // that there are; none: any well-formed room will do
  std::size_t batch_max = 1000;
  std::size_t event_bytes_max = 1000000;  // of one envelope's JSON text
  std::size_t waiting_max = 10000;        // repeats that wait for their first request
  idempotency::options repeats;
  envelope_limits envelope;
  retention kept_for;
  metrics::registry* metrics = nullptr;
  const world* around = &real_world();  // ids come from it
};

/// Thread: any. Its log must outlive it.
class publishing {
 public:
  publishing(const catalogue& types, history::log& log, publishing_options options = {});
  publishing(const publishing&) = delete;
  publishing& operator=(const publishing&) = delete;

  /// Publishes all of the batch or none of it. Events of one publisher whose source and id were accepted within the
  /// window are answered as then and not sent again; so is a whole request by its idempotency key. `done` runs once:
  /// with memory_log before publish() returns (unless the same key is under way on another thread).
  /// Fails: bad_request with a pointer ("/1/data/project_id" when the batch was an array; see `batch`), forbidden,
  /// payload_too_large, over_limit, idempotency_mismatch, unavailable.
  using published = std::function<void(result<publish_answer>)>;
  void publish(std::vector<draft> drafts, publish_context context, published done, bool batch = true);

  /// Takes up the answers of the log's earlier life that are within the window. Before the first publish().
  void recall(system_time now, steady_time steady_now);

 private:
  struct job;
  [[nodiscard]] result<history::entry> complete(draft& item, const publish_context& context) const;
  enum class next_step { send, wait, answer, refuse };
  [[nodiscard]] next_step plan(job& work);
  void start(const std::shared_ptr<job>& work);
  void finish(job& work, result<history::placed> came);
  [[nodiscard]] static result<void> take_over(job& work, const history::placed& came, const std::string& epoch);
  void answer(job& work);
  [[nodiscard]] std::vector<history::answer> answers_of(const job& work) const;
  void count_refused(const error& why) const;

  const catalogue& types_;
  history::log& log_;
  const publishing_options options_;
  std::mutex repeats_mutex_;  // never held while the log or a callback runs
  idempotency repeats_;
  std::vector<std::shared_ptr<job>> waiting_;  // for keys that are under way
  metrics::cell* published_ = nullptr;
  metrics::cell* repeated_ = nullptr;
};

}  // namespace fanfare::domain
