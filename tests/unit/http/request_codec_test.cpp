#include "http/request_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fanfare::http {
namespace {

using step = request_codec::step;
using testing::ElementsAre;
using testing::Pair;

constexpr std::size_t header_max = 512, target_max = 64, body_max = 100;

struct outcome {
  unsigned status = 0;  // 200: whole; 0: more is needed
  std::string cause;
  request got;
  std::size_t used = 0;
  bool keep_alive = false;
  bool expects_continue = false;
};

// Feeds the pieces one after another, as reads would bring them.
outcome feed(std::string_view bytes, const std::vector<std::size_t>& cuts) {
  request_codec codec(header_max, target_max);
  outcome out;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    auto rest = bytes.substr(from, (i < cuts.size() ? cuts[i] : bytes.size()) - from);
    from += rest.size();
    while (true) {
      const auto before = rest.size();
      auto next = codec.feed(rest);
      out.used += before - rest.size();
      if (next == step::head) next = codec.begin_body(body_max);
      out.expects_continue = codec.expects_continue();
      out.keep_alive = codec.keep_alive();
      if (next == step::complete) {
        out.status = 200;
        out.got = codec.take();
        return out;
      }
      if (next == step::failed) {
        out.status = codec.failure().status;
        out.cause = codec.failure().cause;
        return out;
      }
      if (rest.empty()) break;
    }
  }
  return out;
}

outcome whole(std::string_view bytes) { return feed(bytes, {}); }

std::vector<std::size_t> every_byte(std::string_view bytes) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < bytes.size(); ++i) cuts.push_back(i);
  return cuts;
}

std::string get(std::string_view fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n"; }
std::string post(std::string_view fields, std::string_view body = {}) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

TEST(request_codec, reads_a_request) {
  const auto got =
      whole(
          "POST /a%20b/c?x=1&y=%20 HTTP/1.1\r\nHost: a.example:80\r\nX-One:  v w \t\r\nContent-Length: 5\r\n\r\nhello")
          .got;
  EXPECT_EQ(got.method, "POST");
  EXPECT_EQ(got.target, "/a%20b/c?x=1&y=%20");
  EXPECT_EQ(got.path, "/a b/c");
  EXPECT_EQ(got.query, "x=1&y=%20");
  EXPECT_EQ(got.headers.get("x-one"), "v w");
  EXPECT_EQ(got.body, "hello");
}

TEST(request_codec, leaves_what_follows_for_the_next_request) {
  const std::string first = post("Content-Length: 2\r\n", "ab");
  const auto out = whole(first + "GET /next");
  EXPECT_EQ(out.status, 200U);
  EXPECT_EQ(out.used, first.size());
}

TEST(request_codec, reads_one_request_after_another) {
  request_codec codec(header_max, target_max);
  const std::string both = post("Content-Length: 2\r\nConnection: close\r\n", "ab") + "\r\n" + get("");
  std::string_view rest = both;
  ASSERT_EQ(codec.feed(rest), step::head);
  ASSERT_EQ(codec.begin_body(body_max), step::need_more);
  ASSERT_EQ(codec.feed(rest), step::complete);
  EXPECT_FALSE(codec.keep_alive());
  codec.reset();
  EXPECT_FALSE(codec.started());
  ASSERT_EQ(codec.feed(rest), step::head);
  EXPECT_TRUE(codec.head_done());
  EXPECT_EQ(codec.begin_body(body_max), step::complete);
  EXPECT_TRUE(codec.keep_alive());
  EXPECT_EQ(codec.head().body, "");
  EXPECT_EQ(codec.feed(rest), step::need_more);
}

TEST(request_codec, stays_failed) {
  request_codec codec(header_max, target_max);
  std::string_view bad = "GET /\n";
  EXPECT_EQ(codec.feed(bad), step::failed);
  std::string_view good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(codec.feed(good), step::failed);
}

struct accepted_case {
  const char* name;
  std::string bytes;
  std::string body;
};
class accepted : public testing::TestWithParam<accepted_case> {};
INSTANTIATE_TEST_SUITE_P(
    request_codec, accepted,
    testing::Values(
        accepted_case{"plain", get(""), ""}, accepted_case{"blank_lines_before", "\r\n\r\n" + get(""), ""},
        accepted_case{"empty_field", get("X-Empty:\r\n"), ""},
        accepted_case{"high_bytes_in_field", get("X-Name: J\xc3\xb6rg\r\n"), ""},
        accepted_case{"ipv6_host", "GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", ""},
        accepted_case{"http_1_0_without_host", "GET / HTTP/1.0\r\n\r\n", ""},
        accepted_case{"options_asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", ""},
        accepted_case{"own_method", "PURGE / HTTP/1.1\r\nHost: a\r\n\r\n", ""},
        accepted_case{"length_zero", post("Content-Length: 0\r\n"), ""},
        accepted_case{"length", post("Content-Length: 3\r\n", "abc"), "abc"},
        accepted_case{"length_at_bound", post("Content-Length: 100\r\n", std::string(100, 'x')), std::string(100, 'x')},
        accepted_case{"chunked", post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), "abcde"},
        accepted_case{"chunked_any_case", post("transfer-encoding: Chunked\r\n", "0\r\n\r\n"), ""},
        accepted_case{"chunk_extension",
                      post("Transfer-Encoding: chunked\r\n", "A;name=\"v\"\r\n0123456789\r\n00;x\r\n\r\n"),
                      "0123456789"},
        accepted_case{"trailers", post("Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\nX-T: v\r\nY: w\r\n\r\n"), "a"},
        accepted_case{"length_with_zeros", post("Content-Length: 003\r\n", "abc"), "abc"}),
    [](const auto& info) { return info.param.name; });

