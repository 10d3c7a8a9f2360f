#include "domain/schema/json_schema.hpp"

#include "domain/schema/schema_index.hpp"
#include "domain/schema/schema_walk.hpp"

namespace fanfare::domain {

json_schema::json_schema(value document, const json_schema_options& options)
    : document_(std::move(document)), options_(options), index_(std::make_unique<schema_index>()) {}

json_schema::~json_schema() = default;

result<std::shared_ptr<const json_schema>> json_schema::load(value document, const json_schema_options& options) {
  const std::shared_ptr<json_schema> made(new json_schema(std::move(document), options));
  if (auto built = made->index_->build(made->document_, options); !built) return built.error();
  return std::shared_ptr<const json_schema>(made);
}

result<void> json_schema::validate(const value& item) const {
  return schema_walk(*index_, options_.assert_formats).run(document_, item);
}

}  // namespace fanfare::domain
