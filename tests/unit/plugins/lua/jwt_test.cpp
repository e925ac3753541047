// SPDX-License-Identifier: Apache-2.0
// mix.jwt.decode: tokens that are made here, with keys that are made here.
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::HasSubstr;

std::string base64url(const std::string& data) {
  std::string out((data.size() + 2) / 3 * 4 + 1, '\0');
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                      reinterpret_cast<const unsigned char*>(data.data()),
                                                      static_cast<int>(data.size()))));
  while (!out.empty() && out.back() == '=') out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

class Jwt : public LuaTest {
 protected:
  Jwt() {
    // decode(token, key, options) → the claim `sub`, or the error; sign(header, claims, key) for HS256.
    load("function decode(...) local c, h = mix.jwt.decode(...) return c and c.sub or h end "
         "local function url(s) return (mix.base64_encode(s):gsub('=', ''):gsub('+', '-'):gsub('/', '_')) end "
         "function sign(header, claims, key) local t = url(header) .. '.' .. url(claims) "
         "return t .. '.' .. url(mix.crypto.hmac_sha256_bin(key, t)) end "
         "hs = '{\"alg\":\"HS256\"}' " +
         evaluator());
  }
  ~Jwt() override { EVP_PKEY_free(key_); }

  std::string pem() {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, key_);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }
  std::string sign(const std::string& alg, const EVP_MD* digest) {
    const std::string text = base64url(R"({"alg":")" + alg + "\"}") + "." + base64url(R"({"sub":"me"})");
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* inner = nullptr;
    EVP_DigestSignInit(context, &inner, digest, nullptr, key_);
    if (alg.starts_with("PS")) EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING);
    if (alg.starts_with("PS")) EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST);
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::string signature(1024, '\0');
    std::size_t size = signature.size();
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size());
    EVP_MD_CTX_free(context);
    signature.resize(size);
    return text + "." + base64url(alg.starts_with("ES") ? raw(signature) : signature);
  }
  static std::string raw(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    std::string out(64, '\0');
    auto* bytes = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), bytes, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), bytes + 32, 32);
    ECDSA_SIG_free(signature);
    return out;
  }
  std::string decode(const std::string& token, const std::string& key) {
    return eval("decode('" + token + "', [[" + key + "]])");
  }

  EVP_PKEY* key_ = nullptr;
};

TEST_F(Jwt, TakesAGoodSecret) {
  EXPECT_EQ(eval(R"(decode(sign(hs, '{"sub":"me"}', 'secret'), 'secret'))"), "me");
  EXPECT_EQ(eval(R"(decode(sign(hs, '{"sub":1463786910324359168}', 'secret'), 'secret'))"), "1463786910324359168");
  EXPECT_EQ(eval(R"(decode(sign(hs, '{"sub":"me"}', 'secret'), 'other'))"), "jwt.decode: the signature is wrong");
  EXPECT_EQ(eval(R"(select(2, mix.jwt.decode(sign(hs, '{}', 's'), 's')).alg)"), "HS256");
}

// RFC 7515, appendix A.1.
TEST_F(Jwt, TakesTheVectorOfTheRfc) {
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
      "bS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const std::string key =
      "mix.base64_decode('AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==')";
  EXPECT_EQ(eval("select(2, mix.jwt.decode('" + token + "', " + key + "))"), "jwt.decode: the token has expired");
}

TEST_F(Jwt, LooksAtTheClock) {
  EXPECT_EQ(eval(R"(decode(sign(hs, '{"sub":1,"exp":' .. os.time() + 60 .. '}', 's'), 's'))"), "1");
  EXPECT_THAT(eval(R"(decode(sign(hs, '{"sub":1,"exp":' .. os.time() - 60 .. '}', 's'), 's'))"), HasSubstr("expired"));
  EXPECT_EQ(eval(R"(decode(sign(hs, '{"sub":1,"exp":' .. os.time() - 60 .. '}', 's'), 's', {leeway = 120}))"), "1");
  EXPECT_THAT(eval(R"(decode(sign(hs, '{"nbf":' .. os.time() + 60 .. '}', 's'), 's'))"), HasSubstr("not valid yet"));
  EXPECT_THAT(eval(R"(decode(sign(hs, '{"exp":"soon"}', 's'), 's'))"), HasSubstr("exp is no number"));
}

TEST_F(Jwt, TakesEcdsa) {
  key_ = EVP_EC_gen("P-256");
  EXPECT_EQ(decode(sign("ES256", EVP_sha256()), pem()), "me");
  EXPECT_THAT(decode(sign("ES256", EVP_sha384()), pem()), HasSubstr("the signature is wrong"));
}

TEST_F(Jwt, TakesRsa) {
  key_ = EVP_RSA_gen(2048);
  EXPECT_EQ(decode(sign("RS256", EVP_sha256()), pem()), "me");
  EXPECT_EQ(decode(sign("PS512", EVP_sha512()), pem()), "me");
}

TEST_F(Jwt, TakesEd25519) {
  key_ = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  EXPECT_EQ(decode(sign("EdDSA", nullptr), pem()), "me");
}

TEST_F(Jwt, MixesNoKindsOfKeys) {
  key_ = EVP_EC_gen("P-256");
  constexpr const char* kNot = "the algorithm is not one that is accepted with this key";
  // The public key taken for a secret: whoever knows it could sign.
  EXPECT_THAT(eval("decode(sign(hs, '{}', [[" + pem() + "]]), [[" + pem() + "]])"), HasSubstr(kNot));
  EXPECT_THAT(decode(sign("ES256", EVP_sha256()), "secret"), HasSubstr(kNot));
  EXPECT_THAT(eval(R"(decode(sign('{"alg":"none"}', '{}', 's'), 's'))"), HasSubstr(kNot));
  EXPECT_THAT(eval(R"(decode(sign(hs, '{}', 's'), 's', {algorithms = 'HS512'}))"), HasSubstr(kNot));
  EXPECT_EQ(eval(R"(decode(sign(hs, '{"sub":1}', 's'), 's', {algorithms = {'HS512', 'HS256'}}))"), "1");
}

TEST_F(Jwt, RefusesWhatIsNone) {
  for (const char* token : {"''", "'.'", "'a.b'", "'a.b.c.d'", "'!.!.!'", "('x'):rep(70000)", "sign('[]', '{}', 's')",
                            "sign('{', '{}', 's')", "sign(hs, '[]', 's')", "sign('{\"crit\":[]}', '{}', 's')"}) {
    EXPECT_THAT(eval(std::string("decode(") + token + ", 's')"), HasSubstr("jwt.decode: ")) << token;
  }
  EXPECT_EQ(eval("pcall(mix.jwt.decode)"), "false");
  EXPECT_EQ(eval("pcall(mix.jwt.decode, 'a')"), "false");
  EXPECT_EQ(eval("pcall(mix.jwt.decode, 'a', '')"), "false");
  EXPECT_EQ(eval("pcall(mix.jwt.decode, 'a', 's', 7)"), "false");
  EXPECT_EQ(eval("pcall(mix.jwt.decode, 'a', 's', {leeway = -1})"), "false");
}

}  // namespace
}  // namespace dunlin::test
