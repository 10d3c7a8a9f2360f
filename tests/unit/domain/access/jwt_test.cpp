#include "domain/access/jwt.hpp"

#include <gtest/gtest.h>

#include <random>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/digest.hpp>
#include <fanfare/base/json.hpp>

#include "domain/access/signing_keys.hpp"

namespace fanfare::domain {
namespace {

using namespace std::chrono_literals;

const system_time now{std::chrono::seconds(1000000)};
const std::string secret(32, 's');

key_set one(result<jws_key> key) { return {{std::move(key).value()}}; }
key_set hs256() { return one(jws_key::from_secret(jws_algorithm::hs256, secret)); }
key_set jwk(const char* text) { return one(jws_key::from_jwk(*json::parse(text))); }

/// A token with any header and payload text, signed with the HS256 secret.
std::string forge(std::string_view header, std::string_view payload) {
  const auto input = base64url_encode(header) + "." + base64url_encode(payload);
  return input + "." + base64url_encode(hmac_sha256(secret, input));
}
constexpr auto hs_header = R"({"alg":"HS256"})";
constexpr auto good_payload = R"({"sub":"u1","exp":1000100})";

result<value> verify(std::string_view token, jwt_options options = {}) {
  return verify_jwt(token, hs256(), options, now);
}
errc code_of(std::string_view payload, jwt_options options = {}) {
  const auto claims = verify(forge(hs_header, payload), options);
  return claims ? errc::internal : claims.error().code;
}
bool accepts(std::string_view payload, jwt_options options = {}) {
  return verify(forge(hs_header, payload), options).has_value();
}

// RFC 7515 appendix A.1 to A.3 and RFC 8037 A.4: header, payload and signature to the letter.
constexpr auto rfc_payload = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

TEST(jws, verifies_rfc_7515_a1_hs256) {
  const auto keys = jwk(
      R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})");
  const auto payload = verify_jws(
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
      keys);
  ASSERT_TRUE(payload);
  EXPECT_EQ(*payload, rfc_payload);
}

TEST(jws, verifies_rfc_7515_a2_rs256) {
  const auto keys = jwk(
      R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})");
  const auto payload = verify_jws(
      "eyJhbGciOiJSUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7"
      "t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12"
      "jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUP"
      "QGe77Rw",
      keys);
  ASSERT_TRUE(payload);
  EXPECT_EQ(*payload, rfc_payload);
}

