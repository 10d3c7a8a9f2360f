#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

using test::from_hex;

value binary(std::string_view hex) { return shared_bytes(from_hex(hex)); }

packet make(packet_type type, std::string nsp, std::optional<std::uint64_t> id, value data) {
  return {type, std::move(nsp), id, std::move(data)};
}

std::vector<std::string> encode(const packet& out) { return test::on_wire(json_parser()->make({})->encode(out)); }

/// "type nsp id data", as far as there is any; "wait" or "error" otherwise. Bytes in data are written as hex.
void show_bytes(value& item) {
  if (const auto* bytes = item.if_binary()) item = "bytes " + test::to_hex(bytes->view());
  if (auto* items = item.if_array()) {
    for (auto& element : *items) show_bytes(element);
  } else if (auto* members = item.if_object()) {
    for (auto& [name, element] : *members) show_bytes(element);
  }
}

std::string show(const result<std::optional<packet>>& decoded) {
  if (!decoded) return "error";
  if (!*decoded) return "wait";
  auto in = **decoded;
  show_bytes(in.data);
  auto text = std::to_string(static_cast<int>(in.type)) + " " + in.nsp;
  if (in.id) text += " " + std::to_string(*in.id);
  if (!in.data.is_null()) text += " " + json::write(in.data);
  return text;
}

std::string decode(std::string_view text, const std::vector<std::string>& attachments = {}, packet_limits limits = {}) {
  const auto parser = json_parser()->make(limits);
  auto shown = show(parser->decode(std::string(text), false));
  for (const auto& bytes : attachments) {
    if (shown != "wait") return "early " + shown;
    shown = show(parser->decode(bytes, true));
  }
  return shown;
}

using packets = std::vector<std::string>;

// What socket.io-parser 4.2.7's Encoder gives for these packets ("4" is Engine.IO's MESSAGE, put before texts).
TEST(json_parser, writes_what_node_writes) {
  using enum packet_type;
  EXPECT_EQ(encode(make(connect, "/", {}, object{{"sid", "abc"}, {"pid", "def"}})),
            packets{R"(40{"sid":"abc","pid":"def"})"});
  EXPECT_EQ(encode(make(connect, "/admin", {}, object{{"sid", "abc"}})), packets{R"(40/admin,{"sid":"abc"})"});
  EXPECT_EQ(encode(make(disconnect, "/", {}, {})), packets{"41"});
  EXPECT_EQ(encode(make(disconnect, "/admin", {}, {})), packets{"41/admin,"});
  EXPECT_EQ(encode(make(event, "/", {}, array{"hello", 1})), packets{R"(42["hello",1])"});
  EXPECT_EQ(encode(make(event, "/admin", 456, array{"project:delete", 123})),
            packets{R"(42/admin,456["project:delete",123])"});
  EXPECT_EQ(encode(make(ack, "/admin", 456, array{})), packets{"43/admin,456[]"});
  EXPECT_EQ(encode(make(ack, "/", 0, array{"x", nullptr, true})), packets{R"(430["x",null,true])"});
  EXPECT_EQ(encode(make(connect_error, "/x", {}, object{{"message", "Invalid namespace"}})),
            packets{R"(44/x,{"message":"Invalid namespace"})"});
  EXPECT_EQ(encode(make(event, "/", {}, array{5, "number name"})), packets{R"(42[5,"number name"])"});
  EXPECT_EQ(
      encode(make(event, "/", {}, array{"é\u2028\"\\\n", object{{"", 1.5}, {"b", -0.0}, {"c", 1e21}, {"d", 1e-7}}})),
      packets{"42[\"é\u2028\\\"\\\\\\n\",{\"\":1.5,\"b\":0,\"c\":1e+21,\"d\":1e-7}]"});
}

TEST(json_parser, takes_attachments_out_in_the_order_node_does) {
  using enum packet_type;
  EXPECT_EQ(encode(make(event, "/", {}, array{"b", binary("010203")})),
            (packets{R"(451-["b",{"_placeholder":true,"num":0}])", "b010203"}));
  const object nested{{"a", array{binary("ff"), object{{"z", binary("")}}}}, {"c", binary("00")}};
  EXPECT_EQ(encode(make(event, "/n", 23, array{"b", nested, "t"})),
            (packets{R"(453-/n,23["b",{"a":[{"_placeholder":true,"num":0},{"z":{"_placeholder":true,"num":1}}],)"
                     R"("c":{"_placeholder":true,"num":2}},"t"])",
                     "bff", "b", "b00"}));
  EXPECT_EQ(encode(make(ack, "/n", 7, array{binary("aa"), binary("bb")})),
            (packets{R"(462-/n,7[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])", "baa", "bbb"}));
}

