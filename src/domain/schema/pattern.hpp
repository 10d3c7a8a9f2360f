#pragma once

// A regular expression of a schema. RE2 runs it: in time linear in the text, whatever both are. Pure.

#include <memory>
#include <string_view>

#include <fanfare/base/error.hpp>

namespace fanfare::domain {

class pattern {
 public:
  /// Takes the dialect of ECMA-262 with the u flag, as JSON Schema 2020-12 §6.4 asks, but for look-around and
  /// back-references, which no linear time allows. Fails: bad_request, with the reason.
  [[nodiscard]] static result<pattern> compile(std::string_view expression);
  /// Anywhere in the text, which must be UTF-8. Thread: any.
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  class engine;
  explicit pattern(std::shared_ptr<const engine> made) : engine_(std::move(made)) {}
  std::shared_ptr<const engine> engine_;
};

}  // namespace fanfare::domain
