// SPDX-License-Identifier: Apache-2.0
#include "core/conformance/memory_services.h"

#include <chrono>

namespace dunlin {

MemoryServices::~MemoryServices() {
  for (std::thread& thread : pool_) thread.join();
}

bool MemoryServices::turn() {
  loop_.poll();
  std::vector<std::function<void()>> posted;
  {
    const std::lock_guard lock(mutex_);
    posted.swap(posted_);
  }
  const auto deferred = std::exchange(deferred_, {});
  for (const auto& task : posted) task();
  for (const auto& task : deferred) task();
  return !posted.empty() || !deferred.empty();
}

bool MemoryServices::wait_for_post(Millis at_most) {
  std::unique_lock lock(mutex_);
  return came_.wait_for(lock, at_most, [this] { return !posted_.empty(); });
}

void MemoryServices::advance(Millis by) {
  const std::int64_t until = now_ + by.count();
  for (;;) {
    auto next = timers_.end();
    for (auto timer = timers_.begin(); timer != timers_.end(); ++timer)
      if (timer->second.due <= until && (next == timers_.end() || timer->second.due < next->second.due)) next = timer;
    if (next == timers_.end()) break;
    now_ = next->second.due;
    const auto fire = next->second.fire;
    if (next->second.every.count() > 0) {
      next->second.due += next->second.every.count();
    } else {
      timers_.erase(next);
    }
    fire();
    while (turn()) {
    }
  }
  now_ = until;
}

void MemoryServices::answer_http(int code, std::string body) {
  HttpResponse response;
  response.code = code;
  response.body = std::move(body);
  response.headers = {{"content-type", "text/plain"}};
  for (const auto& [id, done] : std::exchange(requests_, {})) done(response);
}

dunlin_status MemoryServices::conn_info(ClientId, std::uint32_t what, std::string_view& out) {
  if (what != DUNLIN_CONN_PATH) return DUNLIN_E_NOT_FOUND;
  out = "/message-center";
  return DUNLIN_OK;
}

dunlin_status MemoryServices::conn_send(ClientId, Kind, std::string_view data) {
  sent.emplace_back(data);
  return DUNLIN_OK;
}

// A topic named "full" is.
dunlin_status MemoryServices::queue_push(ClientId, std::string_view topic, std::string_view data, QueueDone done) {
  sent.push_back("push:" + std::string(topic) + ":" + std::string(data));
  if (done) defer([done = std::move(done), full = topic == "full"] { done(full ? DUNLIN_E_FULL : DUNLIN_OK, full ? 0 : 1); });
  return DUNLIN_OK;
}

dunlin_status MemoryServices::publish(std::string_view, Kind, std::string_view, PublishDone done) {
  if (done) defer([done] { done(2, 1); });
  return DUNLIN_OK;
}

std::uint64_t MemoryServices::timer_start(Millis after, Millis every, std::function<void()> fire) {
  timers_[next_] = {now_ + after.count(), every, std::move(fire)};
  return next_++;
}

std::uint64_t MemoryServices::http_request(HttpRequest, std::function<void(const HttpResponse&)> done) {
  requests_[next_] = std::move(done);
  return next_++;
}

bool MemoryServices::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(task));
  came_.notify_all();
  return true;
}

void MemoryServices::offload(std::function<void()> work, std::function<void()> done) {
  pool_.emplace_back([this, work = std::move(work), done = std::move(done)]() mutable {
    work();
    MemoryServices::post(std::move(done));  // by name: a destructor on its way here to join changes the vtable
  });
}

}  // namespace dunlin
