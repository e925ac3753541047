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

#include <fmt/format.h>

#include "core/api/base64.h"
#include "core/base/clock.h"

namespace dunlin {
namespace {

constexpr unsigned kFailures = 10;       // wrong passwords that an address may try …
constexpr std::int64_t kWindow = 60'000;  // … in this time, in ms
constexpr std::size_t kAddresses = 10'000;

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

bool is_local_name(std::string_view host) {
  const std::size_t port = host.rfind(':');
  if (port != std::string_view::npos && !host.ends_with(']')) host = host.substr(0, port);
  // An address, not a name such as 127.0.0.1.example.com, which resolves to whatever its owner likes.
  const bool address = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || host == "::1" || (address && host.starts_with("127."));
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
  if (!origin.empty() && origin != fmt::format("http://{}", host)) {
    why = "an open API answers to no page of a browser; set api.access";
    return true;
  }
  return false;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  pattern.remove_prefix(star + 1);
  text.remove_prefix(star);
  for (;; text.remove_prefix(1)) {
    if (matches(pattern, text)) return true;
    if (text.empty()) return false;
  }
}

Access::Verdict Access::check(const HttpCall& call, Role role, std::string& why) {
  if (users_.empty()) return from_a_page(call, why) ? Verdict::forbidden : Verdict::ok;
  const std::string address(without_port(call.peer));
  if (const auto failed = failed_.find(address); failed != failed_.end()) {
    if (steady_ms() - failed->second.since_ms > kWindow) {
      failed_.erase(failed);
    } else if (failed->second.count >= kFailures) {
      why = "too many wrong passwords from this address; try again in a minute";
      return Verdict::slow_down;
    }
  }
  const auto given = credentials(call.header("authorization"));
  if (!given) {
    why = "credentials are needed (HTTP Basic)";
    return Verdict::unknown;
  }
  const auto named = [&](const AccessUser& one) { return one.username == given->first; };
  const auto user = std::find_if(users_.begin(), users_.end(), named);
  if (user == users_.end() || !password_fits(*user, given->second)) return fail(address, why);
  if (!matches(user->host, address)) {
    why = "this user may not call from this address";
    return Verdict::forbidden;
  }
  if (!(role == Role::read ? user->read : user->write)) {
    why = role == Role::read ? "this user may not read" : "this user may not write";
    return Verdict::forbidden;
  }
  return Verdict::ok;
}

Access::Verdict Access::fail(std::string_view address, std::string& why) {
  ++failures_;
  if (failed_.size() >= kAddresses) failed_.clear();
  Failed& failed = failed_[std::string(address)];
  if (failed.count++ == 0) failed.since_ms = steady_ms();
  why = "wrong user or password";
  return Verdict::unknown;
}

bool Access::password_fits(const AccessUser& user, std::string_view password) {
  if (!user.password.starts_with('$')) return equal(user.password, password);
  // crypt(3) is slow on purpose: done once a password, not once a call.
  const std::string fingerprint = digest(password);
  if (const auto known = known_.find(user.username);
      known != known_.end() && CRYPTO_memcmp(known->second.data(), fingerprint.data(), fingerprint.size()) == 0)
    return true;
  const auto data = std::make_unique<crypt_data>();
  const char* hash = crypt_r(std::string(password).c_str(), user.password.c_str(), data.get());
  if (!hash || !equal(hash, user.password)) return false;
  known_[user.username] = fingerprint;
  return true;
}

}  // namespace dunlin