TEST(jws, verifies_rfc_7515_a3_es256) {
  const auto keys = jwk(
      R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
  const auto payload = verify_jws(
      "eyJhbGciOiJFUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
      keys);
  ASSERT_TRUE(payload);
  EXPECT_EQ(*payload, rfc_payload);
}

TEST(jws, verifies_rfc_8037_a4_ed25519) {
  const auto keys = jwk(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  const auto payload = verify_jws(
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
      ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
      keys);
  ASSERT_TRUE(payload);
  EXPECT_EQ(*payload, "Example of Ed25519 signing");
}

TEST(jwt, rfc_7519_example_lacks_what_we_ask_for) {
  const auto keys = jwk(
      R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})");
  const auto claims = verify_jwt(
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
      keys, {.issuer = "joe"}, system_time(1300819379s));
  ASSERT_FALSE(claims);
  EXPECT_EQ(claims.error().detail, "sub is missing");
}

TEST(jwt, signs_what_it_verifies) {
  const auto key = *jws_key::from_secret(jws_algorithm::hs256, secret, "k1");
  const auto token = *sign_jwt(object{{"sub", "u1"}, {"exp", 1000100}, {"projects", array{"p1"}}}, key);
  const auto who = authenticate(token, {{key}}, {}, {}, now);
  ASSERT_TRUE(who) << who.error().detail;
  EXPECT_EQ(who->sub, "u1");
  EXPECT_TRUE(who->projects.contains("p1"));
  EXPECT_EQ(who->expires_at, system_time(1000100s));
  EXPECT_EQ(unverified_kid(token), "k1");
}

TEST(jwt, a_public_key_cannot_sign) {
  const auto key = *jws_key::from_pem(jws_algorithm::es256, test::make_ec("P-256").public_pem);
  EXPECT_EQ(sign_jwt(object{}, key).error().code, errc::internal);
}

TEST(jwt, none_is_refused_in_any_case) {
  for (const auto* name : {"none", "None", "NONE", "nOnE", ""}) {
    const auto header = std::string(R"({"alg":")") + name + "\"}";
    const auto unsigned_token = base64url_encode(header) + "." + base64url_encode(good_payload) + ".";
    EXPECT_EQ(verify(unsigned_token).error().code, errc::token_invalid);
    EXPECT_EQ(verify(forge(header, good_payload)).error().code, errc::token_invalid);
  }
  for (const auto* header : {"{}", R"({"alg":null})", R"({"alg":["HS256"]})", R"({"alg":1})", R"({"alg":"hs256"})",
                             R"({"ALG":"HS256"})", "[]", "\"HS256\"", "", "{", "null"}) {
    EXPECT_EQ(verify(forge(header, good_payload)).error().code, errc::token_invalid) << header;
  }
}

TEST(jwt, an_rsa_public_key_is_no_hmac_secret) {
  // The classic confusion: the attacker signs with the public key, as if it were a shared secret.
  const auto rsa = test::make_rsa();
  const auto keys = one(jws_key::from_pem(jws_algorithm::rs256, rsa.public_pem));
  for (const auto& key : {rsa.public_pem, rsa.public_pem.substr(0, rsa.public_pem.size() - 1)}) {
    const auto input = base64url_encode(hs_header) + "." + base64url_encode(good_payload);
    const auto token = input + "." + base64url_encode(hmac_sha256(key, input));
    EXPECT_EQ(verify_jwt(token, keys, {}, now).error().code, errc::token_invalid);
  }
}

TEST(jwt, the_key_decides_the_algorithm) {
  const auto rsa = test::make_rsa();
  const auto pss = *jws_key::from_pem(jws_algorithm::ps256, rsa.private_pem);
  const auto token = *sign_jwt(object{{"sub", "u1"}, {"exp", 1000100}}, pss);
  EXPECT_TRUE(verify_jwt(token, {{pss}}, {}, now));
  EXPECT_FALSE(verify_jwt(token, one(jws_key::from_pem(jws_algorithm::rs256, rsa.public_pem)), {}, now));
}

TEST(jwt, keys_in_the_header_are_never_trusted) {
  const auto attacker = test::make_ec("P-256");
  const auto mine = one(jws_key::from_pem(jws_algorithm::es256, test::make_ec("P-256").public_pem));
  const auto key = *jws_key::from_pem(jws_algorithm::es256, attacker.private_pem);
  for (const auto* extra : {R"("jwk":{"kty":"EC"})", R"("jku":"https://attacker.example/keys")",
                            R"("x5u":"https://attacker.example/cert")", R"("x5c":["AAAA"])"}) {
    const auto header = std::string(R"({"alg":"ES256",)") + extra + "}";
    const auto input = base64url_encode(header) + "." + base64url_encode(good_payload);
    const auto token = input + "." + base64url_encode(*key.sign(input));
    EXPECT_FALSE(verify_jwt(token, mine, {}, now)) << extra;
    EXPECT_TRUE(verify_jwt(token, {{key}}, {}, now)) << "ignored, not refused: " << extra;
  }
}

TEST(jwt, critical_parameters_are_refused) {
  EXPECT_FALSE(verify(forge(R"({"alg":"HS256","crit":["b64"],"b64":true})", good_payload)));
  EXPECT_FALSE(verify(forge(R"({"alg":"HS256","crit":[]})", good_payload)));
}

TEST(jwt, tokens_of_other_types_are_refused) {
  EXPECT_TRUE(verify(forge(R"({"alg":"HS256","typ":"jwt"})", good_payload)));
  EXPECT_TRUE(verify(forge(R"({"alg":"HS256","typ":"at+JWT"})", good_payload)));
  EXPECT_FALSE(verify(forge(R"({"alg":"HS256","typ":"logout+jwt"})", good_payload)));
  EXPECT_FALSE(verify(forge(R"({"alg":"HS256","typ":7})", good_payload)));
}

TEST(jwt, names_may_not_stand_twice) {
  EXPECT_FALSE(verify(forge(R"({"alg":"HS256","alg":"HS256"})", good_payload)));
  EXPECT_FALSE(accepts(R"({"sub":"u1","sub":"u2","exp":1000100})"));
  EXPECT_FALSE(accepts(R"({"sub":"u1","s\u0075b":"u2","exp":1000100})")) << "escapes hide nothing";
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"a":{"b":1,"b":2}})"));
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"a":[{"b":1,"b":2}]})"));
  EXPECT_TRUE(accepts(R"({"sub":"u1","exp":1000100,"a":{"b":1},"c":{"b":"x:\"y\": z"}})"));
}

