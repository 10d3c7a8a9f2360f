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

TEST(compression, names_its_codings) {
  EXPECT_EQ(to_string(coding::gzip), "gzip");
  EXPECT_EQ(to_string(coding::deflate), "deflate");
  EXPECT_EQ(to_string(coding::identity), "identity");
}

}  // namespace
}  // namespace fanfare::http
