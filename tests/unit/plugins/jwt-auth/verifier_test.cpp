// SPDX-License-Identifier: Apache-2.0
// Signatures: the vectors of the RFCs, every algorithm with keys that OpenSSL makes, and whatever must not pass.
#include "plugins/jwt-auth/verifier.h"

#include <gtest/gtest.h>

#include <random>

#include "plugins/jwt-auth/base64url.h"
#include "plugins/jwt-auth/jwk.h"
#include "signer.h"

namespace dunlin::jwt_auth {
namespace {

constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";
constexpr const char* kPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

std::vector<const Algorithm*> pinned(std::initializer_list<const char*> names) {
  std::vector<const Algorithm*> out;
  for (const char* name : names) out.push_back(find_algorithm(name));
  return out;
}

bool holds(const std::string& text, const Keys& keys, const std::vector<const Algorithm*>& algorithms) {
  Token token;
  std::string why;
  if (parse_token(text, algorithms, token, why) != Parsed::ok) return false;
  for (const Key& key : keys)
    if (verify(token, key)) return true;
  return false;
}

Keys keys_of(const std::string& jwks) {
  ParsedKeys parsed = keys_from_jwks(jwks, true);
  EXPECT_EQ(parsed.fault, "");
  return std::move(parsed.keys);
}

TEST(Vectors, rfc_7515_a1_and_rfc_7519_3_1) {
  const Keys keys = keys_of(R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})");
  const std::string token =
      std::string("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.") + kPayload + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  EXPECT_TRUE(holds(token, keys, pinned({"HS256"})));
  EXPECT_FALSE(holds(token, keys, pinned({"HS384"})));
}

TEST(Vectors, rfc_7515_a2) {
  const Keys keys = keys_of(
      R"({"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})");
  EXPECT_TRUE(holds(std::string("eyJhbGciOiJSUzI1NiJ9.") + kPayload +
                        ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
                        "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L"
                        "07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6L"
                        "bgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
                    keys, pinned({"RS256"})));
}

TEST(Vectors, rfc_7515_a3) {
  const Keys keys = keys_of(R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                                "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
  EXPECT_TRUE(holds(std::string("eyJhbGciOiJFUzI1NiJ9.") + kPayload +
                        ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
                    keys, pinned({"ES256"})));
}

TEST(Vectors, rfc_7515_a4) {
  const Keys keys = keys_of(
      R"({"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
          "y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"})");
  EXPECT_TRUE(holds("eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA."
                    "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2"
                    "YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
                    keys, pinned({"ES512"})));
}

TEST(Vectors, rfc_8037_a4) {
  const Keys keys = keys_of(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  EXPECT_TRUE(holds("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
                    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
                    keys, pinned({"EdDSA"})));
}

struct Case {
  const char *algorithm, *kind;
};
class Made : public testing::TestWithParam<Case> {};

TEST_P(Made, holds_by_pem_and_by_jwk_and_not_when_touched) {
  const auto [algorithm, kind] = GetParam();
  const Pkey key = make_key(kind), other = make_key(kind);
  std::string why;
  const std::string token = sign(algorithm, key.get(), R"({"sub":1})");
  const Keys by_pem = {*key_from_pem(public_pem(key.get()), why)};
  EXPECT_TRUE(holds(token, by_pem, pinned({algorithm})));
  EXPECT_TRUE(holds(token, keys_of(public_jwk(key.get(), kind, "k")), pinned({algorithm})));
  EXPECT_FALSE(holds(token, {*key_from_pem(public_pem(other.get()), why)}, pinned({algorithm})));
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) {
    std::string touched = token;
    char& c = touched[random() % touched.size()];
    c = c == 'A' ? 'B' : 'A';
    EXPECT_FALSE(touched != token && holds(touched, by_pem, pinned({algorithm}))) << touched;
  }
}

INSTANTIATE_TEST_SUITE_P(Algorithms, Made,
                         testing::Values(Case{"RS256", "RSA"}, Case{"RS384", "RSA"}, Case{"RS512", "RSA"}, Case{"PS256", "RSA"},
                                         Case{"PS384", "RSA"}, Case{"PS512", "RSA"}, Case{"ES256", "P-256"},
                                         Case{"ES384", "P-384"}, Case{"ES512", "P-521"}, Case{"EdDSA", "ED25519"},
                                         Case{"EdDSA", "ED448"}));

TEST(Hmac, every_length) {
  const Keys keys = {key_from_secret(kSecret)};
  for (const char* algorithm : {"HS256", "HS384", "HS512"}) {
    EXPECT_TRUE(holds(sign_hmac(algorithm, kSecret, "{}"), keys, pinned({algorithm})));
    EXPECT_FALSE(holds(sign_hmac(algorithm, "another secret of thirty-two byt", "{}"), keys, pinned({algorithm})));
  }
}

