// json_schema_suite FOLDER: runs the public JSON-Schema-Test-Suite's draft2020-12 against domain::json_schema. FOLDER
// is the suite's tests/draft2020-12. What needs the network is dropped and counted: schemas that refer to documents
// elsewhere (http://localhost:1234/…, the metaschema). Formats are asserted where the suite asserts them.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <fanfare/base/json.hpp>

#include "domain/schema/json_schema.hpp"

namespace {

using fanfare::value;
using fanfare::domain::json_schema;

/// Tests of optional parts that are not kept, each with its reason; a test that passes and stands here is a fault.
const std::set<std::string> known_failures = {
#include "known_failures.inc"
};

struct tally {
  int passed = 0, known = 0, dropped = 0;
  std::vector<std::string> failed;
};

value read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return fanfare::json::parse(text, {.depth_max = 500, .values_max = 1000000}).value();
}

bool is_elsewhere(const value& schema, const std::string& detail) {
  const auto* dialect = schema.find("$schema");
  return detail.find("\"http://localhost:1234/") != std::string::npos ||
         detail.find("\"https://json-schema.org/") != std::string::npos ||
         (dialect != nullptr && dialect->as_string().starts_with("http://localhost:1234/"));
}

void run(const std::string& name, const value& group, bool formats, tally& sum) {
  const auto& schema = *group.find("schema");
  const auto& tests = *group.find("tests")->if_array();
  const auto loaded = json_schema::load(schema, {.refuse_unknown_keywords = false, .assert_formats = formats});
  if (is_elsewhere(schema, loaded ? "" : loaded.error().detail)) {
    sum.dropped += static_cast<int>(tests.size());
    return;
  }
  for (const auto& test : tests) {
    const auto title = name + ": " + std::string(group.find("description")->as_string()) + ": " +
                       std::string(test.find("description")->as_string());
    const bool good = loaded && (*loaded)->validate(*test.find("data")).has_value() == test.find("valid")->as_bool();
    const bool known = known_failures.contains(title);
    if (good && !known)
      ++sum.passed;
    else if (!good && known)
      ++sum.known;
    else
      sum.failed.push_back(title +
                           (loaded ? "" : " (" + loaded.error().detail + " at " + loaded.error().pointer + ")"));
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::filesystem::path root = arguments[1];
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  tally sum;
  for (const auto& path : files) {
    const auto name = path.lexically_relative(root).replace_extension().string();
    const auto groups = read(path);
    for (const auto& group : *groups.if_array()) run(name, group, name.starts_with("optional/format/"), sum);
  }
  for (const auto& title : sum.failed) std::cout << "FAILED " << title << '\n';
  std::cout << sum.passed << " passed, " << sum.failed.size() << " failed, " << sum.known << " known not to be kept, "
            << sum.dropped << " dropped (they need the network)\n";
  return sum.failed.empty() && sum.passed > 1000 ? 0 : 1;
}
