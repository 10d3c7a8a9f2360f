#include "domain/access/key_set.hpp"

#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

#include "domain/access/signing_keys.hpp"

namespace fanfare::domain {
namespace {

constexpr auto rsa_n =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-"
    "pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg"
    "665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FR"
    "WyuXpoQ";

value rsa_jwk() { return object{{"kty", "RSA"}, {"n", rsa_n}, {"e", "AQAB"}}; }
value ec_jwk() {
  return object{{"kty", "EC"},
                {"crv", "P-256"},
                {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}};
}
value okp_jwk() {
  return object{{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}};
}
value with(value jwk, std::string name, value content) {
  jwk.if_object()->set(std::move(name), std::move(content));
  return jwk;
}

TEST(jws_algorithm, has_one_spelling_each) {
  for (const auto* name :
       {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"}) {
    const auto algorithm = parse_algorithm(name);
    ASSERT_TRUE(algorithm) << name;
    EXPECT_EQ(to_text(*algorithm), name);
  }
  for (const auto* name : {"none", "None", "NONE", "nOnE", "", "hs256", "HS256 ", "ES512", "ES256K", "HS1", "RSA1_5"}) {
    EXPECT_FALSE(parse_algorithm(name)) << name;
  }
}

TEST(jws_key, a_secret_is_as_long_as_its_hash) {
  EXPECT_TRUE(jws_key::from_secret(jws_algorithm::hs256, std::string(32, 's')));
  EXPECT_FALSE(jws_key::from_secret(jws_algorithm::hs256, std::string(31, 's')));
  EXPECT_TRUE(jws_key::from_secret(jws_algorithm::hs384, std::string(48, 's')));
  EXPECT_FALSE(jws_key::from_secret(jws_algorithm::hs384, std::string(47, 's')));
  EXPECT_FALSE(jws_key::from_secret(jws_algorithm::hs512, std::string(63, 's')));
  EXPECT_FALSE(jws_key::from_secret(jws_algorithm::rs256, std::string(64, 's')));
}

TEST(jws_key, a_pem_key_is_no_secret) {
  EXPECT_FALSE(jws_key::from_secret(jws_algorithm::hs256, test::make_ec("P-256").public_pem));
}

TEST(jws_key, signs_and_verifies_with_every_algorithm) {
  const auto rsa = test::make_rsa();
  const auto p256 = test::make_ec("P-256");
  const auto p384 = test::make_ec("P-384");
  const auto ed = test::make_ed25519();
  struct row {
    jws_algorithm algorithm;
    const test::key_pair& pair;
    std::size_t bytes;
  };
  for (const auto& [algorithm, pair, bytes] :
       {row{jws_algorithm::rs256, rsa, 256}, row{jws_algorithm::rs384, rsa, 256}, row{jws_algorithm::rs512, rsa, 256},
        row{jws_algorithm::ps256, rsa, 256}, row{jws_algorithm::ps384, rsa, 256}, row{jws_algorithm::ps512, rsa, 256},
        row{jws_algorithm::es256, p256, 64}, row{jws_algorithm::es384, p384, 96}, row{jws_algorithm::eddsa, ed, 64}}) {
    SCOPED_TRACE(to_text(algorithm));
    const auto signer = jws_key::from_pem(algorithm, pair.private_pem);
    const auto verifier = jws_key::from_pem(algorithm, pair.public_pem, "k1");
    ASSERT_TRUE(signer);
    ASSERT_TRUE(verifier);
    EXPECT_EQ(verifier->kid(), "k1");
    auto signature = *signer->sign("message");
    EXPECT_EQ(signature.size(), bytes);
    EXPECT_TRUE(verifier->verify("message", signature));
    EXPECT_TRUE(signer->verify("message", signature));
    EXPECT_FALSE(verifier->verify("another", signature));
    EXPECT_FALSE(verifier->verify("message", signature + '\0'));
    EXPECT_FALSE(verifier->verify("message", signature.substr(1)));
    EXPECT_FALSE(verifier->verify("message", std::string(bytes, '\0')));
    EXPECT_FALSE(verifier->verify("message", ""));
    signature[bytes / 2] = static_cast<char>(signature[bytes / 2] ^ 1);
    EXPECT_FALSE(verifier->verify("message", signature));
    EXPECT_EQ(verifier->sign("message").error().code, errc::internal) << "a public key cannot sign";
  }
  for (const auto algorithm : {jws_algorithm::hs256, jws_algorithm::hs384, jws_algorithm::hs512}) {
    const auto key = *jws_key::from_secret(algorithm, std::string(64, 's'));
    const auto signature = *key.sign("message");
    EXPECT_TRUE(key.verify("message", signature));
    EXPECT_FALSE(key.verify("another", signature));
    EXPECT_FALSE(key.verify("message", signature.substr(0, 16)));
  }
}

TEST(jws_key, an_rsa_signature_keeps_its_leading_zeros) {
  // One signature has one form (RFC 8017 §8.1.2): one in 256 starts with a zero that could be left out.
  const auto key = *jws_key::from_pem(jws_algorithm::rs256, test::make_rsa().private_pem);
  std::string message, signature;
  for (int i = 0; i < 20000 && (signature.empty() || signature[0] != '\0'); ++i) {
    message = std::to_string(i);
    signature = *key.sign(message);
  }
  ASSERT_EQ(signature[0], '\0');
  EXPECT_TRUE(key.verify(message, signature));
  EXPECT_FALSE(key.verify(message, signature.substr(1)));
  EXPECT_FALSE(key.verify(message, '\0' + signature));
}

TEST(jws_key, pss_and_pkcs1_are_not_each_other) {
  const auto rsa = test::make_rsa();
  const auto pkcs1 = *jws_key::from_pem(jws_algorithm::rs256, rsa.private_pem);
  const auto pss = *jws_key::from_pem(jws_algorithm::ps256, rsa.private_pem);
  EXPECT_FALSE(pss.verify("m", *pkcs1.sign("m")));
  EXPECT_FALSE(pkcs1.verify("m", *pss.sign("m")));
}

TEST(jws_key, refuses_what_does_not_suit_the_algorithm) {
  const auto p256 = test::make_ec("P-256");
  EXPECT_FALSE(jws_key::from_pem(jws_algorithm::es384, p256.public_pem));
  EXPECT_FALSE(jws_key::from_pem(jws_algorithm::rs256, p256.public_pem));
  EXPECT_FALSE(jws_key::from_pem(jws_algorithm::eddsa, p256.public_pem));
  EXPECT_FALSE(jws_key::from_pem(jws_algorithm::hs256, p256.public_pem));
  EXPECT_FALSE(jws_key::from_pem(jws_algorithm::es256, test::make_ec("secp256k1").public_pem));
  EXPECT_FALSE(jws_key::from_pem(jws_algorithm::es256, test::make_rsa().public_pem));
  EXPECT_FALSE(jws_key::from_pem(jws_algorithm::rs256, test::make_rsa(1024).public_pem)) << "RFC 7518 §3.3";
  EXPECT_FALSE(jws_key::from_pem(jws_algorithm::es256, ""));
  EXPECT_FALSE(jws_key::from_pem(jws_algorithm::es256, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
}

TEST(jws_key, reads_a_certificate) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_pubkey(certificate, key);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_sign(certificate, key, EVP_sha256());
  auto* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  X509_free(certificate);
  EVP_PKEY_free(key);
  EXPECT_TRUE(jws_key::from_pem(jws_algorithm::es256, test::text_of(bio)));
}

TEST(jws_key, reads_a_jwk) {
  EXPECT_EQ(jws_key::from_jwk(rsa_jwk())->algorithm(), jws_algorithm::rs256);
  EXPECT_EQ(jws_key::from_jwk(with(rsa_jwk(), "alg", "PS384"))->algorithm(), jws_algorithm::ps384);
  EXPECT_EQ(jws_key::from_jwk(rsa_jwk(), jws_algorithm::rs512)->algorithm(), jws_algorithm::rs512);
  EXPECT_EQ(jws_key::from_jwk(with(ec_jwk(), "kid", "one"))->kid(), "one");
  EXPECT_EQ(jws_key::from_jwk(ec_jwk())->algorithm(), jws_algorithm::es256);
  EXPECT_EQ(jws_key::from_jwk(okp_jwk())->algorithm(), jws_algorithm::eddsa);
  const auto oct = object{{"kty", "oct"}, {"k", "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}};
  EXPECT_EQ(jws_key::from_jwk(oct)->algorithm(), jws_algorithm::hs256);
}

TEST(jws_key, refuses_a_bad_jwk) {
  for (const auto& jwk : std::vector<value>{
           "text", object{}, object{{"kty", "oct"}}, object{{"kty", "oct"}, {"k", "short"}},
           object{{"kty", "oct"}, {"k", "not base64!"}}, object{{"kty", "RSA"}, {"n", rsa_n}},
           object{{"kty", "RSA"}, {"n", "AQAB"}, {"e", "AQAB"}}, with(rsa_jwk(), "n", std::string(4000, 'A')),
           with(rsa_jwk(), "alg", "none"), with(rsa_jwk(), "alg", "ES256"), with(rsa_jwk(), "alg", 1),
           with(ec_jwk(), "crv", "P-521"), with(ec_jwk(), "x", "AAAA"),
           with(ec_jwk(), "y", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),  // off the curve
           with(okp_jwk(), "crv", "X25519"), with(okp_jwk(), "x", "AAAA"), object{{"kty", "XYZ"}, {"alg", "HS256"}}}) {
    const auto key = jws_key::from_jwk(jwk);
    ASSERT_FALSE(key) << json::write(jwk);
    EXPECT_EQ(key.error().code, errc::bad_request);
  }
}

TEST(jwk_set, takes_the_keys_that_verify_signatures) {
  const value document =
      object{{"keys", array{with(rsa_jwk(), "kid", "a"), with(with(rsa_jwk(), "kid", "b"), "use", "enc"),
                            with(with(ec_jwk(), "kid", "c"), "key_ops", array{"verify"}),
                            with(with(ec_jwk(), "kid", "d"), "key_ops", array{"encrypt"}), object{{"kty", "new"}},
                            object{{"kty", "oct"}, {"k", std::string(43, 'A')}}}}};
  const auto set = parse_jwk_set(json::write(document));
  ASSERT_TRUE(set);
  ASSERT_EQ(set->keys.size(), 2U) << "no symmetric key out of a public set";
  EXPECT_TRUE(set->has_kid("a"));
  EXPECT_TRUE(set->has_kid("c"));
  EXPECT_FALSE(set->has_kid("b"));
  EXPECT_EQ(parse_jwk_set(json::write(document), {jws_algorithm::es256})->keys.size(), 1U);
}

TEST(jwk_set, is_refused_when_it_is_none) {
  for (const auto* text : {"", "null", "[]", "{}", R"({"keys":{}})", "{\"keys\":[}"}) {
    EXPECT_FALSE(parse_jwk_set(text)) << text;
  }
  array many(101, rsa_jwk());
  EXPECT_EQ(parse_jwk_set(json::write(object{{"keys", std::move(many)}})).error().code, errc::over_limit);
}

}  // namespace
}  // namespace fanfare::domain
