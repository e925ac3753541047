// SPDX-License-Identifier: Apache-2.0
#include "plugins/http-auth/breaker.h"

namespace dunlin::http_auth {

void Breaker::enter(State state) {
  state_ = state;
  ++epoch_;
  failures_ = 0;
  probing_ = false;
  times_opened_ += state == State::open;
}

std::optional<Breaker::Permit> Breaker::admit(std::int64_t now) {
  if (state_ == State::open && now >= open_until_) enter(State::half_open);
  if (state_ == State::open || probing_) return std::nullopt;
  probing_ = state_ == State::half_open;
  return Permit{epoch_};
}

void Breaker::succeeded(Permit permit) {
  if (!current(permit)) return;
  failures_ = 0;
  if (state_ == State::half_open) enter(State::closed);
}

void Breaker::failed(Permit permit, std::int64_t now) {
  if (!current(permit)) return;
  if (state_ == State::closed && ++failures_ < limit_) return;
  enter(State::open);
  open_until_ = now + open_ms_;
}

void Breaker::abandoned(Permit permit) {
  if (current(permit)) probing_ = false;
}

}  // namespace dunlin::http_auth
