// SPDX-License-Identifier: Apache-2.0
#include "core/cli/token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include <fmt/format.h>

#include "core/base/json.h"

namespace dunlin {
namespace {

struct Hmac {
  const char* algorithm;
  const EVP_MD* (*hash)();
};
constexpr Hmac kHmacs[] = {{"HS256", EVP_sha256}, {"HS384", EVP_sha384}, {"HS512", EVP_sha512}};

std::string base64url(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  while (out.ends_with('=')) out.pop_back();
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

const ModuleUse* find_jwt(const Config& config) {
  if (const auto found = config.modules.find("jwt-auth"); found != config.modules.end()) return &found->second;
  for (const Listener& listener : config.listeners)
    for (const Endpoint& endpoint : listener.endpoints)
      for (const ModuleUse& use : endpoint.auth)
        if (use.module == "jwt-auth") return &use;
  return nullptr;
}

std::string text_setting(const json::Value& settings, const char* name) {
  const json::Value* value = json::member(settings, name);
  if (value && value->IsArray() && !value->Empty()) value = &(*value)[0];
  return value && value->IsString() ? std::string(json::text_of(*value)) : "";
}

const Hmac* find_algorithm(const json::Value& settings) {
  const json::Value* algorithms = json::member(settings, "algorithms");
  if (!algorithms || !algorithms->IsArray()) return nullptr;
  for (const Hmac& hmac : kHmacs)
    for (const auto& name : algorithms->GetArray())
      if (name.IsString() && json::text_of(name) == hmac.algorithm) return &hmac;
  return nullptr;
}

bool is_number(const std::string& uid) {
  return !uid.empty() && uid.size() <= 20 && (uid == "0" || uid[0] != '0') &&
         std::all_of(uid.begin(), uid.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string claims_json(const json::Value& settings, const TokenRequest& request, std::int64_t now_ms) {
  std::string uid_claim = text_setting(settings, "uid_claim");
  if (uid_claim.empty()) uid_claim = "sub";
  const bool number = is_number(request.uid) && !request.as_string;
  std::string out = fmt::format("{{{}:{},\"iat\":{},\"exp\":{}", json::quote(uid_claim),
                                number ? request.uid : json::quote(request.uid), now_ms / 1000,
                                (now_ms + request.ttl.count()) / 1000);
  if (const std::string audience = text_setting(settings, "audience"); !audience.empty())
    out += ",\"aud\":" + json::quote(audience);
  if (const std::string issuer = text_setting(settings, "issuer"); !issuer.empty())
    out += ",\"iss\":" + json::quote(issuer);
  for (const auto& [name, value] : request.claims)
    out += fmt::format(",{}:{}", json::quote(name), json::valid(value) ? value : json::quote(value));
  return out + "}";
}

}  // namespace

Result<std::string> make_token(const Config& config, const TokenRequest& request, std::int64_t now_ms) {
  const ModuleUse* use = find_jwt(config);
  if (!use)
    return fail(Errc::not_found, fmt::format("{}: no jwt-auth: add modules: {{jwt-auth: {{algorithms: [HS256], secret: …}}}}", config.file));
  const auto settings = json::parse(use->settings);
  if (!settings) return settings.error();
  const std::string secret = text_setting(*settings, "secret");
  const Hmac* hmac = find_algorithm(*settings);
  if (secret.empty() || !hmac)
    return fail(Errc::bad_input,
                fmt::format("{}:{}:{}: a token can be signed only where jwt-auth has a `secret` and HS256, HS384 or HS512 "
                            "among its `algorithms`",
                            config.file, use->place.line, use->place.column));
  const std::string signed_part = base64url(fmt::format(R"({{"alg":"{}","typ":"JWT"}})", hmac->algorithm)) + "." +
                                  base64url(claims_json(*settings, request, now_ms));
  unsigned char signature[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(hmac->hash(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size(), signature, &size);
  return signed_part + "." + base64url({reinterpret_cast<const char*>(signature), size});
}

}  // namespace dunlin
