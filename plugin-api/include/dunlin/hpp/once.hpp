// SPDX-License-Identifier: Apache-2.0
// A call that the host has promised to make once, as the C ABI wants it.
#pragma once

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin::detail {

template <class Call, class... Given>
class Once final : public Owed::Link {
 public:
  Once(Logger log, const char* what, Call call) : log_(log), what_(what), call_(std::move(call)) {}
  static void came(void* user, Given... given) {
    const std::unique_ptr<Once> mine(static_cast<Once*>(user));
    caught(mine->log_, mine->what_, [&] { mine->call_(given...); });
  }

 private:
  Logger log_;
  const char* what_;
  Call call_;
};

template <class Call>
bool is_empty(const Call&) {
  return false;
}
template <class Signature>
bool is_empty(const std::function<Signature>& call) {
  return !call;
}

// Hands a function that calls `call` on to `begin(fn, user)`, which is a service; an empty one as NULL. One allocation. What
// `call` throws is said to be in `what`.
template <class... Given, class Call, class Begin>
dunlin_status once(const Host& host, const char* what, Call call, Begin begin) {
  using Promise = Once<Call, Given...>;
  if (is_empty(call)) return begin(static_cast<void (*)(void*, Given...)>(nullptr), static_cast<void*>(nullptr));
  auto promise = std::make_unique<Promise>(host.logger(), what, std::move(call));
  const dunlin_status status = begin(&Promise::came, static_cast<void*>(promise.get()));
  if (status != DUNLIN_OK) return status;
  if (host.owed()) host.owed()->add(*promise);
  promise.release();  // came() deletes it, or the instance does
  return status;
}

}  // namespace dunlin::plugin::detail
