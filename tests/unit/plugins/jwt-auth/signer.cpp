// SPDX-License-Identifier: Apache-2.0
#include "signer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace dunlin::jwt_auth {
namespace {

const EVP_MD* hash_of(const std::string& algorithm) {
  if (algorithm == "EdDSA") return nullptr;
  const std::string bits = algorithm.substr(2);
  return bits == "256" ? EVP_sha256() : bits == "384" ? EVP_sha384() : EVP_sha512();
}

std::string number_of(EVP_PKEY* key, const char* name, std::size_t size) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  std::string out(size ? size : static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  BN_free(number);
  return out;
}

std::string raw_ecdsa(const std::string& der, std::size_t half) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  std::string out(2 * half, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), bytes, static_cast<int>(half));
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), bytes + half, static_cast<int>(half));
  ECDSA_SIG_free(signature);
  return out;
}

std::string signed_part(const std::string& algorithm, const std::string& claims, const std::string& kid) {
  const std::string header = R"({"alg":")" + algorithm + "\"" + (kid.empty() ? "" : R"(,"kid":")" + kid + "\"") + "}";
  return base64url(header) + "." + base64url(claims);
}

}  // namespace

std::string base64url(std::string_view bytes) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned bits = 0, held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += kAlphabet[bits >> (held - 6) & 63];
  }
  if (held > 0) out += kAlphabet[bits << (6 - held) & 63];
  return out;
}

Pkey make_key(const std::string& kind) {
  if (kind == "RSA") return Pkey{EVP_RSA_gen(2048)};
  if (kind == "RSA-1024") return Pkey{EVP_RSA_gen(1024)};
  if (kind.starts_with("P-") || kind.starts_with("secp")) return Pkey{EVP_EC_gen(kind.c_str())};
  return Pkey{EVP_PKEY_Q_keygen(nullptr, nullptr, kind.c_str())};
}

std::string public_pem(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, key);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

std::string public_jwk(EVP_PKEY* key, const std::string& kind, const std::string& kid) {
  const std::string tail = R"(,"kid":")" + kid + R"(","use":"sig"})";
  if (kind == "RSA")
    return R"({"kty":"RSA","n":")" + base64url(number_of(key, OSSL_PKEY_PARAM_RSA_N, 0)) + R"(","e":")" +
           base64url(number_of(key, OSSL_PKEY_PARAM_RSA_E, 0)) + "\"" + tail;
  if (kind.starts_with("P-")) {
    const std::size_t size = kind == "P-256" ? 32 : kind == "P-384" ? 48 : 66;
    return R"({"kty":"EC","crv":")" + kind + R"(","x":")" + base64url(number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, size)) +
           R"(","y":")" + base64url(number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, size)) + "\"" + tail;
  }
  std::string raw(64, '\0');
  std::size_t size = raw.size();
  EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size);
  raw.resize(size);
  return R"({"kty":"OKP","crv":")" + std::string(kind == "ED448" ? "Ed448" : "Ed25519") + R"(","x":")" + base64url(raw) + "\"" + tail;
}

std::string sign(const std::string& algorithm, EVP_PKEY* key, const std::string& claims, const std::string& kid) {
  const std::string text = signed_part(algorithm, claims, kid);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* parameters = nullptr;
  bool good = EVP_DigestSignInit(context, &parameters, hash_of(algorithm), nullptr, key) == 1;
  if (algorithm.starts_with("PS")) {
    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
  }
  std::string signature(1024, '\0');
  std::size_t size = signature.size();
  good = good && EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                                reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  EVP_MD_CTX_free(context);
  if (!good) throw std::runtime_error("OpenSSL cannot sign " + algorithm);
  signature.resize(size);
  if (algorithm.starts_with("ES")) signature = raw_ecdsa(signature, algorithm == "ES256" ? 32 : algorithm == "ES384" ? 48 : 66);
  return text + "." + base64url(signature);
}

std::string sign_hmac(const std::string& algorithm, std::string_view secret, const std::string& claims) {
  const std::string text = signed_part(algorithm, claims, "");
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(hash_of(algorithm), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  return text + "." + base64url({reinterpret_cast<const char*>(mac), size});
}

}  // namespace dunlin::jwt_auth
