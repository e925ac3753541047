// SPDX-License-Identifier: Apache-2.0
// Key: one key and what it may be used for. A key has a kind, an algorithm demands one: so a public key can never serve as
// the secret of an HMAC, whatever a token's header says.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dunlin::jwt_auth {

enum class KeyKind { secret, rsa, p256, p384, p521, ed25519, ed448 };

struct PkeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Pkey = std::unique_ptr<EVP_PKEY, PkeyFree>;

// The HMACs of one secret, each with the secret worked in already: to begin anew is most of the work of a short token.
// Shared by all workers, which copy one for each token.
using Mac = std::shared_ptr<const EVP_MAC_CTX>;
struct Macs {
  Mac sha256, sha384, sha512;
};

struct Key {
  KeyKind kind;
  Macs macs;                       // of kind secret
  std::shared_ptr<EVP_PKEY> pkey;  // of every other
  std::string kid;                 // empty: fits any token
  std::string algorithm;           // empty: any that fits its kind
};
using Keys = std::vector<Key>;

// A public key (or a certificate, or a private key's public half) in PEM.
std::optional<Key> key_from_pem(std::string_view pem, std::string& why);
// What kind a public key is; nothing, and `why`, where it is of no use here (RSA under 2048 bits, other curves).
std::optional<KeyKind> kind_of(EVP_PKEY* key, std::string& why);
// The key of an HMAC. REQUIRES: good_secret()
Key key_from_secret(std::string_view secret);
// A secret of an HMAC: at least 32 bytes (RFC 7518, 3.2), and no PEM: that would be a public key.
bool good_secret(std::string_view secret, std::string& why);

}  // namespace dunlin::jwt_auth
