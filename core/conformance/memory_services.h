// SPDX-License-Identifier: Apache-2.0
// Services in memory, for one worker on the caller's own thread, with a clock that stands until it is moved: what plugins
// are checked and tested on. post() may be called from any thread; offload runs its
// work on a thread of its own. Connections are not known: every id is one that has a path and nothing else.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/loop/loop.h"
#include "core/plugin/runtime.h"
#include "core/plugin/services.h"

namespace dunlin {

class MemoryServices : public Services {
 public:
  virtual ~MemoryServices();

  // What conn_authenticate() leads to.
  std::function<dunlin_status(ClientId, std::string_view, std::uint32_t, LoginDone)> authenticate;

  // What subscribe_asking() leads to.
  std::function<dunlin_status(ClientId, std::string_view, SubscribeDone)> subscribe_with;

  bool turn();  // false: there was nothing to run
  // Waits until something is posted. False: nothing was, in that time.
  bool wait_for_post(Millis at_most = Millis{10'000});
  void advance(Millis by);
  void answer_http(int code, std::string body);

  std::vector<std::string> sent;
  std::size_t timers() const { return timers_.size(); }
  std::size_t requests() const { return requests_.size(); }

  dunlin_status conn_info(ClientId, std::uint32_t, std::string_view& out) override;
  dunlin_status conn_certificate(ClientId, std::string_view&) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status conn_header(ClientId, std::string_view, std::string_view&) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status conn_header_at(ClientId, std::size_t, std::string_view&, std::string_view&) override {
    return DUNLIN_E_NOT_FOUND;
  }
  dunlin_status conn_query(ClientId, std::string_view, std::string_view&) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status conn_cookie(ClientId, std::string_view, std::string_view&) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status conn_option(ClientId, std::string_view, std::string_view&) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status conn_options(ClientId, std::string_view&) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status conn_uid(ClientId, std::string_view&, std::uint32_t&) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status conn_authenticate(ClientId id, std::string_view token, std::uint32_t source, LoginDone done) override {
    return authenticate(id, token, source, std::move(done));
  }
  dunlin_status conn_send(ClientId, Kind, std::string_view data) override;
  dunlin_status conn_close(ClientId, int, std::string_view) override { return DUNLIN_OK; }
  bool redis_known(std::string_view) override { return false; }
  dunlin_status redis_command(std::string_view, std::vector<std::string>, Millis, std::function<void(const RedisReply&)>,
                              std::uint64_t&) override {
    return DUNLIN_E_NOT_FOUND;
  }
  bool redis_cancel(std::uint64_t) override { return false; }
  dunlin_status conn_unread(ClientId, std::size_t&) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status conn_clear(ClientId) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status subscribe(ClientId, std::string_view) override { return DUNLIN_OK; }
  dunlin_status subscribe_asking(ClientId id, std::string_view channel, SubscribeDone done) override {
    return subscribe_with(id, channel, std::move(done));
  }
  dunlin_status unsubscribe(ClientId, std::string_view) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status publish(std::string_view, Kind, std::string_view, PublishDone done) override;
  dunlin_status send(ClientId, Kind, std::string_view, SendDone done) override {
    if (done) defer([done] { done(DUNLIN_E_GONE); });
    return DUNLIN_OK;
  }
  dunlin_status queue_push(ClientId, std::string_view topic, std::string_view data, QueueDone done) override;
  dunlin_status context_get(ClientId, std::string_view, std::string_view&) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status context_set(ClientId, std::string_view, std::string_view) override { return DUNLIN_OK; }
  dunlin_status context_all(ClientId, std::string_view&) override { return DUNLIN_E_NOT_FOUND; }
  dunlin_status context_replace(ClientId, std::string_view) override { return DUNLIN_OK; }
  dunlin_status context_wait(ClientId, std::string_view, Millis timeout, ContextDone done) override {
    timer_start(timeout, Millis{0}, [done] { done(DUNLIN_E_TIMEOUT, ""); });
    return DUNLIN_OK;
  }
  bool context_waited(ClientId) override { return false; }

  std::uint64_t timer_start(Millis after, Millis every, std::function<void()> fire) override;
  bool timer_stop(std::uint64_t id) override { return timers_.erase(id) > 0; }
  std::uint64_t http_request(HttpRequest request, std::function<void(const HttpResponse&)> done) override;
  bool http_cancel(std::uint64_t id) override { return requests_.erase(id) > 0; }
  bool post(std::function<void()> task) override;
  void defer(std::function<void()> task) override { deferred_.push_back(std::move(task)); }
  void offload(std::function<void()> work, std::function<void()> done) override;
  void* uv_loop() override { return loop_.uv(); }
  std::uint32_t uv_version() const override { return Loop::uv_version(); }

 private:
  Loop loop_;
  struct Ticking {
    std::int64_t due;
    Millis every;
    std::function<void()> fire;
  };
  std::map<std::uint64_t, Ticking> timers_;
  std::map<std::uint64_t, std::function<void(const HttpResponse&)>> requests_;
  std::vector<std::function<void()>> deferred_;
  std::vector<std::thread> pool_;
  std::uint64_t next_ = 1;
  std::int64_t now_ = 0;

  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::function<void()>> posted_;  // under mutex_
};

}  // namespace dunlin