TEST(jwt, kid_only_chooses_among_ours) {
  const auto first = *jws_key::from_secret(jws_algorithm::hs256, secret, "first");
  const auto second = *jws_key::from_secret(jws_algorithm::hs256, std::string(32, 't'), "second");
  const key_set keys{{second, first}};
  EXPECT_TRUE(verify_jwt(forge(R"({"alg":"HS256","kid":"first"})", good_payload), keys, {}, now));
  EXPECT_TRUE(verify_jwt(forge(R"({"alg":"HS256"})", good_payload), keys, {}, now));
  EXPECT_FALSE(verify_jwt(forge(R"({"alg":"HS256","kid":"second"})", good_payload), keys, {}, now));
  EXPECT_FALSE(verify_jwt(forge(R"({"alg":"HS256","kid":"../../dev/null"})", good_payload), keys, {}, now));
  EXPECT_FALSE(verify_jwt(forge(R"({"alg":"HS256","kid":1})", good_payload), keys, {}, now));
  EXPECT_TRUE(verify(forge(R"({"alg":"HS256","kid":"any"})", good_payload))) << "our key has no name";
  EXPECT_FALSE(verify_jwt(forge(hs_header, good_payload), {}, {}, now)) << "no keys, no entry";
}

TEST(jwt, unverified_kid_reads_only_sound_headers) {
  EXPECT_EQ(unverified_kid(forge(R"({"alg":"HS256","kid":"k"})", "{}")), "k");
  EXPECT_EQ(unverified_kid(forge(hs_header, "{}")), std::nullopt);
  EXPECT_EQ(unverified_kid("a.b"), std::nullopt);
  EXPECT_EQ(unverified_kid("a.b.c"), std::nullopt);
  EXPECT_EQ(unverified_kid(std::string(100000, 'a')), std::nullopt);
}

TEST(jwt, malformed_tokens_are_refused) {
  const auto good = forge(hs_header, good_payload);
  ASSERT_TRUE(verify(good));
  EXPECT_EQ(verify("").error().code, errc::token_missing);
  for (const auto& token : std::vector<std::string>{
           ".", "..", "...", "a.b.c", good + ".", good + ".x", "." + good, good + "=", good + " ", " " + good,
           good + "\n", good.substr(0, good.rfind('.')), good.substr(0, good.rfind('.') + 1), "Bearer " + good}) {
    EXPECT_EQ(verify(token).error().code, errc::token_invalid) << token;
  }
  for (std::size_t size = 1; size < good.size(); ++size) ASSERT_FALSE(verify(good.substr(0, size)));
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bent = good;
    bent[at] = bent[at] == 'A' ? 'B' : 'A';
    ASSERT_FALSE(verify(bent)) << at;
  }
}

TEST(jwt, size_and_depth_are_bounded) {
  const auto payload = R"({"sub":"u1","exp":1000100,"pad":")" + std::string(8000, 'x') + "\"}";
  EXPECT_EQ(code_of(payload), errc::token_invalid);
  EXPECT_TRUE(accepts(payload, {.token_bytes_max = 20000}));
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"deep":)" + std::string(200, '[') + std::string(200, ']') + "}"));
  EXPECT_FALSE(verify_jws(std::string(70000, 'a'), hs256()));
}

