#include "domain/in_process_sink.hpp"

#include <future>
#include <vector>

namespace fanfare::domain {

result<fanfare::accepted> in_process_sink::publish(std::string type, object data, const publish_options& options) {
  object item{{"type", std::move(type)}, {"data", std::move(data)}};
  if (!options.rooms.empty()) item.set("rooms", array(options.rooms.begin(), options.rooms.end()));
  const std::pair<const char*, const std::string&> attributes[] = {
      {"id", options.id}, {"source", options.source}, {"time", options.time}, {"traceparent", options.traceparent}};
  for (const auto& [name, text] : attributes) {
    if (!text.empty()) item.set(name, text);
  }
  // The way of an HTTP body, so that both refuse the same.
  auto draft = parse_draft(value(std::move(item)));
  if (!draft) return draft.error();
  publish_context context;
  context.publisher = publisher_;
  context.now = time_.now();
  context.steady_now = time_.steady_now();
  std::promise<result<publish_answer>> came;
  events_.publish(
      {std::move(*draft)}, std::move(context),
      [&came](result<publish_answer> answer) { came.set_value(std::move(answer)); }, false);
  const auto answer = came.get_future().get();
  if (!answer) return answer.error();
  return fanfare::accepted{answer->events.at(0).id, answer->events.at(0).cursor};
}

}  // namespace fanfare::domain
