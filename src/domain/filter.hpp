#pragma once

// CloudEvents Subscriptions filters over the envelope, and JSON Pointers as keys (`{"exact":{"/data/x":1}}`) with
// in, lt, lte, gt, gte. Pure. Thread: any, once parsed.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare::domain {

struct filter_limits {
  std::size_t bytes_max = 4096;  // of its canonical text
  unsigned depth_max = 8;
  std::size_t terms_max = 64;  // comparisons and list members in all
};

class filter {
 public:
  /// One filter object with one dialect member, or an array of them (all must hold). Fails: bad_request with the
  /// pointer of the fault, too_deep, over_limit.
  [[nodiscard]] static result<std::shared_ptr<const filter>> parse(const value& item, const filter_limits& limits = {});

  [[nodiscard]] bool matches(const value& envelope) const;
  /// The same text for filters that differ in the order of members, or of the parts of `all` and `any`, alone; JSON.
  [[nodiscard]] const std::string& canonical() const noexcept { return canonical_; }
  /// 22 characters of the canonical text's SHA-256: names the internal room.
  [[nodiscard]] const std::string& hash() const noexcept { return hash_; }

  enum class op : std::uint8_t { exact, prefix, suffix, in, lt, lte, gt, gte, all, any, negate };
  struct node {
    op kind;
    std::string key;              // attribute name, or JSON Pointer when it starts with '/'
    std::vector<value> operands;  // one, or the list of `in`
    std::vector<node> parts;      // of all, any, negate
  };

 private:
  filter() = default;
  node root_;
  std::string canonical_, hash_;
};
using filter_ptr = std::shared_ptr<const filter>;

}  // namespace fanfare::domain
