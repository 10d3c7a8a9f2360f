#include "api/dashboard/configuration_report.hpp"

#include <gtest/gtest.h>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

TEST(ConfigurationReport, IsForAdminsAlone) {
  rig host;
  host.shared.settings_shown.replace(array{object{{"key", "a.b"}}});
  EXPECT_EQ(host.get("/api/v1/configuration", {}).status, 401u);
  EXPECT_EQ(host.get("/api/v1/configuration", {{"Authorization", "Bearer " + rig::token("u1", {"*"})}}).status, 403u);
  EXPECT_EQ(host.get("/api/v1/configuration").json(), value(object{{"keys", array{object{{"key", "a.b"}}}}}));
}

}  // namespace
}  // namespace fanfare::test
