#include "api/contracts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

TEST(Contracts, OpenapiHasEveryEndpointOnce) {
  const domain::catalogue types;
  const auto document = api::openapi_document(types, "1.2.3");
  EXPECT_EQ(document.find("openapi")->as_string(), "3.1.0");
  EXPECT_EQ(document.at_pointer("/info/version")->as_string(), "1.2.3");
  std::set<std::string_view> operations;
  for (const auto& row : api::endpoints()) {
    const auto* path = document.find("paths")->find(row.path);
    ASSERT_NE(path, nullptr) << row.path;
    EXPECT_TRUE(operations.insert(row.operation).second) << row.operation;
    for (const auto& item : row.parameters) {
      if (item.in != "path") continue;
      EXPECT_NE(row.path.find("{" + std::string(item.name) + "}"), std::string_view::npos);
    }
  }
  const auto* publish = document.at_pointer("/paths/~1api~1v1~1events/post");
  ASSERT_NE(publish, nullptr);
  for (const auto* status : {"202", "400", "401", "403", "413", "415", "429", "503"}) {
    EXPECT_NE(publish->find("responses")->find(status), nullptr) << status;
  }
  const auto* names = document.at_pointer("/components/schemas/Event/properties/type/enum");
  EXPECT_EQ(names->if_array()->size(), 17u);
  EXPECT_EQ(json::write(document), json::write(api::openapi_document(types, "1.2.3")));
}

TEST(Contracts, AreServedToAnybody) {
  rig host;
  const auto openapi = host.get("/api/v1/openapi.json", {});
  EXPECT_EQ(openapi.status, 200u);
  EXPECT_EQ(openapi.json().at_pointer("/info/version")->as_string(), "0.0.1");
  EXPECT_EQ(host.get("/api/v1/asyncapi.json", {}).json().find("asyncapi")->as_string().substr(0, 2), "3.");
  const auto schema = host.get("/api/v1/schemas/project.updated", {});
  EXPECT_EQ(schema.headers.get("Content-Type"), "application/schema+json");
  EXPECT_EQ(schema.json().find("type")->as_string(), "object");
  EXPECT_EQ(host.get("/api/v1/schemas/no.such", {}).status, 404u);
}

}  // namespace
}  // namespace fanfare::test
