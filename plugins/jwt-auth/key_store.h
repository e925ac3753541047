// SPDX-License-Identifier: Apache-2.0
// KeyStore: the keys of a JWKS URL, one for all workers. A worker that finds them due claims the reading, so that only one
// reads at a time; what it brings is an immutable snapshot. Keys are kept while the URL is down. [any-thread]
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "plugins/jwt-auth/key.h"

namespace dunlin::jwt_auth {

class KeyStore {
 public:
  // At most one early reading in this time: a stranger with made-up kids must not make us hammer the URL.
  static constexpr std::int64_t kLeastPause = 5'000;

  // nullptr: none has been read yet.
  std::shared_ptr<const Keys> keys() const;

  // True: the caller reads now, and calls done() or release(). Times are steady milliseconds.
  bool claim(std::int64_t now_ms, std::int64_t refresh_ms);        // when the next regular reading is due
  bool claim_early(std::int64_t now_ms);                            // for a kid that nobody knows
  bool reading() const;                                             // somebody does
  void done(std::shared_ptr<const Keys> keys, std::int64_t now_ms);  // nullptr: it failed
  void release();                                                   // given up, without having failed

  // Who wants to know that a reading has ended; called on the thread that calls done().
  void listen(const void* who, std::function<void()> told);
  void forget(const void* who);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Keys> keys_;                     // guarded by mutex_, as is all that follows
  std::map<const void*, std::function<void()>> listeners_;
  std::int64_t last_try_ms_ = 0, last_success_ms_ = 0;
  unsigned failures_ = 0;  // in a row: the pause doubles with each
  bool tried_ = false, reading_ = false;
};

}  // namespace dunlin::jwt_auth
