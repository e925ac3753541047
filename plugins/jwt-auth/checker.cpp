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

dunlin_str str(std::string_view text) { return {text.data(), text.size()}; }

template <class Table>
const Table* table(const dunlin_host* host, const char* id) {
  return static_cast<const Table*>(host->get_extension(host, id));
}

}  // namespace

Checker::Checker(const Settings& settings, KeyStore& store, const dunlin_host* host)
    : settings_(settings), store_(store), host_(host), tickets_(table<dunlin_ticket_api>(host, DUNLIN_EXT_TICKET)),
      log_(table<dunlin_log>(host, DUNLIN_EXT_LOG)), http_(table<dunlin_http>(host, DUNLIN_EXT_HTTP)),
      timers_(table<dunlin_timer>(host, DUNLIN_EXT_TIMER)), tasks_(table<dunlin_task>(host, DUNLIN_EXT_TASK)),
      metrics_(table<dunlin_metrics>(host, DUNLIN_EXT_METRICS)) {
  define_figures();
  if (settings_.jwks_url.empty()) return;
  store_.listen(this, [this] {
    tasks_->post(host_, [](void* self) { static_cast<Checker*>(self)->on_reading_ended(); }, this);
  });
  timers_->start(host_, kTick, kTick, [](void* self) { static_cast<Checker*>(self)->read_if_due(); }, this, &timer_);
  read_if_due();
}

Checker::~Checker() {
  if (settings_.jwks_url.empty()) return;
  store_.forget(this);
  timers_->stop(host_, timer_);
  if (!mine_) return;
  http_->cancel(host_, request_);
  store_.release();
}

void Checker::define_figures() {
  struct Row {
    const char *name, *help, *label, *value;
  };
  static constexpr Row kRows[outcomes] = {
      {"tokens_total", "Tokens checked, by outcome", "outcome", "allowed"},
      {"tokens_total", "Tokens checked, by outcome", "outcome", "denied"},
      {"tokens_total", "Tokens checked, by outcome", "outcome", "passed"},
      {"tokens_total", "Tokens checked, by outcome", "outcome", "unavailable"},
      {"jwks_readings_total", "Readings of the JWKS URL, by result", "result", "ok"},
      {"jwks_readings_total", "Readings of the JWKS URL, by result", "result", "failed"},
  };
  for (int i = 0; i < outcomes; ++i) {
    const dunlin_pair label = {str(kRows[i].label), str(kRows[i].value)};
    metrics_->define(host_, DUNLIN_METRIC_COUNTER, str(kRows[i].name), str(kRows[i].help), &label, 1, &figures_[i]);
  }
}

void Checker::count(Outcome outcome) const { metrics_->add(host_, figures_[outcome], 1); }

void Checker::log(std::uint32_t level, const std::string& text) const { log_->write(host_, level, 0, str(text)); }

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
  if (decision != Decision::unknown_key || settings_.jwks_url.empty()) return settle(decision, ticket, identity, why);
  // Perhaps a key that the URL has by now: one reading, and then it is decided.
  if (store_.claim_early(steady_ms())) read();
  if (store_.reading()) {
    waiting_[ticket] = token;
    return DUNLIN_PENDING;
  }
  if (!store_.keys()) return answer_unavailable(ticket, "the keys could not be read yet");
  return settle(decision, ticket, identity, why);
}

dunlin_verdict Checker::settle(Decision decision, dunlin_ticket ticket, const Identity& identity, const std::string& why) {
  dunlin_answer answer{};
  answer.reason = str(why);
  if (decision == Decision::pass) {
    count(passed);
    tickets_->answer(host_, ticket, DUNLIN_PASS, &answer);
    return DUNLIN_PENDING;
  }
  if (decision != Decision::allow) {
    count(denied);
    tickets_->answer(host_, ticket, DUNLIN_DENY, &answer);
    return DUNLIN_PENDING;
  }
  count(allowed);
  std::vector<dunlin_pair> context;
  for (const auto& [name, value] : identity.context) context.push_back({str(name), str(value)});
  std::vector<dunlin_str> channels;
  for (const std::string& channel : identity.channels) channels.push_back(str(channel));
  dunlin_identity given{};
  given.uid = {str(identity.uid), identity.number ? DUNLIN_UID_NUMBER : DUNLIN_UID_STRING, 0};
  given.context = context.data();
  given.context_count = context.size();
  given.channels = channels.data();
  given.channel_count = channels.size();
  given.expires_at_ms = identity.expires_at_ms;
  answer.identity = &given;
  tickets_->answer(host_, ticket, DUNLIN_ALLOW, &answer);
  return DUNLIN_PENDING;
}

dunlin_verdict Checker::answer_unavailable(dunlin_ticket ticket, const std::string& why) {
  count(unavailable);
  dunlin_answer answer{};
  answer.reason = str(why);
  tickets_->answer(host_, ticket, kUnavailable, &answer);
  return DUNLIN_PENDING;
}

void Checker::read_if_due() {
  if (store_.claim(steady_ms(), settings_.refresh_ms)) read();
}

// REQUIRES: the store was claimed.
void Checker::read() {
  dunlin_http_request request{};
  request.method = str("GET");
  request.url = str(settings_.jwks_url);
  request.ca_file = str(settings_.ca_file);
  request.timeout_ms = static_cast<std::uint32_t>(settings_.timeout_ms);
  request.max_body = kLargestJwks;
  request.flags = DUNLIN_HTTP_FOLLOW;
  const auto done = [](void* self, const dunlin_http_response* response) {
    static_cast<Checker*>(self)->on_response(*response);
  };
  mine_ = http_->request(host_, &request, done, this, &request_) == DUNLIN_OK;
  if (!mine_) store_.done(nullptr, steady_ms());
}

void Checker::on_response(const dunlin_http_response& response) {
  mine_ = false;
  ParsedKeys parsed;
  if (response.status != DUNLIN_OK) {
    parsed.fault = "cannot be read: " + std::string(response.error.data, response.error.size);
  } else if (response.code != 200) {
    parsed.fault = "answers " + std::to_string(response.code);
  } else {
    parsed = keys_from_jwks({response.body.data, response.body.size}, false);
  }
  for (const std::string& skipped : parsed.skipped) log(DUNLIN_LOG_DEBUG, "JWKS: " + skipped);
  if (parsed.fault.empty()) {
    count(refreshed);
    store_.done(std::make_shared<const Keys>(std::move(parsed.keys)), steady_ms());
    return;
  }
  count(refresh_failed);
  log(DUNLIN_LOG_WARN, "JWKS " + settings_.jwks_url + " " + parsed.fault +
                           (store_.keys() ? "; the keys read before stay in force" : "; log-ins wait for it"));
  store_.done(nullptr, steady_ms());
}

void Checker::on_reading_ended() {
  for (const auto& [ticket, token] : std::exchange(waiting_, {})) {
    Identity identity;
    std::string why;
    const Decision decision = decide(token, identity, why);
    if (decision == Decision::unknown_key && !store_.keys()) {
      answer_unavailable(ticket, "the keys could not be read");
    } else {
      settle(decision, ticket, identity, why);
    }
  }
}

}  // namespace dunlin::jwt_auth
