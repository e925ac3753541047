// SPDX-License-Identifier: Apache-2.0
#include "plugins/http-auth/checker.h"

#include <algorithm>

namespace dunlin::http_auth {
namespace {

constexpr std::int64_t kRetryDelayMs = 50;   // before the first retry; doubled for each further one
constexpr std::int64_t kWarnEveryMs = 1000;  // a backend that is down must not fill the log

bool mentions_token(const Settings& settings) {
  return settings.url.uses(Source::token) || settings.body.uses(Source::token) ||
         std::any_of(settings.headers.begin(), settings.headers.end(),
                     [](const auto& header) { return header.second.uses(Source::token); });
}

std::string_view view(const dunlin_str& text) { return {text.data != nullptr ? text.data : "", text.size}; }

Reply judge_response(const Settings& settings, const dunlin_http_response& response, std::int64_t unix_ms) {
  if (response.status == DUNLIN_OK) return judge(settings, response.code, view(response.body), unix_ms);
  const std::string why = response.error.size > 0 ? std::string(view(response.error)) : "it did not answer";
  // A reply that is too long would be as long the next time.
  return {{Result::unavailable, {}, "the backend could not be asked: " + why}, response.status != DUNLIN_E_FULL, false};
}

Figure figure_of(Result result) {
  if (result == Result::allow) return Figure::allowed;
  return result == Result::deny ? Figure::denied : Figure::unavailable;
}

}  // namespace

Checker::Checker(const Settings& settings, const dunlin_host* host, const Clock& clock)
    : settings_(settings),
      clock_(clock),
      services_(host),
      figures_(host),
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

dunlin_verdict Checker::check(dunlin_conn conn, const dunlin_credentials& credentials, dunlin_ticket ticket) {
  // No token is nothing to decide about; the next module may know the user by something else.
  if (needs_token_ && credentials.token.size == 0) return DUNLIN_PASS;
  auto request = make_request(settings_, ConnValues(services_, conn, credentials.token));
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
  flights_.push_front({this, std::move(request), key, {}, {}, {}, {}, {}});
  Flight& flight = flights_.front();
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
  std::vector<dunlin_pair> headers;
  for (const auto& [name, value] : flight.request.headers) headers.push_back({str(name), str(value)});
  dunlin_http_request request{};
  request.method = str(settings_.method);
  request.url = str(flight.request.url);
  request.body = str(flight.request.body);
  request.headers = headers.data();
  request.header_count = headers.size();
  request.ca_file = str(settings_.ca_file);
  request.timeout_ms = static_cast<std::uint32_t>(settings_.timeout_ms);
  request.max_body = static_cast<std::uint32_t>(settings_.max_body);
  request.flags = settings_.verify_tls ? 0 : DUNLIN_HTTP_NO_VERIFY;
  request.max_connections = static_cast<std::uint32_t>(settings_.connections);
  std::uint64_t id = 0;
  const dunlin_status status = services_.http->request(services_.host, &request, &Checker::on_response, &flight, &id);
  if (status != DUNLIN_OK) return status;
  flight.http_id = id;
  ++flight.tries;
  figures_.add(Figure::requests);
  if (flight.tries > 1) figures_.add(Figure::retries);
  return DUNLIN_OK;
}

// When memory runs out in the midst of it, the flight stays, and goes with the deadline of its tickets.
void Checker::on_response(void* user, const dunlin_http_response* response) {
  Flight& flight = *static_cast<Flight*>(user);
  flight.http_id.reset();
  try {
    flight.owner->take(flight, *response);
  } catch (...) {
    flight.owner->services_.log(DUNLIN_LOG_ERROR, "out of memory while reading a reply");
  }
}

void Checker::on_retry(void* user) {
  Flight& flight = *static_cast<Flight*>(user);
  flight.timer_id.reset();
  try {
    flight.owner->start(flight);
  } catch (...) {
    flight.owner->services_.log(DUNLIN_LOG_ERROR, "out of memory while sending a request");
  }
}

void Checker::take(Flight& flight, const dunlin_http_response& response) {
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
  std::uint64_t id = 0;
  if (services_.timer->start(services_.host, delay, 0, &Checker::on_retry, &flight, &id) != DUNLIN_OK) return false;
  flight.timer_id = id;
  return true;
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
  if (flight.http_id) services_.http->cancel(services_.host, *flight.http_id);
  if (flight.timer_id) services_.timer->stop(services_.host, *flight.timer_id);
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
  services_.answer(ticket, outcome);
  return DUNLIN_PENDING;
}

void Checker::note_breaker() {
  const Breaker::State state = breaker_.state();
  if (state == noted_) return;
  figures_.set(Figure::breaker_state, state == Breaker::State::closed ? 0 : state == Breaker::State::open ? 1 : 2);
  if (state == Breaker::State::open) {
    figures_.add(Figure::breaker_opened);
    services_.log(DUNLIN_LOG_WARN, "the backend is down: circuit breaker open for " +
                                       std::to_string(settings_.breaker_open_ms) +
                                       " ms, log-ins are told to try later");
  }
  if (state == Breaker::State::closed) services_.log(DUNLIN_LOG_INFO, "the backend is back: circuit breaker closed");
  noted_ = state;
}

void Checker::warn(const std::string& text) {
  const std::int64_t now = clock_.steady_ms();
  if (warned_ms_ && now - *warned_ms_ < kWarnEveryMs) return;
  warned_ms_ = now;
  services_.log(DUNLIN_LOG_WARN, text);
}

}  // namespace dunlin::http_auth
