// SPDX-License-Identifier: Apache-2.0
// Signatures over text, for mix.crypto and mix.jwt.
#pragma once

#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace dunlin::lua {

// The 32, 48 or 64 bytes of an HMAC; empty: OpenSSL has failed.
std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view data);

enum class Family : unsigned char { hmac, rsa, pss, ec, ed };

struct Algorithm {
  std::string_view name;  // RFC 7518, RFC 8037
  Family family;
  const EVP_MD* (*digest)();
  int half;  // of an ECDSA signature, in bytes: tells the curve
};

const Algorithm* algorithm_named(std::string_view name);
bool is_pem(std::string_view key);

// Is `signature` that of `text`? `key` is a secret (HMAC), or a public key or certificate in PEM.
bool verify(const Algorithm& algorithm, std::string_view key, std::string_view text, std::string_view signature);

}  // namespace dunlin::lua