TEST(jwt, times_are_numbers_in_range) {
  for (const auto* exp : {"\"1000100\"", "true", "null", "[]", "{}", "1e400", "-1e400", "-1", "1e300", "NaN",
                          "99999999999999999999999999"}) {
    EXPECT_EQ(code_of(std::string(R"({"sub":"u1","exp":)") + exp + "}"), errc::token_invalid) << exp;
    EXPECT_FALSE(accepts(std::string(R"({"sub":"u1","exp":1000100,"nbf":)") + exp + "}")) << exp;
    EXPECT_FALSE(accepts(std::string(R"({"sub":"u1","exp":1000100,"iat":)") + exp + "}")) << exp;
  }
  EXPECT_TRUE(accepts(R"({"sub":"u1","exp":1000100.5})"));
  EXPECT_TRUE(accepts(R"({"sub":"u1","exp":1.0001e6})"));
  EXPECT_TRUE(accepts(R"({"sub":"u1","exp":253402300799})"));
}

TEST(jwt, expiry_and_leeway) {
  const jwt_options strict{.leeway = 0s};
  EXPECT_EQ(code_of(R"({"sub":"u1","exp":1000000})", strict), errc::token_expired);
  EXPECT_TRUE(accepts(R"({"sub":"u1","exp":1000001})", strict));
  EXPECT_TRUE(accepts(R"({"sub":"u1","exp":999996})", {.leeway = 5s}));
  EXPECT_EQ(code_of(R"({"sub":"u1","exp":999995})", {.leeway = 5s}), errc::token_expired);
  EXPECT_EQ(code_of(R"({"sub":"u1","exp":999940})", {.leeway = 3600s}), errc::token_expired) << "60 s at most";
  EXPECT_TRUE(accepts(R"({"sub":"u1","exp":999941})", {.leeway = 3600s}));
  EXPECT_EQ(code_of(R"({"sub":"u1"})"), errc::token_invalid);
  EXPECT_TRUE(accepts(R"({"sub":"u1"})", {.expiry_required = false}));
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"nbf":1000010})"));
  EXPECT_TRUE(accepts(R"({"sub":"u1","exp":1000100,"nbf":1000005})"));
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"iat":1000010})"));
}

TEST(jwt, issuer_audience_and_subject) {
  const jwt_options options{.issuer = "iss", .audience = "us"};
  EXPECT_TRUE(accepts(R"({"sub":"u1","exp":1000100,"iss":"iss","aud":"us"})", options));
  EXPECT_TRUE(accepts(R"({"sub":"u1","exp":1000100,"iss":"iss","aud":["them","us"]})", options));
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"iss":"iss","aud":["them",7]})", options));
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"iss":"iss","aud":{"us":1}})", options));
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"iss":"iss"})", options));
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"aud":"us"})", options));
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"iss":["iss"],"aud":"us"})", options));
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"iss":"iss2","aud":"us"})", options));
  for (const auto* sub : {"\"\"", "1", "null", "[\"u1\"]"}) {
    EXPECT_FALSE(accepts(std::string(R"({"exp":1000100,"sub":)") + sub + "}")) << sub;
  }
  EXPECT_FALSE(accepts(R"({"exp":1000100})"));
  EXPECT_FALSE(accepts(R"({"sub":"u1","exp":1000100,"jti":7})"));
  EXPECT_FALSE(accepts(R"(["sub","u1"])"));
}

TEST(jwt, hostile_bytes_never_throw) {
  std::mt19937 random(7);
  const auto good = forge(hs_header, good_payload);
  for (int i = 0; i < 3000; ++i) {
    std::string token = good;
    for (unsigned n = random() % 6; n > 0; --n) {
      const auto at = random() % token.size();
      switch (random() % 3) {
        case 0:
          token[at] = static_cast<char>(random());
          break;
        case 1:
          token.insert(at, 1, ".A_-=\0"[random() % 6]);
          break;
        default:
          token.erase(at, random() % 5);
      }
      if (token.empty()) break;
    }
    if (token == good) continue;
    ASSERT_FALSE(verify(token)) << "seed 7, round " << i;
  }
}

}  // namespace
}  // namespace fanfare::domain
