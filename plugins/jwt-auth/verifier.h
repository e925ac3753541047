// SPDX-License-Identifier: Apache-2.0
// The signature of a token (RFC 7515, compact form): which algorithm it names, which keys may serve it, whether it holds.
#pragma once

#include <rapidjson/document.h>

#include <string>
#include <string_view>
#include <vector>

#include "plugins/jwt-auth/key.h"

namespace dunlin::jwt_auth {

struct Algorithm {
  enum class Family { hmac, pkcs1, pss, ecdsa, eddsa };
  std::string_view name;
  Family family;
  const EVP_MD* (*hash)();  // nullptr: its own
  Mac Macs::*mac;           // of the family hmac
  KeyKind kind;  // of the key that it demands; eddsa: either of both
};

// nullptr: unknown; "none" is.
const Algorithm* find_algorithm(std::string_view name);
// Every name, for messages.
std::string algorithm_names();

// Does `key` have the kind that `algorithm` demands, and no other algorithm of its own?
bool fits(const Key& key, const Algorithm& algorithm);

// A token taken apart. Views point into the token.
struct Token {
  const Algorithm* algorithm = nullptr;
  std::string kid;
  std::string_view signed_part;
  std::string signature;
  std::string payload;
};

enum class Parsed { ok, no_jwt, bad };
// `bad`: it is a JWT and of no use; `why` says so. `pinned`: the algorithms that are accepted.
Parsed parse_token(std::string_view token, const std::vector<const Algorithm*>& pinned, Token& out, std::string& why);

bool verify(const Token& token, const Key& key);

}  // namespace dunlin::jwt_auth