struct row {
  std::string_view text, verdict;
};

// What socket.io-parser 4.2.7's Decoder makes of these texts; "" is the exception (see refuses_what_node_forgives).
TEST(json_parser, reads_what_node_reads) {
  static constexpr row rows[] = {
      {"0", "0 /"},
      {"0{}", "0 / {}"},
      {R"(0{"a":1})", R"(0 / {"a":1})"},
      {"0/admin,", "0 /admin"},
      {"0/admin", "0 /admin"},
      {R"(0/admin,{"t":"x"})", R"(0 /admin {"t":"x"})"},
      {"01{}", "0 / 1 {}"},
      {"1", "1 /"},
      {"1/a", "1 /a"},
      {R"(2["a"])", R"(2 / ["a"])"},
      {R"(2["a",1])", R"(2 / ["a",1])"},
      {R"(212["a"])", R"(2 / 12 ["a"])"},
      {R"(2/n,12["a",{"b":[]}])", R"(2 /n 12 ["a",{"b":[]}])"},
      {R"(2["error"])", R"(2 / ["error"])"},
      {"2[5]", "2 / [5]"},
      {"2", "2 /"},
      {"21", "2 / 1"},
      {R"(2/n["a"])", R"(2 /n["a"])"},
      {R"(2/,["a"])", R"(2 / ["a"])"},
      {R"(2/n?q=1,["a"])", R"(2 /n?q=1 ["a"])"},
      {R"(2["\ud800"])", R"(2 / ["\ud800"])"},
      {R"(29007199254740991["a"])", R"(2 / 9007199254740991 ["a"])"},
      {"3[]", "3 / []"},
      {"31[]", "3 / 1 []"},
      {"3", "3 /"},
      {"4{}", "4 / {}"},
      {R"(4"no")", R"(4 / "no")"},
      {"4", "4 /"},
      {R"(51-["a"])", "wait"},
      {R"(510-["a"])", "wait"},
      {"51-", "wait"},
      {"61-[]", "wait"},
  };
  for (const auto& [text, verdict] : rows) EXPECT_EQ(decode(text), verdict) << text;
}

TEST(json_parser, refuses_what_node_refuses) {
  static constexpr std::string_view texts[] = {"0[]",
                                               "0\"x\"",
                                               "0null",
                                               "1{}",
                                               "1null",
                                               R"(2["connect"])",
                                               R"(2["connect_error"])",
                                               R"(2["disconnect"])",
                                               R"(2["disconnecting"])",
                                               R"(2["newListener"])",
                                               R"(2["removeListener"])",
                                               "2[null]",
                                               "2[true]",
                                               "2[]",
                                               "2{}",
                                               R"(2"a")",
                                               R"(2["a")",
                                               "2[}",
                                               "3{}",
                                               R"(3"a")",
                                               "4[]",
                                               R"(5["a"])",
                                               R"(5-["a"])",
                                               R"(50-["a"])",
                                               R"(5-1-["a"])",
                                               R"(51.5-["a"])",
                                               R"(5x-["a"])",
                                               R"(5999-["a"])",
                                               R"(511-["a"])",
                                               R"(51["a"])",
                                               "51-{}",
                                               "7",
                                               "9[]",
                                               "a",
                                               R"( ["a"])",
                                               "-1",
                                               "0?x",
                                               R"(2,["a"])"};
  for (const auto text : texts) EXPECT_EQ(decode(text), "error") << text;
}

// Where Node's Number() takes whitespace for digits, "" for CONNECT, and rounds ids that it cannot hold.
TEST(json_parser, refuses_what_node_forgives) {
  for (const std::string_view text : {"", R"(2 ["a"])", "2\n[\"a\"]", R"(29007199254740992["a"])",
                                      R"(299999999999999999999999["a"])", R"(51.0-["a"])", R"(5 1-["a"])"}) {
    EXPECT_EQ(decode(text), "error") << text;
  }
}

