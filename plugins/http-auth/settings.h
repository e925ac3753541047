// SPDX-License-Identifier: Apache-2.0
// The settings of http-auth: read once, then shared read-only by all workers. docs/http-auth.md explains each.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/http-auth/exact_json.h"
#include "plugins/http-auth/template.h"

namespace dunlin::http_auth {

using StatusSet = std::bitset<600>;  // HTTP status codes

struct Settings {
  // What is asked.
  std::string method = "POST";
  Template url;
  std::vector<std::pair<std::string, Template>> headers;  // content-type included
  Template body;
  std::int64_t timeout_ms = 3000;  // of one try
  std::int64_t connections = 16;   // to the backend, from one worker
  std::int64_t max_body = 65536;
  bool verify_tls = true;
  std::string ca_file;  // an absolute path, or empty: the system's authorities

  // What the reply says.
  Path uid{"uid"};
  std::vector<std::pair<std::string, Path>> context;
  std::optional<Path> channels;
  std::optional<Path> expires;
  StatusSet allow;
  StatusSet deny;

  // What is done when the backend is in trouble.
  std::int64_t retries = 1;  // of one request
  std::int64_t retry_percent = 10;
  std::int64_t retry_burst = 10;
  std::int64_t breaker_failures = 5;
  std::int64_t breaker_open_ms = 5000;

  // What is remembered.
  bool cache = false;
  std::int64_t cache_ttl_ms = 10000;
  std::int64_t cache_deny_ttl_ms = 0;  // 0: refusals are not remembered
  std::int64_t cache_size = 10000;
};

struct Fault {
  std::string pointer;  // a JSON Pointer into the settings
  std::string what;     // what is wrong, and what would be right
};

// Nothing: `fault` says why. `directory` is where a relative ca_file starts.
std::optional<Settings> parse_settings(std::string_view json, std::string_view directory, Fault& fault);

}  // namespace dunlin::http_auth
