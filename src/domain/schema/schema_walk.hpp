#pragma once

// One walk of a schema over one instance. Pure. Inbound: json_schema. Outbound: schema_index, format, pattern.

#include <string>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

#include "domain/schema/schema_index.hpp"

namespace fanfare::domain {

class schema_walk {
 public:
  schema_walk(const schema_index& index, bool assert_formats) : index_(index), assert_formats_(assert_formats) {}

  /// Fails: bad_request with the pointer into the instance; too_deep, over_limit.
  [[nodiscard]] result<void> run(const value& schema, const value& item);

 private:
  /// Which members or items of one value a schema has looked at, by their place: what unevaluated… asks (core §11).
  struct evaluated {
    std::vector<bool> places;
    void add(std::size_t place);
    void add(const evaluated& other);
    [[nodiscard]] bool has(std::size_t place) const { return place < places.size() && places[place]; }
  };
  /// Where the walk is: the instance, its pointer, and who wants to know what was looked at (null: nobody).
  struct spot {
    const value& item;
    const std::string& at;
    unsigned depth;
    evaluated* seen;
  };

  [[nodiscard]] result<void> check(const value& schema, const spot& where);
  [[nodiscard]] result<void> check_all(const value& schema, const spot& where);
  [[nodiscard]] result<void> check_references(const value& schema, const spot& where);
  [[nodiscard]] result<void> check_string(const value& schema, const spot& where) const;
  [[nodiscard]] result<void> check_array(const value& schema, const spot& where);
  [[nodiscard]] result<void> check_contains(const value& schema, const array& list, const spot& where);
  [[nodiscard]] result<void> check_object(const value& schema, const spot& where);
  [[nodiscard]] result<void> check_members(const value& schema, const object& members, const spot& where);
  [[nodiscard]] result<void> check_dependent(const value& schema, const object& members, const spot& where);
  [[nodiscard]] result<void> check_combined(const value& schema, const spot& where);
  [[nodiscard]] result<void> check_condition(const value& schema, const spot& where);
  [[nodiscard]] result<void> check_unevaluated(const value& schema, const spot& where);
  /// Of a schema that may fail without failing its user; what it looked at counts only when it did not.
  [[nodiscard]] result<bool> fits(const value& schema, const spot& where);
  [[nodiscard]] const value& target_in_scope(const schema_index::target& dynamic) const;

  const schema_index& index_;
  const bool assert_formats_;
  std::vector<const schema_index::resource*> scope_;  // the dynamic scope, outermost first
  std::size_t steps_ = 0;
};

}  // namespace fanfare::domain
