#include "http/compression.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace fanfare::http {
namespace {

std::string inflate_all(std::string_view coded, int window_bits) {
  z_stream stream{};
  inflateInit2(&stream, window_bits);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  stream.avail_in = static_cast<uInt>(coded.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(compression, chooses_what_the_peer_likes_best) {
  const struct {
    const char* accept;
    coding chosen;
  } table[] = {{"", coding::identity},
               {"gzip", coding::gzip},
               {"GZip , deflate, br", coding::gzip},
               {"x-gzip", coding::gzip},
               {"deflate", coding::deflate},
               {"deflate, gzip;q=0.5", coding::deflate},
               {"gzip;q=0.001", coding::gzip},
               {"gzip;q=0", coding::identity},
               {"gzip;q=0.000, deflate;Q=1.000", coding::deflate},
               {"*", coding::gzip},
               {"*;q=0.5, gzip;q=0", coding::deflate},
               {"identity, gzip;q=0.9", coding::identity},
               {"identity;q=0.5, gzip;q=0.9", coding::gzip},
               {"br", coding::identity},
               {"gzip;q=2", coding::identity},
               {"gzip;q=1.5", coding::identity},
               {"gzip;q=0.1234", coding::identity},
               {"gzip;q=0.x", coding::identity},
               {"gzip;q=0x1", coding::identity},
               {"gzip;q=", coding::identity},
               {"gzip;level=1;q=0.3", coding::gzip},
               {",,;", coding::identity}};
  for (const auto& [accept, chosen] : table) EXPECT_EQ(choose_coding(accept), chosen) << accept;
}

TEST(compression, can_be_undone) {
  std::string body;
  for (int i = 0; i < 5000; ++i) body += std::to_string(i * i);
  const auto gzip = compress(coding::gzip, body);
  const auto deflate = compress(coding::deflate, body);
  ASSERT_TRUE(gzip && deflate);
  EXPECT_LT(gzip->size(), body.size());
  EXPECT_EQ(inflate_all(*gzip, 15 + 16), body);
  EXPECT_EQ(inflate_all(*deflate, 15), body);
  EXPECT_EQ(inflate_all(*compress(coding::gzip, ""), 15 + 16), "");
  EXPECT_FALSE(compress(coding::identity, body));
}

TEST(compression, request_bodies_are_inflated_within_their_bound) {
  const std::string body(100000, 'x');
  for (const auto which : {coding::gzip, coding::deflate}) {
    const auto coded = *compress(which, body);
    EXPECT_EQ(*decompress(which, coded, body.size()), body);
    EXPECT_EQ(decompress(which, coded, body.size() - 1).error().code, errc::payload_too_large) << "a bomb";
    for (std::size_t cut = 0; cut < coded.size(); ++cut) {
      EXPECT_EQ(decompress(which, coded.substr(0, cut), body.size()).error().code, errc::bad_request) << cut;
    }
    EXPECT_EQ(decompress(coding::identity, coded, 10).error().code, errc::payload_too_large);
    EXPECT_EQ(decompress(which, "{}", 10).error().code, errc::bad_request);
  }
  EXPECT_EQ(*decompress(coding::identity, "{}", 2), "{}");
  EXPECT_EQ(*decompress(coding::gzip, *compress(coding::gzip, "a") + *compress(coding::gzip, "b"), 9), "ab");
  EXPECT_FALSE(decompress(coding::gzip, *compress(coding::gzip, "a") + "more", 9));
  EXPECT_FALSE(decompress(coding::deflate, *compress(coding::deflate, "a") + "more", 9));
}

TEST(compression, bodies_are_decoded_as_they_come) {
  std::string body;
  for (int n = 0; n < 5000; ++n) body += std::to_string(n * n);
  for (const auto which : {coding::identity, coding::gzip, coding::deflate}) {
    const auto coded = which == coding::identity ? body : *compress(which, body);
    for (const std::size_t part : {1, 7, 1000, 100000}) {
      body_decoder decoder(which);
      std::string out;
      for (std::size_t at = 0; at < coded.size(); at += part) {
        EXPECT_EQ(decoder.finish().has_value(), which == coding::identity) << at;
        auto given = std::string_view(coded).substr(at, part);
        for (bool more = true; more;) {
          const auto before = out.size();
          const auto decoded = decoder.decode(given, out, 100);
          ASSERT_TRUE(decoded);
          ASSERT_LE(out.size(), before + 100);
          more = *decoded;
        }
      }
      EXPECT_EQ(out, body);
      EXPECT_TRUE(decoder.finish());
    }
  }
}

TEST(compression, content_codings_by_name) {
  EXPECT_EQ(*parse_coding("GZip"), coding::gzip);
  EXPECT_EQ(*parse_coding(" x-gzip"), coding::gzip);
  EXPECT_EQ(*parse_coding("deflate"), coding::deflate);
  EXPECT_EQ(*parse_coding("identity"), coding::identity);
  EXPECT_EQ(parse_coding("br").error().code, errc::unsupported_media_type);
  EXPECT_EQ(parse_coding("gzip, gzip").error().code, errc::unsupported_media_type);
}

TEST(compression, names_its_codings) {
  EXPECT_EQ(to_string(coding::gzip), "gzip");
  EXPECT_EQ(to_string(coding::deflate), "deflate");
  EXPECT_EQ(to_string(coding::identity), "identity");
}

}  // namespace
}  // namespace fanfare::http