// The classic: the public key, which everybody knows, taken for the secret of an HMAC.
TEST(Confusion, a_public_key_never_serves_as_a_secret) {
  const Pkey key = make_key("RSA");
  const std::string pem = public_pem(key.get());
  std::string why;
  const Keys keys = {*key_from_pem(pem, why)};
  EXPECT_FALSE(holds(sign_hmac("HS256", pem, "{}"), keys, pinned({"RS256"})));
  EXPECT_FALSE(holds(sign_hmac("HS256", pem, "{}"), keys, pinned({"RS256", "HS256"})));
  EXPECT_FALSE(good_secret(pem, why));
}

TEST(Confusion, a_curve_serves_its_own_algorithm_only) {
  const Pkey key = make_key("P-256");
  std::string why;
  const Key made = *key_from_pem(public_pem(key.get()), why);
  EXPECT_TRUE(fits(made, *find_algorithm("ES256")));
  for (const char* other : {"ES384", "ES512", "RS256", "PS256", "EdDSA", "HS256"}) EXPECT_FALSE(fits(made, *find_algorithm(other)));
}

TEST(Confusion, none_is_nothing_however_it_is_spelled) {
  Token token;
  std::string why;
  for (const char* name : {"none", "None", "NONE", "nOnE", ""}) {
    EXPECT_EQ(find_algorithm(name), nullptr);
    const std::string text = base64url(std::string(R"({"alg":")") + name + "\"}") + "." + base64url("{\"sub\":1}") + ".";
    EXPECT_EQ(parse_token(text, pinned({"HS256", "RS256"}), token, why), Parsed::bad);
  }
}

TEST(Parsing, tells_no_jwt_from_a_bad_one) {
  Token token;
  std::string why;
  const auto hs = pinned({"HS256"});
  for (const char* text : {"", "abc", "a.b", "a.b.c.d", "user-1001", "..", "!.!.!", "eyJ4IjoxfQ"})
    EXPECT_EQ(parse_token(text, hs, token, why), Parsed::no_jwt) << text;
  const std::string good = sign_hmac("HS256", kSecret, "{}");
  EXPECT_EQ(parse_token(good, hs, token, why), Parsed::ok);
  EXPECT_EQ(parse_token(good + "=", hs, token, why), Parsed::bad);
  const std::string crit = base64url(R"({"alg":"HS256","crit":["x"]})") + ".e30." + base64url("x");
  EXPECT_EQ(parse_token(crit, hs, token, why), Parsed::bad);
  const std::string raw = base64url(R"({"alg":"HS256","b64":false})") + ".e30." + base64url("x");
  EXPECT_EQ(parse_token(raw, hs, token, why), Parsed::bad);
  EXPECT_EQ(parse_token(base64url(R"({"alg":"HS256"})") + "." + std::string(20'000, 'A') + ".AA", hs, token, why), Parsed::bad);
}

TEST(Parsing, garbage_neither_crashes_nor_passes) {
  std::mt19937 random(5);
  const Keys keys = {key_from_secret(kSecret)};
  const std::string good = sign_hmac("HS256", kSecret, R"({"sub":"x"})");
  for (int i = 0; i < 20'000; ++i) {
    std::string text = i % 2 ? good : std::string(random() % 60, '.');
    for (std::size_t n = 1 + random() % 4; n > 0 && !text.empty(); --n) text[random() % text.size()] = static_cast<char>(random());
    EXPECT_FALSE(text != good && holds(text, keys, pinned({"HS256"}))) << text;
  }
}

TEST(Keys, of_no_use_are_refused_with_a_reason) {
  std::string why;
  EXPECT_FALSE(key_from_pem("no pem", why));
  EXPECT_FALSE(key_from_pem(public_pem(make_key("RSA-1024").get()), why));
  EXPECT_NE(why.find("1024 bits"), std::string::npos);
  EXPECT_FALSE(key_from_pem(public_pem(make_key("secp256k1").get()), why));
  EXPECT_NE(why.find("secp256k1"), std::string::npos);
  EXPECT_FALSE(good_secret("short", why));
}

TEST(Keys, a_jwk_set_gives_what_is_good_and_says_what_it_skips) {
  const Pkey key = make_key("P-256");
  const std::string good = public_jwk(key.get(), "P-256", "good");
  const ParsedKeys parsed = keys_from_jwks(
      R"({"keys":[)" + good + R"(,{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"short"},{"kty":"new"},7,
      {"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"},
      {"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"}]})", false);
  EXPECT_EQ(parsed.fault, "");
  ASSERT_EQ(parsed.keys.size(), 1u);
  EXPECT_EQ(parsed.keys[0].kid, "good");
  EXPECT_EQ(parsed.skipped.size(), 5u);
  for (const char* bad : {"", "[]", "{}", R"({"keys":[]})", R"({"keys":{}})", "{\"keys\":[]}\0{", "x"})
    EXPECT_NE(keys_from_jwks(bad, false).fault, "") << bad;
}

TEST(Base64url, is_strict) {
  EXPECT_EQ(base64url_decoded("AQAB"), std::string("\x01\x00\x01", 3));
  EXPECT_EQ(base64url_decoded(""), "");
  for (const char* bad : {"A", "AQ==", "AQ+B", "AQ/B", "A B", "AR", "AAB"}) EXPECT_FALSE(base64url_decoded(bad)) << bad;
}

}  // namespace
}  // namespace dunlin::jwt_auth
