// SPDX-License-Identifier: Apache-2.0
#include "plugins/jwt-auth/verifier.h"

#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "plugins/jwt-auth/base64url.h"
#include "plugins/jwt-auth/json.h"

namespace dunlin::jwt_auth {
namespace {

using Family = Algorithm::Family;

constexpr std::size_t kLongest = 16 * 1024;

constexpr std::array<Algorithm, 13> kAlgorithms = {{
    {"HS256", Family::hmac, EVP_sha256, &Macs::sha256, KeyKind::secret},
    {"HS384", Family::hmac, EVP_sha384, &Macs::sha384, KeyKind::secret},
    {"HS512", Family::hmac, EVP_sha512, &Macs::sha512, KeyKind::secret},
    {"RS256", Family::pkcs1, EVP_sha256, nullptr, KeyKind::rsa},
    {"RS384", Family::pkcs1, EVP_sha384, nullptr, KeyKind::rsa},
    {"RS512", Family::pkcs1, EVP_sha512, nullptr, KeyKind::rsa},
    {"PS256", Family::pss, EVP_sha256, nullptr, KeyKind::rsa},
    {"PS384", Family::pss, EVP_sha384, nullptr, KeyKind::rsa},
    {"PS512", Family::pss, EVP_sha512, nullptr, KeyKind::rsa},
    {"ES256", Family::ecdsa, EVP_sha256, nullptr, KeyKind::p256},
    {"ES384", Family::ecdsa, EVP_sha384, nullptr, KeyKind::p384},
    {"ES512", Family::ecdsa, EVP_sha512, nullptr, KeyKind::p521},
    {"EdDSA", Family::eddsa, nullptr, nullptr, KeyKind::ed25519},
}};

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

bool verify_hmac(const Token& token, const Key& key) {
  const Mac& begun = key.macs.*token.algorithm->mac;
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> mac(begun ? EVP_MAC_CTX_dup(begun.get()) : nullptr,
                                                                      &EVP_MAC_CTX_free);
  unsigned char out[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  return mac && EVP_MAC_update(mac.get(), bytes(token.signed_part), token.signed_part.size()) == 1 &&
         EVP_MAC_final(mac.get(), out, &size, sizeof out) == 1 && token.signature.size() == size &&
         CRYPTO_memcmp(out, token.signature.data(), size) == 0;
}

// RFC 7518, 3.4: r and s, each as long as the curve's order; OpenSSL wants them in DER.
std::string der_signature(std::string_view raw, KeyKind kind) {
  const std::size_t half = kind == KeyKind::p256 ? 32 : kind == KeyKind::p384 ? 48 : 66;
  if (raw.size() != 2 * half) return {};
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(ECDSA_SIG_new(), &ECDSA_SIG_free);
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes(raw), static_cast<int>(half), nullptr),
                 BN_bin2bn(bytes(raw.substr(half)), static_cast<int>(half), nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return out;
}

bool set_padding(EVP_PKEY_CTX* context, Family family) {
  if (family == Family::pkcs1) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  if (family != Family::pss) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool verify_public(const Token& token, const Key& key) {
  const Family family = token.algorithm->family;
  const std::string signature = family == Family::ecdsa ? der_signature(token.signature, key.kind) : token.signature;
  if (signature.empty()) return false;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_PKEY_CTX* parameters = nullptr;  // owned by the context
  const EVP_MD* hash = token.algorithm->hash ? token.algorithm->hash() : nullptr;
  const bool holds = EVP_DigestVerifyInit(context.get(), &parameters, hash, nullptr, key.pkey.get()) == 1 &&
                     set_padding(parameters, family) &&
                     EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(token.signed_part),
                                      token.signed_part.size()) == 1;
  ERR_clear_error();
  return holds;
}

Parsed bad(std::string& why, std::string text) {
  why = std::move(text);
  return Parsed::bad;
}

}  // namespace

const Algorithm* find_algorithm(std::string_view name) {
  const auto found = std::find_if(kAlgorithms.begin(), kAlgorithms.end(), [&](const Algorithm& a) { return a.name == name; });
  return found == kAlgorithms.end() ? nullptr : &*found;
}

std::string algorithm_names() {
  std::string out;
  for (const Algorithm& algorithm : kAlgorithms) out.append(out.empty() ? "" : ", ").append(algorithm.name);
  return out;
}

bool fits(const Key& key, const Algorithm& algorithm) {
  if (!key.algorithm.empty() && key.algorithm != algorithm.name) return false;
  return key.kind == algorithm.kind || (algorithm.family == Family::eddsa && key.kind == KeyKind::ed448);
}

Parsed parse_token(std::string_view text, const std::vector<const Algorithm*>& pinned, Token& out, std::string& why) {
  const std::size_t first = text.find('.');
  const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) return Parsed::no_jwt;
  if (text.size() > kLongest) return bad(why, "the token is longer than 16 KiB");
  const auto header_text = base64url_decoded(text.substr(0, first));
  const auto header = header_text ? parse_json(*header_text) : std::nullopt;
  if (!header || !header->IsObject()) return Parsed::no_jwt;
  auto payload = base64url_decoded(text.substr(first + 1, second - first - 1));
  auto signature = base64url_decoded(text.substr(second + 1));
  if (!payload || !signature) return bad(why, "its parts are no base64url");

  const std::string_view name = text_member(*header, "alg");
  out.algorithm = find_algorithm(name);
  if (!out.algorithm || std::find(pinned.begin(), pinned.end(), out.algorithm) == pinned.end())
    return bad(why, "its algorithm is not accepted");
  if (member(*header, "crit")) return bad(why, "it demands an extension (crit)");
  if (const Json* b64 = member(*header, "b64"); b64 && !b64->IsTrue()) return bad(why, "its payload is not encoded (b64)");
  out.kid = text_member(*header, "kid");
  out.signed_part = text.substr(0, second);
  out.payload = std::move(*payload);
  out.signature = std::move(*signature);
  return Parsed::ok;
}

bool verify(const Token& token, const Key& key) {
  if (!fits(key, *token.algorithm)) return false;
  return key.kind == KeyKind::secret ? verify_hmac(token, key) : verify_public(token, key);
}

}  // namespace dunlin::jwt_auth
