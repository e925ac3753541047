// SPDX-License-Identifier: Apache-2.0
#include "core/api/access.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/base64.h"
#include "core/base/check.h"
#include "core/base/clock.h"

namespace dunlin {
namespace {

constexpr unsigned kFailures = 10;       // wrong passwords that an address may try …
constexpr std::int64_t kWindow = 60'000;  // … in this time, in ms
constexpr std::size_t kAddresses = 10'000;
constexpr std::size_t kKnown = 1000;     // passwords whose check is remembered
constexpr std::size_t kChecking = 64;    // passwords that are checked at a time

std::string_view without_port(std::string_view address) {
  std::string_view host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

std::string digest(std::string_view text) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

// Of digests: neither content nor length of a secret shows in the time that it takes.
bool equal(std::string_view a, std::string_view b) {
  const std::string left = digest(a), right = digest(b);
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

// "Basic dXNlcjpwYXNz" → user, password.
std::optional<std::pair<std::string, std::string>> credentials(std::string_view header) {
  constexpr std::string_view kScheme = "basic ";
  constexpr std::size_t kLongest = 1024;
  if (header.size() < kScheme.size() || header.size() > kLongest) return std::nullopt;
  const auto alike = [](char ours, char given) { return std::tolower(static_cast<unsigned char>(given)) == ours; };
  if (!std::equal(kScheme.begin(), kScheme.end(), header.begin(), alike)) return std::nullopt;
  const auto text = base64_decoded(header.substr(kScheme.size()));
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return std::pair(text->substr(0, colon), text->substr(colon + 1));
}

std::string_view host_name(std::string_view host) {
  const std::size_t port = host.rfind(':');
  return port != std::string_view::npos && !host.ends_with(']') ? host.substr(0, port) : host;
}

bool is_local_name(std::string_view host) {
  host = host_name(host);
  // An address, not a name such as 127.0.0.1.example.com, which resolves to whatever its owner likes.
  const bool address = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || host == "::1" || (address && host.starts_with("127."));
}

// Is `origin` the API's own? Programs that send one, as PHP's Pawl does, make it up of the Host without the port; a browser
// would say so of a page of another server on this machine, but it tells of each request where it comes from, besides.
bool is_own(std::string_view origin, std::string_view host, const HttpCall& call) {
  if (!origin.starts_with("http://")) return false;
  origin.remove_prefix(7);
  return origin == host || (origin == host_name(host) && call.header("sec-fetch-site").empty());
}

// A page in a browser on this machine can reach loopback: by its own Origin, or by a name that it lets resolve to us
// (DNS rebinding), which then is the Host.
bool from_a_page(const HttpCall& call, std::string& why) {
  const std::string_view host = call.header("host");
  if (!host.empty() && !is_local_name(host)) {
    why = "an open API answers to the Host of this machine only; set api.access";
    return true;
  }
  const std::string_view origin = call.header("origin");
  if (!origin.empty() && !is_own(origin, host, call)) {
    why = "an open API answers to no page of a browser; set api.access";
    return true;
  }
  return false;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
  // After a star, the shortest run is tried first; a later star makes an earlier one's choice final: no backtracking
  // further than that, so that no pattern takes long.
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::optional<Access::Decision> Access::check(const HttpCall& call, Role role) {
  Decision decision;
  if (users_.empty()) {
    decision.verdict = from_a_page(call, decision.why) ? Verdict::forbidden : Verdict::ok;
    return decision;
  }
  const std::string address(without_port(call.peer));
  if (blocked(address)) {
    decision.verdict = Verdict::slow_down;
    decision.why = "too many wrong passwords from this address; try again in a minute";
    return decision;
  }
  const auto given = credentials(call.header("authorization"));
  if (!given) {
    decision.why = "credentials are needed (HTTP Basic)";
    return decision;
  }
  const AccessUser* user = find(given->first);
  switch (fits(user, {given->first, digest(given->second)}, given->second)) {
    case Fits::yes: return decide(*user, address, role);
    case Fits::no: return fail(address);
    case Fits::unknown: break;
  }
  if (checking_.size() < kChecking || checking_.contains({given->first, digest(given->second)})) return std::nullopt;
  decision.verdict = Verdict::slow_down;
  decision.why = "too many log-ins at a time; try again";
  return decision;
}

Access::Decision Access::decide(const AccessUser& user, std::string_view address, Role role) const {
  Decision decision{.verdict = Verdict::forbidden, .why = {}, .user = user.username, .read = user.read, .write = user.write};
  if (!matches(user.host, address)) {
    decision.why = "this user may not call from this address";
  } else if ((role == Role::read && !user.read) || (role == Role::write && !user.write)) {
    decision.why = role == Role::read ? "this user may not read" : "this user may not write";
  } else {
    decision.verdict = Verdict::ok;
  }
  return decision;
}

bool Access::blocked(const std::string& address) {
  const auto failed = failed_.find(address);
  if (failed == failed_.end()) return false;
  if (steady_ms() - failed->second.since_ms <= kWindow) return failed->second.count >= kFailures;
  failed_.erase(failed);
  return false;
}

Access::Decision Access::fail(const std::string& address) {
  ++failures_;
  if (failed_.size() >= kAddresses) failed_.clear();
  Failed& failed = failed_[address];
  if (failed.count++ == 0) failed.since_ms = steady_ms();
  return {.verdict = Verdict::unknown, .why = "wrong user or password", .user = {}};
}

std::string Access::hash_for(const AccessUser* user) const {
  if (user) return user->password.starts_with('$') ? user->password : "";
  for (const AccessUser& other : users_)
    if (other.password.starts_with('$')) return other.password;
  return "";
}

Access::Fits Access::fits(const AccessUser* user, const Key& key, std::string_view password) {
  if (hash_for(user).empty()) return user && equal(user->password, password) ? Fits::yes : Fits::no;
  const auto known = known_.find(key);
  if (known == known_.end()) return Fits::unknown;
  return user && known->second ? Fits::yes : Fits::no;
}

void Access::wait(const HttpCall& call, std::function<void()> again) {
  const auto given = credentials(call.header("authorization"));
  CHECK(given.has_value());
  Key key(given->first, digest(given->second));
  const auto [checking, fresh] = checking_.try_emplace(key);
  checking->second.waiting.push_back(std::move(again));
  if (!fresh) return;
  // Elements of a map stay where they are; nobody else touches `right` before the work is done.
  offload_(
      [result = &checking->second, hash = hash_for(find(given->first)), password = given->second] {
        const auto data = std::make_unique<crypt_data>();
        const char* made = crypt_r(password.c_str(), hash.c_str(), data.get());
        result->right = made && equal(made, hash);
      },
      [this, key, generation = generation_] { checked(key, generation); });
}

void Access::checked(const Key& key, unsigned generation) {
  const auto checking = checking_.find(key);
  if (generation == generation_) {
    if (known_.size() >= kKnown) known_.clear();
    known_[key] = checking->second.right && find(key.first);
  }
  const Checking done = std::move(checking->second);
  checking_.erase(checking);
  for (const auto& again : done.waiting) again();
}

void Access::replace(std::vector<AccessUser> users) {
  users_ = std::move(users);
  known_.clear();
  ++generation_;
}

const AccessUser* Access::find(std::string_view username) const {
  const auto named = [&](const AccessUser& one) { return one.username == username; };
  const auto user = std::find_if(users_.begin(), users_.end(), named);
  return user == users_.end() ? nullptr : &*user;
}

}  // namespace dunlin
