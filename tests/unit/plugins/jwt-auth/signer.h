// SPDX-License-Identifier: Apache-2.0
// Makes keys and tokens by OpenSSL, the other way round from the module.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

#include "plugins/jwt-auth/key.h"

namespace dunlin::jwt_auth {

std::string base64url(std::string_view bytes);

// "RSA", "P-256", "P-384", "P-521", "ED25519", "ED448"
Pkey make_key(const std::string& kind);
std::string public_pem(EVP_PKEY* key);
std::string public_jwk(EVP_PKEY* key, const std::string& kind, const std::string& kid);

std::string sign(const std::string& algorithm, EVP_PKEY* key, const std::string& claims, const std::string& kid = "");
std::string sign_hmac(const std::string& algorithm, std::string_view secret, const std::string& claims);

}  // namespace dunlin::jwt_auth
