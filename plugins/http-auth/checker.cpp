// SPDX-License-Identifier: Apache-2.0
#include "plugins/http-auth/checker.h"

#include <algorithm>

#include "plugins/http-auth/conn_values.h"

namespace dunlin::http_auth {
namespace {

constexpr std::int64_t kRetryDelayMs = 50;   // before the first retry; doubled for each further one
constexpr std::int64_t kWarnEveryMs = 1000;  // a backend that is down must not fill the log

bool mentions_token(const Settings& settings) {
  return settings.url.uses(Source::token) || settings.body.uses(Source::token) ||
         std::any_of(settings.headers.begin(), settings.headers.end(),
                     [](const auto& header) { return header.second.uses(Source::token); });
}

Reply judge_response(const Settings& settings, const plugin::HttpResponse& response, std::int64_t unix_ms) {
  if (response.status == DUNLIN_OK) return judge(settings, response.code, response.body, unix_ms);
  const std::string why = response.error.empty() ? "it did not answer" : std::string(response.error);
  // A reply that is too long would be as long the next time.
  return {{Result::unavailable, {}, "the backend could not be asked: " + why}, response.status != DUNLIN_E_FULL, false};
}

Figure figure_of(Result result) {
  if (result == Result::allow) return Figure::allowed;
  return result == Result::deny ? Figure::denied : Figure::unavailable;
}

plugin::Verdict verdict_of(const Outcome& outcome) {
  if (outcome.result == Result::allow) return plugin::Verdict::allow(outcome.identity);
  return outcome.result == Result::deny ? plugin::Verdict::deny(outcome.reason) : plugin::Verdict::unavailable(outcome.reason);
}

}  // namespace

Checker::Checker(const Settings& settings, const plugin::Host& host, const Clock& clock)
    : settings_(settings),
      clock_(clock),
      host_(host),
      figures_(host, kFigures),
      breaker_(static_cast<int>(settings.breaker_failures), settings.breaker_open_ms),
      budget_(static_cast<int>(settings.retry_percent), static_cast<int>(settings.retry_burst)),
      users_(settings.cache ? static_cast<std::size_t>(settings.cache_size) : 0),
      refusals_(settings.cache ? static_cast<std::size_t>(settings.cache_size) : 0),
      needs_token_(mentions_token(settings)) {
  figures_.set(Figure::breaker_state, 0);
}

Checker::~Checker() {
  for (Flight& flight : flights_) stop(flight, false);
}

dunlin_verdict Checker::check(plugin::Conn conn, std::string_view token, dunlin_ticket ticket) {
  // No token is nothing to decide about; the next module may know the user by something else.
  if (needs_token_ && token.empty()) return DUNLIN_PASS;
  auto request = make_request(settings_, ConnValues(conn, token));
  if (!request) return give(ticket, {Result::deny, {}, "the token or a header cannot be sent to the backend safely"});

  const auto key = settings_.cache ? digest(*request) : std::nullopt;
  if (key) {
    const Outcome* known = recall(*key);
    figures_.add(known != nullptr ? Figure::cache_hits : Figure::cache_misses);
    if (known != nullptr) return give(ticket, *known);
    if (const auto found = by_key_.find(*key); found != by_key_.end()) {
      figures_.add(Figure::joins);
      found->second->waiting.push_back(ticket);
      by_ticket_[ticket] = found->second;
      return DUNLIN_PENDING;
    }
  }
  Flight& flight = open(std::move(*request), key);
  flight.waiting.push_back(ticket);
  by_ticket_[ticket] = &flight;
  budget_.earn();
  start(flight);
  return DUNLIN_PENDING;
}

void Checker::cancel(dunlin_ticket ticket, std::int32_t reason) {
  const auto found = by_ticket_.find(ticket);
  if (found == by_ticket_.end()) return;
  Flight& flight = *found->second;
  by_ticket_.erase(found);
  std::erase(flight.waiting, ticket);
  if (!flight.waiting.empty()) return;
  // A time-out longer than the host's deadline would otherwise hide a backend that hangs from the breaker. A client
  // that leaves says nothing about the backend.
  stop(flight, reason == DUNLIN_CANCEL_DEADLINE);
  forget(flight);
}

const Outcome* Checker::recall(const Digest& key) {
  const std::int64_t now = clock_.steady_ms();
  if (const Outcome* user = users_.get(key, now)) {
    const std::int64_t expires = user->identity.expires_at_ms;
    if (expires == 0 || expires > clock_.unix_ms()) return user;
  }
  return refusals_.get(key, now);
}

void Checker::remember(const Digest& key, const Outcome& outcome) {
  const std::int64_t now = clock_.steady_ms();
  if (outcome.result == Result::allow) users_.put(key, outcome, now + settings_.cache_ttl_ms, now);
  if (outcome.result == Result::deny) refusals_.put(key, outcome, now + settings_.cache_deny_ttl_ms, now);
}

Checker::Flight& Checker::open(Request request, const std::optional<Digest>& key) {
  Flight& flight = flights_.emplace_front(std::move(request), key);
  flight.self = flights_.begin();
  if (key) by_key_[*key] = &flight;
  return flight;
}

void Checker::start(Flight& flight) {
  flight.permit = breaker_.admit(clock_.steady_ms());
  note_breaker();
  if (!flight.permit) {
    figures_.add(Figure::breaker_refused);
    return finish(flight, {Result::unavailable, {}, "the backend is down and was not asked (circuit breaker open)"});
  }
  if (send(flight) == DUNLIN_OK) return;
  breaker_.abandoned(*flight.permit);
  flight.permit.reset();
  finish(flight, {Result::unavailable, {}, "the server could not send a request"});
}

dunlin_status Checker::send(Flight& flight) {
  // When memory runs out in the midst of the answer, the flight stays, and goes with the deadline of its tickets.
  const dunlin_status status = flight.call.start(
      host_, flight.request, [this, &flight](const plugin::HttpResponse& response) { take(flight, response); });
  if (status != DUNLIN_OK) return status;
  ++flight.tries;
  figures_.add(Figure::requests);
  if (flight.tries > 1) figures_.add(Figure::retries);
  return DUNLIN_OK;
}

void Checker::take(Flight& flight, const plugin::HttpResponse& response) {
  const Reply reply = judge_response(settings_, response, clock_.unix_ms());
  if (reply.healthy) breaker_.succeeded(*flight.permit);
  if (!reply.healthy) breaker_.failed(*flight.permit, clock_.steady_ms());
  flight.permit.reset();
  note_breaker();
  if (reply.outcome.result == Result::unavailable) warn(reply.outcome.reason);
  if (reply.retry && retry(flight)) return;
  finish(flight, reply.outcome);
}

bool Checker::retry(Flight& flight) {
  if (flight.tries > settings_.retries || breaker_.state() == Breaker::State::open || !budget_.spend()) return false;
  const auto delay = static_cast<std::uint64_t>(kRetryDelayMs << (flight.tries - 1));
  return flight.pause.start(host_, delay, 0, [this, &flight] { start(flight); }) == DUNLIN_OK;
}

void Checker::finish(Flight& flight, const Outcome& outcome) {
  if (flight.key) remember(*flight.key, outcome);
  for (const dunlin_ticket ticket : flight.waiting) {
    by_ticket_.erase(ticket);
    give(ticket, outcome);
  }
  forget(flight);
}

void Checker::stop(Flight& flight, bool backend_failed) {
  if (!flight.permit) return;
  if (backend_failed) breaker_.failed(*flight.permit, clock_.steady_ms());
  if (!backend_failed) breaker_.abandoned(*flight.permit);
  note_breaker();
}

void Checker::forget(Flight& flight) {
  if (flight.key) by_key_.erase(*flight.key);
  flights_.erase(flight.self);
}

dunlin_verdict Checker::give(dunlin_ticket ticket, const Outcome& outcome) {
  figures_.add(figure_of(outcome.result));
  plugin::answer(host_, ticket, verdict_of(outcome));
  return DUNLIN_PENDING;
}

void Checker::note_breaker() {
  const Breaker::State state = breaker_.state();
  if (state == noted_) return;
  figures_.set(Figure::breaker_state, state == Breaker::State::closed ? 0 : state == Breaker::State::open ? 1 : 2);
  if (state == Breaker::State::open) {
    figures_.add(Figure::breaker_opened);
    host_.log(DUNLIN_LOG_WARN, "the backend is down: circuit breaker open for " + std::to_string(settings_.breaker_open_ms) +
                                   " ms, log-ins are told to try later");
  }
  if (state == Breaker::State::closed) host_.log(DUNLIN_LOG_INFO, "the backend is back: circuit breaker closed");
  noted_ = state;
}

void Checker::warn(const std::string& text) {
  const std::int64_t now = clock_.steady_ms();
  if (warned_ms_ && now - *warned_ms_ < kWarnEveryMs) return;
  warned_ms_ = now;
  host_.log(DUNLIN_LOG_WARN, text);
}

}  // namespace dunlin::http_auth
