// SPDX-License-Identifier: Apache-2.0
// Access: who may call the API. With users configured: HTTP Basic, a role for reading and one for writing, a pattern for
// the caller's address. Without: everybody on this machine, but no page in a browser of this machine.
//
// Hashed passwords are slow on purpose: they are checked off the loop, once a password, and remembered. [worker]
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/config/config.h"
#include "core/net/http_server.h"

namespace dunlin {

enum class Role { read, write, either };

class Access {
 public:
  // `unknown`: no or wrong credentials (401); `forbidden`: not from there, or not in this role (403); `slow_down`: too
  // many wrong passwords from that address lately, or too many to check (429).
  enum class Verdict { ok, unknown, forbidden, slow_down };
  struct Decision {
    Verdict verdict = Verdict::unknown;
    std::string why;           // for the answer and the log
    std::string user;          // of ok; empty where the API is open
    bool read = true, write = true;
  };
  // Runs `work` on a pool thread, then `done` on this worker, always.
  using Offload = std::function<void(std::function<void()> work, std::function<void()> done)>;

  Access(std::vector<AccessUser> users, Offload offload) : users_(std::move(users)), offload_(std::move(offload)) {}
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  // Nothing: its password has to be checked first; see wait().
  std::optional<Decision> check(const HttpCall& call, Role role);
  // Calls `again` once the password is known. REQUIRES: check() of this call gave nothing just now.
  void wait(const HttpCall& call, std::function<void()> again);

  // Other users from now on; what was failed is remembered.
  void replace(std::vector<AccessUser> users);
  // The user as configured now; nullptr: there is none of this name.
  const AccessUser* find(std::string_view username) const;
  bool open() const { return users_.empty(); }

  std::uint64_t failures() const { return failures_; }

 private:
  struct Failed {
    unsigned count = 0;
    std::int64_t since_ms = 0;
  };
  using Key = std::pair<std::string, std::string>;  // user and digest of a password
  struct Checking {
    bool right = false;
    std::vector<std::function<void()>> waiting;
  };
  enum class Fits { yes, no, unknown };

  Decision decide(const AccessUser& user, std::string_view address, Role role) const;
  bool blocked(const std::string& address);
  Decision fail(const std::string& address);
  Fits fits(const AccessUser* user, const Key& key, std::string_view password);
  // The hash to check against; empty: none is needed. For a name that is no user's, somebody's: that it is none must not
  // show in the time.
  std::string hash_for(const AccessUser* user) const;
  void checked(const Key& key, unsigned generation);

  std::vector<AccessUser> users_;
  Offload offload_;
  std::unordered_map<std::string, Failed> failed_;  // by address
  std::map<Key, bool> known_;                       // what crypt(3) said
  std::map<Key, Checking> checking_;
  unsigned generation_ = 0;  // of users_
  std::uint64_t failures_ = 0;
};

// Does `text` fit `pattern`, in which * stands for any run of characters?
bool matches(std::string_view pattern, std::string_view text);

}  // namespace dunlin