TEST_P(accepted, in_every_split) {
  const auto& [name, bytes, body] = GetParam();
  const auto expected = whole(bytes);
  ASSERT_EQ(expected.status, 200U) << expected.cause;
  EXPECT_EQ(expected.got.body, body);
  EXPECT_EQ(expected.used, bytes.size());
  const auto same = [&](const outcome& other) {
    EXPECT_EQ(other.status, 200U);
    EXPECT_EQ(other.got.body, body);
    EXPECT_EQ(other.got.target, expected.got.target);
    EXPECT_TRUE(std::equal(other.got.headers.begin(), other.got.headers.end(), expected.got.headers.begin(),
                           expected.got.headers.end()));
  };
  same(feed(bytes, every_byte(bytes)));
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    same(feed(bytes, {cut}));
    EXPECT_EQ(whole(std::string_view(bytes).substr(0, cut)).status, 0U) << "whole too early, at " << cut;
  }
}

struct refused_case {
  const char* name;
  std::string bytes;
  unsigned status;
};
class refused : public testing::TestWithParam<refused_case> {};

std::string chunks(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }
std::string target(std::string_view text) { return "GET " + std::string(text) + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
std::string host(std::string_view text) { return "GET / HTTP/1.1\r\nHost:" + std::string(text) + "\r\n\r\n"; }

INSTANTIATE_TEST_SUITE_P(
    framing, refused,
    testing::Values(
        refused_case{"repeated_length", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
        refused_case{"conflicting_length", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abc"), 400},
        refused_case{"length_list", post("Content-Length: 3, 3\r\n", "abc"), 400},
        refused_case{"length_plus", post("Content-Length: +3\r\n", "abc"), 400},
        refused_case{"length_minus", post("Content-Length: -3\r\n", "abc"), 400},
        refused_case{"length_hex", post("Content-Length: 0x3\r\n", "abc"), 400},
        refused_case{"length_empty", post("Content-Length:\r\n"), 400},
        refused_case{"length_inner_space", post("Content-Length: 1 0\r\n"), 400},
        refused_case{"length_overflow", post("Content-Length: 18446744073709551617\r\n"), 400},
        refused_case{"length_past_bound", post("Content-Length: 101\r\n"), 413},
        refused_case{"length_max", post("Content-Length: 18446744073709551615\r\n"), 413},
        refused_case{"both", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        refused_case{"both_other_order", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), 400},
        refused_case{"coding_twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        refused_case{"coding_list", post("Transfer-Encoding: gzip, chunked\r\n"), 501},
        refused_case{"coding_repeated", post("Transfer-Encoding: chunked, chunked\r\n"), 501},
        refused_case{"coding_identity", post("Transfer-Encoding: identity\r\n"), 501},
        refused_case{"coding_prefixed", post("Transfer-Encoding: xchunked\r\n"), 501},
        refused_case{"coding_quoted", post("Transfer-Encoding: \"chunked\"\r\n"), 501},
        refused_case{"coding_vertical_tab",
                     post("Transfer-Encoding: \x0b"
                          "chunked\r\n"),
                     400},
        refused_case{"coding_in_1_0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        refused_case{"space_before_colon", post("Transfer-Encoding : chunked\r\n"), 400},
        refused_case{"tab_before_colon", post("Content-Length\t: 3\r\n"), 400}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    chunk, refused,
    testing::Values(refused_case{"size_empty", chunks("\r\n"), 400}, refused_case{"size_not_hex", chunks("g\r\n"), 400},
                    refused_case{"size_0x", chunks("0x1\r\n"), 400}, refused_case{"size_minus", chunks("-1\r\n"), 400},
                    refused_case{"size_space_before", chunks(" 1\r\n"), 400},
                    refused_case{"size_space_after", chunks("1 \r\n"), 400},
                    refused_case{"size_space_before_extension", chunks("1 ;x\r\n"), 400},
                    refused_case{"size_bare_lf", chunks("1\na\r\n"), 400},
                    refused_case{"size_overflow", chunks("FFFFFFFFFFFFFFFFF\r\n"), 413},
                    refused_case{"size_past_bound", chunks("65\r\n"), 413},
                    refused_case{"sum_past_bound", chunks("64\r\n" + std::string(100, 'x') + "\r\n1\r\n"), 413},
                    refused_case{"data_without_crlf", chunks("1\r\nab"), 400},
                    refused_case{"data_bare_lf", chunks("1\r\na\n"), 400},
                    refused_case{"extension_lf", chunks("1;x\na"), 400},
                    refused_case{"extension_cr", chunks("1;x\ra"), 400},
                    refused_case{"extension_nul", chunks(std::string("1;x\0", 4)), 400},
                    refused_case{"extension_endless", chunks("1;" + std::string(5000, 'x')), 400},
                    refused_case{"size_zeros_endless", chunks(std::string(5000, '0')), 400},
                    refused_case{"trailer_endless", chunks("0\r\nX: " + std::string(9000, 'x')), 400},
                    refused_case{"trailer_bare_lf", chunks("0\r\nX: y\n"), 400},
                    refused_case{"end_bare_lf", chunks("0\r\n\n"), 400},
                    refused_case{"trailer_bare_cr", chunks("0\r\nX: y\rz"), 400}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    lines, refused,
    testing::Values(
        refused_case{"bare_lf_request_line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
        refused_case{"bare_lf_field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
        refused_case{"bare_lf_end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
        refused_case{"bare_cr", get("X: a\rb\r\n"), 400}, refused_case{"double_cr", get("X: a\r\r\n"), 400},
        refused_case{"nul", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1, '\0') + "\r\n\r\n", 400},
        refused_case{"control", get("X: a\x01\r\n"), 400}, refused_case{"del", get("X: a\x7f\r\n"), 400},
        refused_case{"fold_space", get("X: a\r\n b\r\n"), 400}, refused_case{"fold_tab", get("X: a\r\n\tb\r\n"), 400},
        refused_case{"space_first_field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        refused_case{"no_colon", get("X\r\n"), 400}, refused_case{"empty_name", get(": v\r\n"), 400},
        refused_case{"bad_name", get("X(: v\r\n"), 400}, refused_case{"name_space", get("X Y: v\r\n"), 400},
        refused_case{"blank_lines", "\r\n\r\n\r\n" + get(""), 400}, refused_case{"blank_bare_lf", "\n" + get(""), 400},
        refused_case{"blank_bare_cr", "\r" + get(""), 400}, refused_case{"space_before_method", " " + get(""), 400},
        refused_case{"two_spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        refused_case{"space_after_version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        refused_case{"tab_for_space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        refused_case{"no_version", "GET /\r\nHost: a\r\n\r\n", 400},
        refused_case{"lower_version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        refused_case{"long_version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
        refused_case{"version_2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        refused_case{"version_1_2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        refused_case{"preface_2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        refused_case{"tls_hello", std::string("\x16\x03\x01", 3), 400},
        refused_case{"header_too_large", get("X: " + std::string(600, 'x') + "\r\n"), 431},
        refused_case{"target_too_long", target("/" + std::string(64, 'x')), 414},
        refused_case{"line_too_long", std::string(600, 'x'), 414},
        refused_case{"expectation", post("Expect: magic\r\n"), 417}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    targets, refused,
    testing::Values(refused_case{"relative", target("a"), 400}, refused_case{"asterisk_of_get", target("*"), 400},
                    refused_case{"fragment", target("/#x"), 400}, refused_case{"high_byte", target("/\xc3\xb6"), 400},
                    refused_case{"other_scheme", target("ftp://a/"), 400},
                    refused_case{"no_host", target("http:///"), 400}, refused_case{"user", target("http://u@a/"), 400},
                    refused_case{"nul", target("/%00"), 400},
                    refused_case{"connect", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                    refused_case{"host_missing", "GET / HTTP/1.1\r\n\r\n", 400},
                    refused_case{"host_twice", get("Host: a\r\n"), 400},
                    refused_case{"host_twice_1_0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
                    refused_case{"host_empty", host(""), 400}, refused_case{"host_user", host(" u@a"), 400},
                    refused_case{"host_slash", host(" a/b"), 400}, refused_case{"host_space", host(" a b"), 400},
                    refused_case{"host_list", host(" a,b\\"), 400}, refused_case{"host_port", host(" a:b"), 400},
                    refused_case{"host_port_long", host(" a:123456"), 400},
                    refused_case{"host_no_name", host(" :80"), 400}, refused_case{"host_bracket", host(" [::1"), 400},
                    refused_case{"host_bracket_text", host(" [xyz]"), 400},
                    refused_case{"host_after_bracket", host(" [::1]x"), 400}),
    [](const auto& info) { return info.param.name; });

TEST_P(refused, in_every_split) {
  const auto& [name, bytes, status] = GetParam();
  const auto expected = whole(bytes);
  EXPECT_EQ(expected.status, status);
  EXPECT_NE(expected.cause, "");
  const auto slowly = feed(bytes, every_byte(bytes));
  EXPECT_EQ(slowly.status, status);
  EXPECT_EQ(slowly.cause, expected.cause);
  for (std::size_t cut = 1; cut < std::min<std::size_t>(bytes.size(), 200); ++cut) {
    EXPECT_EQ(feed(bytes, {cut}).status, status) << "cut at " << cut;
  }
}

TEST(request_codec, takes_the_host_of_an_absolute_target) {
  const auto got = whole("GET HTTP://b.example:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n").got;
  EXPECT_EQ(got.target, "/p?q");
  EXPECT_EQ(got.path, "/p");
  EXPECT_EQ(got.headers.get("Host"), "b.example:81");
  EXPECT_EQ(whole("GET https://b HTTP/1.1\r\nHost: a\r\n\r\n").got.path, "/");
  EXPECT_EQ(whole("GET https://b?x=1 HTTP/1.1\r\nHost: a\r\n\r\n").got.query, "x=1");
}

TEST(request_codec, knows_when_to_keep_the_connection) {
  EXPECT_TRUE(whole(get("")).keep_alive);
  EXPECT_FALSE(whole(get("Connection: x, Close\r\n")).keep_alive);
  EXPECT_FALSE(whole("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(whole("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(request_codec, tells_who_waits_to_send_a_body) {
  EXPECT_TRUE(whole(post("Expect: 100-continue\r\nContent-Length: 3\r\n")).expects_continue);
  EXPECT_FALSE(whole(post("Expect: 100-Continue\r\n")).expects_continue) << "there is no body to wait with";
  EXPECT_FALSE(whole("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n").expects_continue);
}

TEST(request_codec, allocates_what_comes_and_not_what_is_announced) {
  request_codec codec(header_max, target_max);
  const std::string bytes = post("Content-Length: 4000000000\r\n");
  std::string_view rest = bytes;
  ASSERT_EQ(codec.feed(rest), step::head);
  ASSERT_EQ(codec.begin_body(5000000000), step::need_more);
  EXPECT_LE(codec.take().body.capacity(), 65536U);
}

}  // namespace
}  // namespace fanfare::http
