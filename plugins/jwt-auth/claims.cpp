// SPDX-License-Identifier: Apache-2.0
#include "plugins/jwt-auth/claims.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "plugins/jwt-auth/json.h"

namespace dunlin::jwt_auth {
namespace {

constexpr std::int64_t kLatest = 253'402'300'799;  // the last second of the year 9999
constexpr std::size_t kLongestUid = 250;

enum class Present { no, yes, broken };

// A NumericDate (RFC 7519, 2): seconds, perhaps with a fraction.
Present date(const Json& claims, const char* name, std::int64_t& out) {
  const Json* value = member(claims, name);
  if (!value) return Present::no;
  if (!value->IsNumber()) return Present::broken;
  const double seconds = value->GetDouble();
  if (!(std::abs(seconds) <= static_cast<double>(kLatest))) return Present::broken;
  out = value->IsInt64() ? value->GetInt64() : static_cast<std::int64_t>(std::floor(seconds));
  return Present::yes;
}

bool check_times(const Json& claims, const Settings& settings, std::int64_t now_s, Identity& out, std::string& why) {
  std::int64_t exp = 0, nbf = 0, iat = 0;
  const Present has_exp = date(claims, "exp", exp), has_nbf = date(claims, "nbf", nbf), has_iat = date(claims, "iat", iat);
  if (has_exp == Present::broken || has_nbf == Present::broken || has_iat == Present::broken) {
    why = "exp, nbf or iat is no time";
  } else if (has_exp == Present::no && settings.require_exp) {
    why = "it has no exp, which require_exp asks for";
  } else if (has_exp == Present::yes && now_s >= exp + settings.leeway_s) {
    why = "it has expired";
  } else if (has_nbf == Present::yes && now_s < nbf - settings.leeway_s) {
    why = "it is not good yet (nbf)";
  } else if (has_iat == Present::yes && now_s < iat - settings.leeway_s) {
    why = "it was issued in the future (iat)";
  } else {
    if (has_exp == Present::yes) out.expires_at_ms = (exp + settings.leeway_s) * 1000;
    return true;
  }
  return false;
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool for_us(const Json& claims, const Settings& settings, std::string& why) {
  if (!settings.issuers.empty() && !contains(settings.issuers, text_member(claims, "iss"))) {
    why = "its issuer is not accepted";
    return false;
  }
  if (settings.audiences.empty()) return true;
  const Json* aud = member(claims, "aud");
  bool meant = aud && aud->IsString() && contains(settings.audiences, text_of(*aud));
  if (aud && aud->IsArray())
    for (const Json& one : aud->GetArray()) meant = meant || (one.IsString() && contains(settings.audiences, text_of(one)));
  if (!meant) why = "it is for another audience";
  return meant;
}

bool take_uid(const Json& claims, const Settings& settings, Identity& out, std::string& why) {
  const Json* uid = member(claims, settings.uid_claim);
  if (uid && uid->IsString() && uid->GetStringLength() > 0 && uid->GetStringLength() <= kLongestUid) {
    out.uid = text_of(*uid);
    return true;
  }
  if (uid && (uid->IsInt64() || uid->IsUint64())) {
    out.uid = print_json(*uid);
    out.number = true;
    return true;
  }
  why = "its claim " + settings.uid_claim + " is neither a text of 1 to 250 bytes nor a whole number";
  return false;
}

void take_rest(const Json& claims, const Settings& settings, Identity& out) {
  for (const std::string& name : settings.context_claims)
    if (const Json* value = member(claims, name)) out.context.emplace_back(name, print_json(*value));
  const Json* channels = settings.channels_claim.empty() ? nullptr : member(claims, settings.channels_claim);
  if (!channels || !channels->IsArray()) return;
  for (const Json& channel : channels->GetArray())
    if (channel.IsString()) out.channels.emplace_back(text_of(channel));
}

}  // namespace

bool check_claims(std::string_view payload, const Settings& settings, std::int64_t now_s, Identity& out, std::string& why) {
  const auto claims = parse_json(payload);
  if (!claims || !claims->IsObject()) {
    why = "its payload is no JSON object of at most 64 levels";
    return false;
  }
  if (!check_times(*claims, settings, now_s, out, why) || !for_us(*claims, settings, why) ||
      !take_uid(*claims, settings, out, why))
    return false;
  take_rest(*claims, settings, out);
  return true;
}

}  // namespace dunlin::jwt_auth
