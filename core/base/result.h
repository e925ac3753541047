// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value, or the one Error that says why there is none.
//
// What can be expected to fail (a bad token, a full outbox, a peer that left) travels here. A broken invariant does
// not: CHECK() stops the process. Spelled like std::expected, so that a newer compiler makes this file an alias.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "core/base/check.h"

namespace dunlin {

enum class Errc { bad_input, denied, not_found, too_big, overloaded, unavailable };

struct Error {
  Errc code;
  std::string why;  // For the operator's log. Never sent to a peer.
};

inline Error fail(Errc code, std::string why) { return {code, std::move(why)}; }

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // REQUIRES: has_value()
  T& operator*() & noexcept { return *checked<0>(state_); }
  const T& operator*() const& noexcept { return *checked<0>(state_); }
  T&& operator*() && noexcept { return std::move(*checked<0>(state_)); }
  T* operator->() noexcept { return checked<0>(state_); }
  const T* operator->() const noexcept { return checked<0>(state_); }

  // REQUIRES: !has_value()
  const Error& error() const noexcept { return *checked<1>(state_); }

 private:
  template <std::size_t I, class State>
  static auto* checked(State& state) noexcept {
    auto* held = std::get_if<I>(&state);
    CHECK(held != nullptr);
    return held;
  }

  std::variant<T, Error> state_;
};

using Status = Result<std::monostate>;
inline Status ok() { return std::monostate{}; }

}  // namespace dunlin
