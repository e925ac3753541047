// SPDX-License-Identifier: Apache-2.0
#include "core/session/context.h"

#include <algorithm>

#include "core/base/json.h"
#include "dunlin/base.h"

namespace dunlin {

Context::~Context() = default;

const std::string* Context::get(std::string_view key) const { return const_cast<Context*>(this)->find(key); }

std::string* Context::find(std::string_view key) {
  const auto found = std::find_if(values_.begin(), values_.end(), [&](const auto& entry) { return entry.first == key; });
  return found == values_.end() ? nullptr : &found->second;
}

std::size_t Context::bytes() const {
  std::size_t sum = 0;
  for (const auto& [key, value] : values_) sum += key.size() + value.size();
  return sum;
}

void Context::put(std::string_view key, std::string value) {
  if (std::string* old = find(key)) {
    *old = std::move(value);
  } else {
    values_.emplace_back(std::string(key), std::move(value));
  }
}

Status Context::set(std::string_view key, std::string_view json, const Defer& defer) {
  if (!json::valid(json)) return fail(Errc::bad_input, "not JSON");
  if (json == "null") {
    std::erase_if(values_, [&](const auto& entry) { return entry.first == key; });
    return ok();
  }
  const std::string* old = get(key);
  const std::size_t before = old ? old->size() : 0;
  if (bytes() - before + json.size() + (old ? 0 : key.size()) > kMaxBytes)
    return fail(Errc::too_big, "the context would hold more than 64 KiB");
  put(key, std::string(json));
  wake(key, std::string(json), defer);
  return ok();
}

Status Context::replace(std::string_view json, const Defer& defer) {
  if (json.size() > kMaxBytes) return fail(Errc::too_big, "the context would hold more than 64 KiB");
  const auto document = json::parse(json);
  if (!document || !document->IsObject()) return fail(Errc::bad_input, "not a JSON object");
  values_.clear();
  for (const auto& member : document->GetObject())
    if (!member.value.IsNull()) put(json::text_of(member.name), json::print(member.value));
  const auto now = values_;
  for (const auto& [key, value] : now) wake(key, value, defer);
  return ok();
}

std::string Context::all() const {
  std::string out = "{";
  for (const auto& [key, value] : values_) {
    if (out.size() > 1) out += ',';
    out += json::quote(key) + ":" + value;
  }
  return out + "}";
}

void Context::wait(std::string_view key, Millis timeout, TimerWheel& wheel, const Defer& defer, WaitDone done) {
  if (const std::string* value = get(key)) {
    defer([done = std::move(done), value = *value] { done(DUNLIN_OK, value); });
    return;
  }
  if (!waiters_) waiters_ = std::make_unique<std::list<Waiter>>();
  const auto waiter = waiters_->emplace(waiters_->end());
  waiter->key = key;
  waiter->done = std::move(done);
  waiter->deadline.on_fire([this, waiter] {
    const WaitDone timed_out = std::move(waiter->done);
    // Moved out first: erasing the waiter destroys the timer whose function this is.
    auto keep = std::make_unique<std::list<Waiter>>();
    keep->splice(keep->begin(), *waiters_, waiter);
    timed_out(DUNLIN_E_TIMEOUT, {});
  });
  wheel.start(waiter->deadline, timeout);
}

void Context::wake(std::string_view key, const std::string& value, const Defer& defer) {
  if (!waiters_) return;
  for (auto waiter = waiters_->begin(); waiter != waiters_->end();) {
    if (waiter->key != key) {
      ++waiter;
      continue;
    }
    defer([done = std::move(waiter->done), value] { done(DUNLIN_OK, value); });
    waiter = waiters_->erase(waiter);
  }
}

void Context::abandon(const Defer& defer) {
  if (!waiters_) return;
  for (Waiter& waiter : *waiters_) defer([done = std::move(waiter.done)] { done(DUNLIN_E_GONE, {}); });
  waiters_.reset();
}

}  // namespace dunlin
