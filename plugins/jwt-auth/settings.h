// SPDX-License-Identifier: Apache-2.0
// What the configuration says. Read-only once made, and shared by all workers (but for the keys of a URL: key_store.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/jwt-auth/key.h"
#include "plugins/jwt-auth/verifier.h"

namespace dunlin::jwt_auth {

struct Settings {
  std::vector<const Algorithm*> algorithms;
  Keys keys;                       // of the configuration and its files
  std::string jwks_url;            // empty: none
  std::string ca_file;
  std::int64_t refresh_ms = 600'000;
  std::int64_t timeout_ms = 4'000;  // under the host's deadline of 5 s, so that a slow URL is told as such
  std::vector<std::string> audiences, issuers;  // empty: not checked
  std::int64_t leeway_s = 30;
  std::string uid_claim = "sub";
  std::string channels_claim;      // empty: none
  std::vector<std::string> context_claims;
  bool require_exp = true;
};

struct Fault {
  std::string pointer, what;  // a JSON Pointer into the settings
};

extern const char kSchema[];  // JSON Schema, draft 4

// `json` has passed the schema. Relative files start at `directory`.
std::optional<Settings> parse_settings(std::string_view json, std::string_view directory, Fault& fault);

}  // namespace dunlin::jwt_auth
