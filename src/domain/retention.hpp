#pragma once

// How long events of which types are kept: history.rules. Inbound: publishing. Pure.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>

#include "domain/catalogue/catalogue.hpp"
#include "history/log.hpp"

namespace fanfare::domain {

/// The first rule that names a type decides; types that none names go by the log's own bounds.
class retention {
 public:
  /// Adds "<type> latest", "<type> 7d", "<type> keep", or "<type> latest 7d"; "ai.*" names all that begin so, "*" all.
  /// Fails: bad_request, in words for the operator: no rule, no type that it names, `latest` for one without a
  /// conflation key.
  result<void> add(std::string_view rule, const catalogue& types);

  /// Sets expires_ms and only_newest of an entry that has its type and time.
  void apply(history::entry& to) const;

 private:
  struct rule {
    std::string type;     // without its "*"
    bool prefix = false;  // of the type's name
    bool latest = false, keep = false;
    std::chrono::milliseconds age{0};  // 0: the log's own
  };
  [[nodiscard]] static bool names(const rule& which, std::string_view type);

  std::vector<rule> rules_;
};

}  // namespace fanfare::domain
