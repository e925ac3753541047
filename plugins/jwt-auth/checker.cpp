// SPDX-License-Identifier: Apache-2.0
#include "plugins/jwt-auth/checker.h"

#include <chrono>
#include <utility>

#include "plugins/jwt-auth/jwk.h"
#include "plugins/jwt-auth/verifier.h"

namespace dunlin::jwt_auth {
namespace {

constexpr std::uint64_t kTick = 1000;  // ms: how often a worker looks whether a reading is due
constexpr std::uint32_t kLargestJwks = 512 * 1024;

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
std::int64_t unix_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// In the order of Checker::Outcome.
constexpr plugin::FigureRow kFigures[] = {
    {DUNLIN_METRIC_COUNTER, "tokens_total", "Tokens checked, by outcome", "outcome", "allowed"},
    {DUNLIN_METRIC_COUNTER, "tokens_total", "Tokens checked, by outcome", "outcome", "denied"},
    {DUNLIN_METRIC_COUNTER, "tokens_total", "Tokens checked, by outcome", "outcome", "passed"},
    {DUNLIN_METRIC_COUNTER, "tokens_total", "Tokens checked, by outcome", "outcome", "unavailable"},
    {DUNLIN_METRIC_COUNTER, "jwks_readings_total", "Readings of the JWKS URL, by result", "result", "ok"},
    {DUNLIN_METRIC_COUNTER, "jwks_readings_total", "Readings of the JWKS URL, by result", "result", "failed"},
};

}  // namespace

Checker::Checker(const Settings& settings, KeyStore& store, const plugin::Host& host)
    : settings_(settings), store_(store), host_(host), figures_(host, kFigures) {
  if (settings_.jwks_url.empty()) return;
  // Whichever worker has read: each comes back to its own.
  store_.listen(this, [this] { plugin::post(host_, [this] { on_reading_ended(); }); });
  tick_.start(host_, kTick, kTick, [this] { read_if_due(); });
  read_if_due();
}

Checker::~Checker() {
  if (settings_.jwks_url.empty()) return;
  store_.forget(this);
  if (reading_.running()) store_.release();
}

Checker::Decision Checker::decide(std::string_view text, Identity& identity, std::string& why) const {
  Token token;
  const Parsed parsed = parse_token(text, settings_.algorithms, token, why);
  if (parsed != Parsed::ok) return parsed == Parsed::no_jwt ? Decision::pass : Decision::deny;
  const std::shared_ptr<const Keys> remote = store_.keys();
  bool tried = false;
  for (const Keys* keys : {&settings_.keys, remote.get()}) {
    if (!keys) continue;
    for (const Key& key : *keys) {
      if (!token.kid.empty() && !key.kid.empty() && key.kid != token.kid) continue;
      if (!fits(key, *token.algorithm)) continue;
      tried = true;
      if (verify(token, key))
        return check_claims(token.payload, settings_, unix_s(), identity, why) ? Decision::allow : Decision::deny;
    }
  }
  why = tried ? "its signature does not hold" : "no key fits its kid and algorithm";
  return tried ? Decision::deny : Decision::unknown_key;
}

dunlin_verdict Checker::check(std::string_view token, dunlin_ticket ticket) {
  Identity identity;
  std::string why;
  const Decision decision = decide(token, identity, why);
  if (decision != Decision::unknown_key || settings_.jwks_url.empty()) return settle(decision, ticket, std::move(identity), std::move(why));
  // Perhaps a key that the URL has by now: one reading, and then it is decided.
  if (store_.claim_early(steady_ms())) read();
  if (store_.reading()) {
    waiting_[ticket] = token;
    return DUNLIN_PENDING;
  }
  if (!store_.keys()) return answer(unavailable, ticket, plugin::Verdict::unavailable("the keys could not be read yet"));
  return settle(decision, ticket, std::move(identity), std::move(why));
}

dunlin_verdict Checker::settle(Decision decision, dunlin_ticket ticket, Identity identity, std::string why) {
  if (decision == Decision::pass) return answer(passed, ticket, plugin::Verdict::pass(std::move(why)));
  if (decision != Decision::allow) return answer(denied, ticket, plugin::Verdict::deny(std::move(why)));
  return answer(allowed, ticket, plugin::Verdict::allow(std::move(identity)));
}

dunlin_verdict Checker::answer(Outcome outcome, dunlin_ticket ticket, const plugin::Verdict& verdict) {
  figures_.add(outcome);
  plugin::answer(host_, ticket, verdict);
  return DUNLIN_PENDING;
}

void Checker::read_if_due() {
  if (store_.claim(steady_ms(), settings_.refresh_ms)) read();
}

// REQUIRES: the store was claimed.
void Checker::read() {
  plugin::HttpRequest request;
  request.url = settings_.jwks_url;
  request.ca_file = settings_.ca_file;
  request.timeout_ms = static_cast<std::uint32_t>(settings_.timeout_ms);
  request.max_body = kLargestJwks;
  request.flags = DUNLIN_HTTP_FOLLOW;
  const auto done = [this](const plugin::HttpResponse& response) { on_response(response); };
  if (reading_.start(host_, request, done) != DUNLIN_OK) store_.done(nullptr, steady_ms());
}

void Checker::on_response(const plugin::HttpResponse& response) {
  ParsedKeys parsed;
  if (response.status != DUNLIN_OK) {
    parsed.fault = "cannot be read: " + std::string(response.error);
  } else if (response.code != 200) {
    parsed.fault = "answers " + std::to_string(response.code);
  } else {
    parsed = keys_from_jwks(response.body, false);
  }
  for (const std::string& skipped : parsed.skipped) host_.log(DUNLIN_LOG_DEBUG, "JWKS: " + skipped);
  if (parsed.fault.empty()) {
    figures_.add(refreshed);
    store_.done(std::make_shared<const Keys>(std::move(parsed.keys)), steady_ms());
    return;
  }
  figures_.add(refresh_failed);
  host_.log(DUNLIN_LOG_WARN, "JWKS " + settings_.jwks_url + " " + parsed.fault +
                                 (store_.keys() ? "; the keys read before stay in force" : "; log-ins wait for it"));
  store_.done(nullptr, steady_ms());
}

void Checker::on_reading_ended() {
  for (const auto& [ticket, token] : std::exchange(waiting_, {})) {
    Identity identity;
    std::string why;
    const Decision decision = decide(token, identity, why);
    if (decision == Decision::unknown_key && !store_.keys()) {
      answer(unavailable, ticket, plugin::Verdict::unavailable("the keys could not be read"));
    } else {
      settle(decision, ticket, std::move(identity), std::move(why));
    }
  }
}

}  // namespace dunlin::jwt_auth
