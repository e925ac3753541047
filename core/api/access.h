// SPDX-License-Identifier: Apache-2.0
// Access: who may call the API. With users configured: HTTP Basic, a role for reading and one for writing, a pattern for
// the caller's address. Without: everybody on this machine, but no page in a browser of this machine. [worker]
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/config/config.h"
#include "core/net/http_server.h"

namespace dunlin {

enum class Role { read, write };

class Access {
 public:
  enum class Verdict { ok, unknown, forbidden, slow_down };

  explicit Access(const std::vector<AccessUser>& users) : users_(users) {}

  // `unknown`: no or wrong credentials (401); `forbidden`: not from there, or not in this role (403); `slow_down`: too
  // many wrong passwords from that address lately (429). `why` is for the answer and the log.
  Verdict check(const HttpCall& call, Role role, std::string& why);

  std::uint64_t failures() const { return failures_; }

 private:
  struct Failed {
    unsigned count = 0;
    std::int64_t since_ms = 0;
  };
  bool password_fits(const AccessUser& user, std::string_view password);
  Verdict fail(std::string_view address, std::string& why);

  const std::vector<AccessUser>& users_;
  std::unordered_map<std::string, Failed> failed_;      // by address
  std::unordered_map<std::string, std::string> known_;  // user → digest of the password that crypt(3) accepted
  std::uint64_t failures_ = 0;
};

// Does `text` fit `pattern`, in which * stands for any run of characters?
bool matches(std::string_view pattern, std::string_view text);

}  // namespace dunlin
