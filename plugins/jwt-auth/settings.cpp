// SPDX-License-Identifier: Apache-2.0
#include "plugins/jwt-auth/settings.h"

#include <dunlin.hpp>

#include <fstream>
#include <iterator>

#include "plugins/jwt-auth/json.h"
#include "plugins/jwt-auth/jwk.h"

namespace dunlin::jwt_auth {

const char kSchema[] = R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["algorithms"],
  "properties": {
    "algorithms": {"type": "array", "minItems": 1, "items": {"type": "string"}, "description": "accepted algorithms; a token with any other is refused"},
    "secret": {"type": "string", "description": "of HS256, HS384, HS512: at least 32 bytes"},
    "keys": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["file"],
      "properties": {"file": {"type": "string"}, "kid": {"type": "string"}}}, "description": "files: PEM, JWK or JWK Set"},
    "jwks": {"type": "string", "description": "a JWK Set: http(s) URL or file"},
    "jwks_refresh": {"type": "string", "description": "how often the URL is read again; 10m"},
    "jwks_timeout": {"type": "string", "description": "for one reading; 4s"},
    "ca_file": {"type": "string", "description": "PEM of the authorities that the URL's certificate may be of"},
    "audience": {"type": ["string", "array"], "items": {"type": "string"}},
    "issuer": {"type": ["string", "array"], "items": {"type": "string"}},
    "leeway": {"type": "string", "description": "tolerance of the clocks for exp, nbf and iat; 30s"},
    "uid_claim": {"type": "string", "minLength": 1, "description": "which claim is the uid; sub"},
    "context_claims": {"type": "array", "items": {"type": "string"}, "description": "claims that are put into the context"},
    "channels_claim": {"type": "string", "description": "a list of channels that are joined at log-in"},
    "require_exp": {"type": "boolean", "description": "refuse tokens that never expire; true"}
  }
})";

namespace {

// Reads the settings one after another; the first fault ends it.
class Reader {
 public:
  Reader(const Json& json, std::string_view directory, Fault& fault) : json_(json), directory_(directory), fault_(fault) {}

  std::optional<Settings> read() {
    const bool good = algorithms() && secret() && files() && jwks() && duration("jwks_refresh", 1000, out_.refresh_ms) &&
                      duration("jwks_timeout", 1, out_.timeout_ms) && leeway() && every_algorithm_has_a_key();
    if (!good) return std::nullopt;
    out_.audiences = texts("audience");
    out_.issuers = texts("issuer");
    out_.context_claims = texts("context_claims");
    out_.channels_claim = text_member(json_, "channels_claim");
    if (member(json_, "uid_claim")) out_.uid_claim = text_member(json_, "uid_claim");
    if (const Json* require = member(json_, "require_exp")) out_.require_exp = require->IsTrue();
    return std::move(out_);
  }

 private:
  bool refuse(std::string pointer, std::string what) {
    fault_ = {std::move(pointer), std::move(what)};
    return false;
  }

  std::vector<std::string> texts(std::string_view name) const {
    std::vector<std::string> out;
    const Json* value = member(json_, name);
    if (value && value->IsString()) out.emplace_back(text_of(*value));
    if (value && value->IsArray())
      for (const Json& item : value->GetArray()) out.emplace_back(text_of(item));
    return out;
  }

  bool algorithms() {
    const std::vector<std::string> names = texts("algorithms");
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Algorithm* algorithm = find_algorithm(names[i]);
      if (!algorithm)
        return refuse("/algorithms/" + std::to_string(i), "\"" + names[i] + "\" is not served; known are " + algorithm_names());
      out_.algorithms.push_back(algorithm);
    }
    return !names.empty() || refuse("/algorithms", "is empty; list the algorithms that your tokens are signed with");
  }

  bool secret() {
    if (!member(json_, "secret")) return true;
    const std::string_view text = text_member(json_, "secret");
    std::string why;
    if (!good_secret(text, why)) return refuse("/secret", why);
    out_.keys.push_back(key_from_secret(text));
    return true;
  }

  bool files() {
    const Json* keys = member(json_, "keys");
    for (rapidjson::SizeType i = 0; keys && i < keys->Size(); ++i)
      if (!file(text_member((*keys)[i], "file"), text_member((*keys)[i], "kid"), "/keys/" + std::to_string(i) + "/file"))
        return false;
    return true;
  }

  bool file(std::string_view name, std::string_view kid, const std::string& pointer) {
    const std::string path = name.starts_with('/') ? std::string(name) : std::string(directory_) + "/" + std::string(name);
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return refuse(pointer, "cannot read " + path);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin != std::string::npos && text[begin] == '{') {
      ParsedKeys parsed = keys_from_jwks(text, true);
      if (!parsed.fault.empty()) return refuse(pointer, path + " " + parsed.fault);
      for (Key& key : parsed.keys) add(std::move(key), kid);
      return true;
    }
    std::string why;
    auto key = key_from_pem(text, why);
    if (!key) return refuse(pointer, path + ": " + why);
    add(std::move(*key), kid);
    return true;
  }

  void add(Key key, std::string_view kid) {
    if (!kid.empty()) key.kid = kid;
    out_.keys.push_back(std::move(key));
  }

  bool jwks() {
    if (!member(json_, "jwks")) return true;
    const std::string_view where = text_member(json_, "jwks");
    if (!where.starts_with("http://") && !where.starts_with("https://")) return file(where, "", "/jwks");
    out_.jwks_url = where;
    const std::string_view ca = text_member(json_, "ca_file");
    if (!ca.empty()) out_.ca_file = ca.starts_with('/') ? std::string(ca) : std::string(directory_) + "/" + std::string(ca);
    return true;
  }

  bool duration(const char* name, std::int64_t least, std::int64_t& out) {
    if (!member(json_, name)) return true;
    const auto ms = plugin::parse_duration(text_member(json_, name));
    if (!ms || *ms < least)
      return refuse(std::string("/") + name, "is no duration of at least " + std::to_string(least) + "ms; write such as 500ms, 10s, 5m, 1h");
    out = *ms;
    return true;
  }

  bool leeway() {
    std::int64_t ms = out_.leeway_s * 1000;
    if (!duration("leeway", 0, ms)) return false;
    out_.leeway_s = ms / 1000;
    return true;
  }

  // An algorithm without a key would refuse every token of it: better said now.
  bool every_algorithm_has_a_key() {
    for (std::size_t i = 0; i < out_.algorithms.size(); ++i) {
      const Algorithm& algorithm = *out_.algorithms[i];
      bool has = !out_.jwks_url.empty() && algorithm.family != Algorithm::Family::hmac;
      for (const Key& key : out_.keys) has = has || fits(key, algorithm);
      if (!has)
        return refuse("/algorithms/" + std::to_string(i),
                      std::string(algorithm.name) + (algorithm.family == Algorithm::Family::hmac
                                                         ? " needs a `secret`"
                                                         : " needs a key: give `keys` (PEM or JWK files) or `jwks`"));
    }
    return true;
  }

  const Json& json_;
  std::string_view directory_;
  Fault& fault_;
  Settings out_;
};

}  // namespace

std::optional<Settings> parse_settings(std::string_view json, std::string_view directory, Fault& fault) {
  const auto document = parse_json(json);
  if (!document || !document->IsObject()) {
    fault = {"", "is no JSON object"};
    return std::nullopt;
  }
  return Reader(*document, directory, fault).read();
}

}  // namespace dunlin::jwt_auth
