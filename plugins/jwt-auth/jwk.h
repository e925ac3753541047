// SPDX-License-Identifier: Apache-2.0
// JSON Web Keys (RFC 7517, RFC 8037).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/jwt-auth/key.h"

namespace dunlin::jwt_auth {

struct ParsedKeys {
  Keys keys;
  std::vector<std::string> skipped;  // why each key that was left out was
  std::string fault;                 // the document as a whole is of no use
};

// A JWK, or a JWK Set. Keys that are not for us (`use` enc, unknown kinds, weak ones) are skipped. Symmetric keys are taken
// only where `secrets` says so: never from a URL.
ParsedKeys keys_from_jwks(std::string_view text, bool secrets);

}  // namespace dunlin::jwt_auth
