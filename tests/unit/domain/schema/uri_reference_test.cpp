#include "domain/schema/uri_reference.hpp"

#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

TEST(uri_reference, resolves_the_examples_of_rfc_3986) {
  const std::pair<const char*, const char*> table[] = {{"g:h", "g:h"},
                                                       {"g", "http://a/b/c/g"},
                                                       {"./g", "http://a/b/c/g"},
                                                       {"g/", "http://a/b/c/g/"},
                                                       {"/g", "http://a/g"},
                                                       {"//g", "http://g"},
                                                       {"?y", "http://a/b/c/d;p?y"},
                                                       {"g?y", "http://a/b/c/g?y"},
                                                       {"#s", "http://a/b/c/d;p?q#s"},
                                                       {"g#s", "http://a/b/c/g#s"},
                                                       {";x", "http://a/b/c/;x"},
                                                       {"", "http://a/b/c/d;p?q"},
                                                       {".", "http://a/b/c/"},
                                                       {"..", "http://a/b/"},
                                                       {"../g", "http://a/b/g"},
                                                       {"../../g", "http://a/g"},
                                                       {"../../../g", "http://a/g"},
                                                       {"/./g", "http://a/g"},
                                                       {"g.", "http://a/b/c/g."},
                                                       {"..g", "http://a/b/c/..g"},
                                                       {"./g/.", "http://a/b/c/g/"},
                                                       {"g/../h", "http://a/b/c/h"},
                                                       {"http:g", "http:g"}};
  for (const auto& [reference, target] : table)
    EXPECT_EQ(resolve_uri("http://a/b/c/d;p?q", reference), target) << reference;
}

TEST(uri_reference, counts_from_other_bases) {
  EXPECT_EQ(resolve_uri("", "tree.json"), "tree.json");
  EXPECT_EQ(resolve_uri("http://a", "b"), "http://a/b");
  EXPECT_EQ(resolve_uri("urn:uuid:1", "#x"), "urn:uuid:1#x");
  EXPECT_EQ(resolve_uri("tag:a,2026:x", "#/$defs/y"), "tag:a,2026:x#/$defs/y");
}

TEST(uri_reference, has_a_fragment_or_none) {
  EXPECT_EQ(without_fragment("a#b"), "a");
  EXPECT_EQ(fragment_of("a#b"), "b");
  EXPECT_EQ(without_fragment("a"), "a");
  EXPECT_EQ(fragment_of("a"), "");
}

}  // namespace
}  // namespace fanfare::domain
