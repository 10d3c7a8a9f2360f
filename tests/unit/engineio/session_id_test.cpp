#include "engineio/session_id.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fanfare::engineio {
namespace {

TEST(session_id, is_20_characters_of_base64url_and_names_node_and_worker) {
  for (unsigned worker = 0; worker < workers_max; ++worker) {
    const session_place place{static_cast<std::uint16_t>(worker * 257 + 3), worker};
    const auto id = make_session_id(place, real_world());
    EXPECT_EQ(id.size(), 20U);
    EXPECT_EQ(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_EQ(place_of(id), place);
  }
}

TEST(session_id, does_not_repeat_and_does_not_show_where_it_is) {
  std::set<std::string> ids, last;
  for (int i = 0; i < 1000; ++i) {
    const auto id = make_session_id({3, 3}, real_world());
    ids.insert(id);
    last.insert(id.substr(16));
  }
  EXPECT_EQ(ids.size(), 1000U);
  EXPECT_GT(last.size(), 900U);
}

TEST(session_id, refuses_what_cannot_be_one) {
  for (const std::string text : {"", "zz", "hfwnmxPJpBii0FIyAAA", "hfwnmxPJpBii0FIyAAAAA", "hfwnmxPJpBii0FIyAA+A",
                                 "hfwnmxPJpBii0FIyAA =", "../../../../etc/pass"}) {
    EXPECT_EQ(place_of(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace fanfare::engineio
