#include "api/answers.hpp"

#include <fanfare/base/json.hpp>

namespace fanfare::api {

http::response problem(const error& why) {
  const auto& row = describe(why.code);
  auto answer = http::response::problem(row.http_status, row.message, row.client_code, why.detail, why.pointer);
  if (row.http_status == 401) answer.headers.set("WWW-Authenticate", "Bearer");
  if (row.http_status == 429 || row.http_status == 503) answer.headers.set("Retry-After", "1");
  return answer;
}

http::response json_answer(unsigned status, const value& body) {
  auto answer = http::response::json(status, json::write(body));
  answer.headers.set("Cache-Control", "no-store");
  return answer;
}

}  // namespace fanfare::api
