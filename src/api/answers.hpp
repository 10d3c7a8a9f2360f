#pragma once

// Floor 7. What every endpoint answers with.

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>
#include <fanfare/http/exchange.hpp>

namespace fanfare::api {

/// RFC 9457. Says `detail` and `pointer` only of faults in what was sent; WWW-Authenticate comes with 401.
[[nodiscard]] http::response problem(const error& why);
[[nodiscard]] http::response json_answer(unsigned status, const value& body);

}  // namespace fanfare::api
