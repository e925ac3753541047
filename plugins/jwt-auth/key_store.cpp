// SPDX-License-Identifier: Apache-2.0
#include "plugins/jwt-auth/key_store.h"

#include <algorithm>

namespace dunlin::jwt_auth {
namespace {

// After a failure: 5 s, 10 s, 20 s … at most the regular pause.
std::int64_t pause(unsigned failures, std::int64_t refresh_ms) {
  return std::min(KeyStore::kLeastPause << std::min(failures - 1, 10u), refresh_ms);
}

}  // namespace

std::shared_ptr<const Keys> KeyStore::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

bool KeyStore::reading() const {
  const std::lock_guard lock(mutex_);
  return reading_;
}

bool KeyStore::claim(std::int64_t now_ms, std::int64_t refresh_ms) {
  const std::lock_guard lock(mutex_);
  const bool due = !tried_ || (failures_ > 0 ? now_ms - last_try_ms_ >= pause(failures_, refresh_ms)
                                             : now_ms - last_success_ms_ >= refresh_ms);
  if (reading_ || !due) return false;
  return reading_ = tried_ = true;
}

bool KeyStore::claim_early(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (reading_ || (tried_ && now_ms - last_try_ms_ < kLeastPause)) return false;
  return reading_ = tried_ = true;
}

void KeyStore::done(std::shared_ptr<const Keys> keys, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  reading_ = false;
  last_try_ms_ = now_ms;
  failures_ = keys ? 0 : failures_ + 1;
  if (keys) {
    last_success_ms_ = now_ms;
    keys_ = std::move(keys);
  }
  // With the lock held: forget() then returns only when nobody is being told. They only post.
  for (const auto& [who, told] : listeners_) told();
}

void KeyStore::release() {
  const std::lock_guard lock(mutex_);
  reading_ = tried_ = false;
}

void KeyStore::listen(const void* who, std::function<void()> told) {
  const std::lock_guard lock(mutex_);
  listeners_[who] = std::move(told);
}

void KeyStore::forget(const void* who) {
  const std::lock_guard lock(mutex_);
  listeners_.erase(who);
}

}  // namespace dunlin::jwt_auth
