// SPDX-License-Identifier: Apache-2.0
#include "plugins/jwt-auth/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <array>

#include "plugins/jwt-auth/base64url.h"
#include "plugins/jwt-auth/json.h"

namespace dunlin::jwt_auth {
namespace {

using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;
using Params = std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)>;
using Context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Pkey build(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params{OSSL_PARAM_BLD_to_param(builder), &OSSL_PARAM_free};
  const Context context{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), &EVP_PKEY_CTX_free};
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return Pkey{key};
}

Pkey rsa_key(const Json& jwk) {
  const auto n = base64url_decoded(text_member(jwk, "n")), e = base64url_decoded(text_member(jwk, "e"));
  if (!n || !e || n->empty() || e->empty()) return nullptr;
  const Number modulus{BN_bin2bn(bytes(*n), static_cast<int>(n->size()), nullptr), &BN_free};
  const Number exponent{BN_bin2bn(bytes(*e), static_cast<int>(e->size()), nullptr), &BN_free};
  const Builder builder{OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free};
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return build("RSA", builder.get());
}

struct Curve {
  std::string_view name;
  const char* group;
  std::size_t coordinate;
};
constexpr std::array<Curve, 3> kCurves = {{{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}}};

Pkey ec_key(const Json& jwk) {
  const auto x = base64url_decoded(text_member(jwk, "x")), y = base64url_decoded(text_member(jwk, "y"));
  for (const Curve& curve : kCurves) {
    if (curve.name != text_member(jwk, "crv")) continue;
    if (!x || !y || x->size() != curve.coordinate || y->size() != curve.coordinate) return nullptr;
    const std::string point = '\x04' + *x + *y;
    const Builder builder{OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free};
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    return build("EC", builder.get());  // refuses a point that is not on the curve
  }
  return nullptr;
}

Pkey okp_key(const Json& jwk) {
  const std::string_view curve = text_member(jwk, "crv");
  const int type = curve == "Ed25519" ? EVP_PKEY_ED25519 : curve == "Ed448" ? EVP_PKEY_ED448 : 0;
  const auto x = base64url_decoded(text_member(jwk, "x"));
  if (type == 0 || !x) return nullptr;
  return Pkey{EVP_PKEY_new_raw_public_key(type, nullptr, bytes(*x), x->size())};
}

struct Kind {
  std::string_view kty;
  Pkey (*read)(const Json&);
};
constexpr std::array<Kind, 3> kKinds = {{{"RSA", rsa_key}, {"EC", ec_key}, {"OKP", okp_key}}};

std::optional<Key> secret_key(const Json& jwk, bool secrets, std::string& why) {
  if (!secrets) {
    why = "a symmetric key has no place here";
    return std::nullopt;
  }
  const auto secret = base64url_decoded(text_member(jwk, "k"));
  if (!secret) why = "its k is no base64url";
  if (!secret || !good_secret(*secret, why)) return std::nullopt;
  return key_from_secret(*secret);
}

std::optional<Key> public_key(const Json& jwk, std::string& why) {
  for (const Kind& kind : kKinds) {
    if (kind.kty != text_member(jwk, "kty")) continue;
    Pkey pkey = kind.read(jwk);
    ERR_clear_error();
    if (!pkey) {
      why = "its parameters make no key";
      return std::nullopt;
    }
    const auto known = kind_of(pkey.get(), why);
    if (!known) return std::nullopt;
    return Key{.kind = *known, .macs = {}, .pkey = std::move(pkey), .kid = {}, .algorithm = {}};
  }
  why = "its kty is unknown";
  return std::nullopt;
}

std::optional<Key> one_key(const Json& jwk, bool secrets, std::string& why) {
  if (!jwk.IsObject()) {
    why = "it is no object";
    return std::nullopt;
  }
  if (const Json* use = member(jwk, "use"); use && text_member(jwk, "use") != "sig") {
    why = "it is not for signatures";
    return std::nullopt;
  }
  auto key = text_member(jwk, "kty") == "oct" ? secret_key(jwk, secrets, why) : public_key(jwk, why);
  if (!key) return std::nullopt;
  key->kid = text_member(jwk, "kid");
  key->algorithm = text_member(jwk, "alg");
  return key;
}

}  // namespace

ParsedKeys keys_from_jwks(std::string_view text, bool secrets) {
  ParsedKeys out;
  const auto document = parse_json(text);
  if (!document || !document->IsObject()) {
    out.fault = "is no JSON object";
    return out;
  }
  const auto take = [&](const Json& jwk) {
    std::string why;
    if (auto key = one_key(jwk, secrets, why)) {
      out.keys.push_back(std::move(*key));
    } else {
      out.skipped.push_back("key \"" + std::string(text_member(jwk, "kid")) + "\": " + why);
    }
  };
  if (const Json* keys = member(*document, "keys"); keys && keys->IsArray()) {
    for (const Json& jwk : keys->GetArray()) take(jwk);
  } else if (member(*document, "kty")) {
    take(*document);
  } else {
    out.fault = "is neither a JWK Set (`keys`) nor a JWK (`kty`)";
    return out;
  }
  if (out.keys.empty()) out.fault = "holds no key for signatures" + (out.skipped.empty() ? "" : ": " + out.skipped.front());
  return out;
}

}  // namespace dunlin::jwt_auth