TEST(json_parser, puts_attachments_back) {
  EXPECT_EQ(decode(R"(51-["a",{"_placeholder":true,"num":0}])", {from_hex("0102")}), R"(2 / ["a","bytes 0102"])");
  EXPECT_EQ(decode(R"(52-1["a",{"x":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}])", {"\x01", "\x02"}),
            R"(2 / 1 ["a",{"x":"bytes 02"},"bytes 01"])");
  EXPECT_EQ(decode(R"(61-["a",{"_placeholder":true,"num":0}])", {""}), R"(3 / ["a","bytes "])");
  EXPECT_EQ(decode(R"(51-["a",{"_placeholder":1,"num":5}])", {"\x01"}), R"(2 / ["a",{"_placeholder":1,"num":5}])");
  EXPECT_EQ(decode(R"(51-["a"])", {"\x01"}), R"(2 / ["a"])");
  EXPECT_EQ(decode(R"(51-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}])", {"\x01"}),
            R"(2 / ["a","bytes 01","bytes 01"])");
}

TEST(json_parser, refuses_placeholders_of_no_attachment) {
  for (const auto* number : {R"(,"num":1)", R"(,"num":-1)", R"(,"num":"0")", "", R"(,"num":0.5)", R"(,"num":1e400)"}) {
    const auto text = R"(51-["a",[{"b":{"_placeholder":true)" + std::string(number) + "}}]]";
    EXPECT_EQ(decode(text, {"\x01"}), "error") << text;
  }
  EXPECT_EQ(decode(R"(51-[{"_placeholder":true,"num":0}])"), "error");
}

TEST(json_parser, demands_attachments_when_and_only_when_announced) {
  const auto parser = json_parser()->make({});
  EXPECT_EQ(parser->decode("x", true).error().code, errc::protocol_violation);
  EXPECT_EQ(show(parser->decode(R"(52-["a"])", false)), "wait");
  EXPECT_EQ(show(parser->decode("x", true)), "wait");
  EXPECT_EQ(parser->decode(R"(2["a"])", false).error().code, errc::protocol_violation);
}

TEST(json_parser, goes_on_after_a_binary_packet) {
  const auto parser = json_parser()->make({});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(show(parser->decode(R"(51-["a",{"_placeholder":true,"num":0}])", false)), "wait");
    EXPECT_EQ(show(parser->decode("z", true)), R"(2 / ["a","bytes 7a"])");
  }
  EXPECT_EQ(show(parser->decode(R"(2["b"])", false)), R"(2 / ["b"])");
}

TEST(json_parser, keeps_its_bounds) {
  packet_limits limits;
  limits.attachment_bytes_max = 10;
  limits.event_name_bytes_max = 4;
  limits.namespace_bytes_max = 4;
  limits.depth_max = 3;
  limits.attachments_max = 2;
  const auto code = [&limits](std::string_view text) {
    const auto decoded = json_parser()->make(limits)->decode(std::string(text), false);
    return decoded ? "fine" : std::string(describe(decoded.error().code).metric_label);
  };
  const auto over = std::string(describe(errc::over_limit).metric_label);
  EXPECT_EQ(code(R"(2["abcd"])"), "fine");
  EXPECT_EQ(code(R"(2["abcde"])"), over);
  EXPECT_EQ(code(R"(2/abc,["a"])"), "fine");
  EXPECT_EQ(code(R"(2/abcd,["a"])"), over);
  EXPECT_EQ(code(R"(2["a",[[]]])"), "fine");
  EXPECT_EQ(code(R"(2["a",[[[]]]])"), describe(errc::too_deep).metric_label);
  EXPECT_EQ(code(R"(52-["a"])"), "fine");
  EXPECT_EQ(code(R"(53-["a"])"), over);

  const auto parser = json_parser()->make(limits);
  EXPECT_EQ(show(parser->decode(R"(52-["a"])", false)), "wait");
  EXPECT_EQ(show(parser->decode("123456", true)), "wait");
  EXPECT_EQ(parser->decode("12345", true).error().code, errc::payload_too_large);
}

}  // namespace
}  // namespace fanfare::socketio
