#include "api/dashboard/configuration_report.hpp"

#include "api/answers.hpp"

namespace fanfare::api {

void get_configuration(const configuration_report& at, const http::exchange_ptr& exchange, const credential&) {
  exchange->respond(json_answer(200, object{{"keys", at.current()}}), true);
}

}  // namespace fanfare::api
