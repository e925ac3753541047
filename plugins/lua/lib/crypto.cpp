// SPDX-License-Identifier: Apache-2.0
#include "plugins/lua/lib/crypto.h"

#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "plugins/lua/lib/cost.h"
#include "plugins/lua/lib/lib.h"

namespace dunlin::lua {
namespace {

constexpr std::size_t kMaxKey = 64 * 1024;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Key read_key(std::string_view pem) {
  if (pem.size() > kMaxKey) return nullptr;
  const int size = static_cast<int>(pem.size());
  Bio bio(BIO_new_mem_buf(pem.data(), size));
  if (Key key{PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr)}) return key;
  bio.reset(BIO_new_mem_buf(pem.data(), size));
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  return Key(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
}

// JWS has the two numbers of an ECDSA signature side by side, OpenSSL wants them in DER.
std::string der_of(std::string_view raw) {
  const std::size_t half = raw.size() / 2;
  const Signature signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes(raw), static_cast<int>(half), nullptr);
  BIGNUM* s = BN_bin2bn(bytes(raw) + half, static_cast<int>(half), nullptr);
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out = size > 0 ? std::string(reinterpret_cast<char*>(der), static_cast<std::size_t>(size)) : "";
  OPENSSL_free(der);
  return out;
}

bool fits(const Algorithm& algorithm, EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_base_id(key);
  switch (algorithm.family) {
    case Family::rsa:
    case Family::pss:
      return kind == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= 2048;
    case Family::ec:
      return kind == EVP_PKEY_EC && (EVP_PKEY_get_bits(key) + 7) / 8 == algorithm.half;
    default:
      return kind == EVP_PKEY_ED25519;
  }
}

bool verify_public(const Algorithm& algorithm, EVP_PKEY* key, std::string_view text, std::string_view signature) {
  std::string der;
  if (algorithm.family == Family::ec) {
    if (signature.size() != 2 * static_cast<std::size_t>(algorithm.half)) return false;
    der = der_of(signature);
    signature = der;
  }
  const Digest digest(EVP_MD_CTX_new());
  EVP_PKEY_CTX* context = nullptr;  // belongs to `digest`
  const EVP_MD* kind = algorithm.digest ? algorithm.digest() : nullptr;
  if (!digest || EVP_DigestVerifyInit(digest.get(), &context, kind, nullptr, key) != 1) return false;
  if (algorithm.family == Family::pss && (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) != 1 ||
                                          EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(digest.get(), bytes(signature), signature.size(), bytes(text), text.size()) == 1;
}

constexpr Algorithm kAlgorithms[] = {
    {"HS256", Family::hmac, EVP_sha256, 0}, {"HS384", Family::hmac, EVP_sha384, 0},
    {"HS512", Family::hmac, EVP_sha512, 0}, {"RS256", Family::rsa, EVP_sha256, 0},
    {"RS384", Family::rsa, EVP_sha384, 0},  {"RS512", Family::rsa, EVP_sha512, 0},
    {"PS256", Family::pss, EVP_sha256, 0},  {"PS384", Family::pss, EVP_sha384, 0},
    {"PS512", Family::pss, EVP_sha512, 0},  {"ES256", Family::ec, EVP_sha256, 32},
    {"ES384", Family::ec, EVP_sha384, 48},  {"ES512", Family::ec, EVP_sha512, 66},
    {"EdDSA", Family::ed, nullptr, 0}};

int hmac_sha256(lua_State* state, bool binary) {
  const std::string code = hmac(EVP_sha256(), to_charged_view(state, 1), to_charged_view(state, 2));
  if (code.empty()) return luaL_error(state, "an HMAC is not available in this OpenSSL");
  push(state, binary ? code : hex(code));
  return 1;
}

// mix.crypto.equals(a, b): in a time that tells nothing but the length.
int equals(lua_State* state) {
  const std::string_view a = to_charged_view(state, 1), b = to_charged_view(state, 2);
  lua_pushboolean(state, a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
  return 1;
}

constexpr luaL_Reg kCrypto[] = {{"hmac_sha256", [](lua_State* state) { return hmac_sha256(state, false); }},
                                {"hmac_sha256_bin", [](lua_State* state) { return hmac_sha256(state, true); }},
                                {"equals", equals},
                                {nullptr, nullptr}};

}  // namespace

std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view data) {
  unsigned char code[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  static constexpr char kNone = 0;  // OpenSSL takes a key of no bytes at no place for "the key of before"
  const void* secret = key.empty() ? &kNone : key.data();
  if (key.size() > INT32_MAX) return {};
  const int key_size = static_cast<int>(key.size());
  if (!HMAC(digest, secret, key_size, bytes(data), data.size(), code, &size)) return {};
  return {reinterpret_cast<char*>(code), size};
}

const Algorithm* algorithm_named(std::string_view name) {
  for (const Algorithm& algorithm : kAlgorithms) {
    if (algorithm.name == name) return &algorithm;
  }
  return nullptr;
}

bool is_pem(std::string_view key) { return key.find("-----BEGIN ") != key.npos; }

bool verify(const Algorithm& algorithm, std::string_view key, std::string_view text, std::string_view signature) {
  if (algorithm.family == Family::hmac) {
    const std::string code = hmac(algorithm.digest(), key, text);
    return !code.empty() && code.size() == signature.size() &&
           CRYPTO_memcmp(code.data(), signature.data(), code.size()) == 0;
  }
  const Key read = read_key(key);
  const bool good = read && fits(algorithm, read.get()) && verify_public(algorithm, read.get(), text, signature);
  ERR_clear_error();  // the thread's queue of errors is the server's own too
  return good;
}

void open_mix_crypto(lua_State* state) {
  luaL_newlib(state, kCrypto);
  lua_setfield(state, -2, "crypto");
  open_mix_jwt(state);
}

}  // namespace dunlin::lua
