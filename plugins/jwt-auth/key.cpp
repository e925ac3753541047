// SPDX-License-Identifier: Apache-2.0
#include "plugins/jwt-auth/key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace dunlin::jwt_auth {
namespace {

constexpr int kLeastRsaBits = 2048;
constexpr std::size_t kLeastSecret = 32;

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio reader(std::string_view text) { return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free}; }

Mac mac_of(std::string_view secret, const char* hash) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr), &EVP_MAC_free);
  std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(hmac.get()), &EVP_MAC_CTX_free);
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(hash), 0),
                                   OSSL_PARAM_construct_end()};
  if (EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), parameters) != 1)
    return {};  // verifies nothing
  return Mac(context.release(), &EVP_MAC_CTX_free);
}

int no_password(char*, int, int, void*) { return 0; }

Pkey read_pem(std::string_view pem) {
  if (Pkey key{PEM_read_bio_PUBKEY(reader(pem).get(), nullptr, no_password, nullptr)}) return key;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
  if (const Certificate certificate{PEM_read_bio_X509(reader(pem).get(), nullptr, no_password, nullptr), &X509_free})
    return Pkey{X509_get_pubkey(certificate.get())};
  return Pkey{PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_password, nullptr)};
}

}  // namespace

std::optional<KeyKind> kind_of(EVP_PKEY* key, std::string& why) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      if (EVP_PKEY_get_bits(key) >= kLeastRsaBits) return KeyKind::rsa;
      why = "the RSA key has " + std::to_string(EVP_PKEY_get_bits(key)) + " bits; must have at least 2048";
      return std::nullopt;
    case EVP_PKEY_ED25519: return KeyKind::ed25519;
    case EVP_PKEY_ED448: return KeyKind::ed448;
    case EVP_PKEY_EC: {
      char group[80] = "";
      EVP_PKEY_get_group_name(key, group, sizeof(group), nullptr);
      const std::string_view name = group;
      if (name == "prime256v1") return KeyKind::p256;
      if (name == "secp384r1") return KeyKind::p384;
      if (name == "secp521r1") return KeyKind::p521;
      why = "the curve is " + std::string(name) + "; must be P-256, P-384 or P-521";
      return std::nullopt;
    }
    default: why = "the key is neither RSA, EC, Ed25519 nor Ed448"; return std::nullopt;
  }
}

std::optional<Key> key_from_pem(std::string_view pem, std::string& why) {
  Pkey key = read_pem(pem);
  ERR_clear_error();
  if (!key) {
    why = "holds no PEM of a public key or a certificate";
    return std::nullopt;
  }
  const auto kind = kind_of(key.get(), why);
  if (!kind) return std::nullopt;
  return Key{.kind = *kind, .macs = {}, .pkey = std::move(key), .kid = {}, .algorithm = {}};
}

Key key_from_secret(std::string_view secret) {
  return {.kind = KeyKind::secret,
          .macs = {mac_of(secret, "SHA256"), mac_of(secret, "SHA384"), mac_of(secret, "SHA512")},
          .pkey = {}, .kid = {}, .algorithm = {}};
}

bool good_secret(std::string_view secret, std::string& why) {
  if (secret.find("-----BEGIN") != std::string_view::npos) {
    why = "looks like a PEM key: as a secret it would let everybody who knows the public key sign; give it under `keys`";
    return false;
  }
  if (secret.size() >= kLeastSecret) return true;
  why = "has " + std::to_string(secret.size()) + " bytes; a secret must have at least 32 (RFC 7518, 3.2)";
  return false;
}

}  // namespace dunlin::jwt_auth
