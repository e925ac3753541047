// SPDX-License-Identifier: Apache-2.0
// How a session logs in: at the handshake or when its router asks, as often as it likes.
#include <algorithm>
#include <utility>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/session/session.h"
#include "core/session/session_table.h"

namespace dunlin {

dunlin_status Session::authenticate(std::string_view token, std::uint32_t source, LoginDone done) {
  if (step_ == Step::closing) return DUNLIN_E_GONE;
  if (login_done_ || step_ == Step::authenticating) return DUNLIN_E_FULL;
  login_done_ = std::make_unique<LoginDone>(std::move(done));
  auto answer = table_.modules_->login(served_->modules, id_, token, source);
  // Never answered from inside the call; by the time it is, the session may be gone.
  if (answer)
    table_.defer_([&table = table_, id = id_, answer = std::move(*answer)]() mutable {
      table.login_answered(id, std::move(answer));
    });
  return DUNLIN_OK;
}

void Session::login_answered(LoginAnswer answer) {
  if (step_ == Step::closing) return;
  const bool allowed = answer.outcome == LoginOutcome::allowed;
  if (allowed) {
    apply(answer.identity);
  } else {
    log_refusal(answer);
  }
  if (step_ == Step::authenticating) {
    if (allowed) {
      enter(Step::opening);
    } else {
      close(answer.outcome == LoginOutcome::denied ? CloseReason::login_refused : CloseReason::try_later);
    }
    return run();
  }
  finish_login(allowed ? DUNLIN_ALLOW : DUNLIN_DENY,
               allowed                                       ? DUNLIN_OK
               : answer.outcome == LoginOutcome::unavailable ? DUNLIN_E_UNAVAILABLE
                                                             : DUNLIN_E_DENIED);
}

void Session::finish_login(dunlin_verdict verdict, dunlin_status status) {
  if (const auto done = std::exchange(login_done_, nullptr); done && *done) (*done)(verdict, status);
}

// Whoever logs in as somebody else starts afresh: nothing of the former user stays, neither channels nor context.
void Session::become(const Identity& identity) {
  if (logged_in() && (identity.uid != uid_ || identity.uid_kind != uid_kind_)) {
    subscriber_.leave_all();
    (void)context_.replace("{}", table_.defer_);
  }
  uid_ = identity.uid;
  uid_kind_ = identity.uid_kind;
  handshake_.reset();
  ++table_.logins_;
}

void Session::apply(const Identity& identity) {
  become(identity);
  const auto keep = [&](std::string_view key, const std::string& json) {
    if (const Status set = context_.set(key, json, table_.defer_); !set)
      table_.log_.warn("context value not kept", {{"client", id_.text()}, {"key", key}, {"why", set.error().why}});
  };
  for (const auto& [key, value] : identity.context) keep(key, value);
  keep("uid", uid_kind_ == DUNLIN_UID_NUMBER ? uid_ : json::quote(uid_));
  for (const std::string& channel : identity.channels)
    if (subscribe(channel) != DUNLIN_OK)
      table_.log_.warn("channel not joined", {{"client", id_.text()}, {"channel", channel}});
  expiry_timer_.stop();
  if (identity.expires_at_ms > 0)
    table_.wheel_.start(expiry_timer_, Millis{std::max<std::int64_t>(identity.expires_at_ms - unix_ms(), 0)});
}

void Session::log_refusal(const LoginAnswer& answer) {
  table_.log_.info("log-in refused",
                   {{"client", id_.text()}, {"peer", remote_addr_}, {"endpoint", endpoint().path},
                    {"module", answer.module.empty() ? "-" : answer.module},
                    {"outcome", answer.outcome == LoginOutcome::denied ? "denied" : "unavailable"},
                    {"reason", answer.reason.empty() ? "no module knows the token" : answer.reason}});
}

}  // namespace dunlin
