// SPDX-License-Identifier: Apache-2.0
// WorkerServices: what the modules of one worker may ask of it (plugin/services.h), by way of sessions, mesh, timers and
// the HTTP client. [worker], but for post().
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "core/hub/queue.h"
#include "core/loop/loop.h"
#include "core/loop/mailbox.h"
#include "core/loop/numbered_timers.h"
#include "core/loop/timer_wheel.h"
#include "core/mesh/mesh.h"
#include "core/net/http_client.h"
#include "core/net/redis_client.h"
#include "core/plugin/services.h"
#include "core/session/query.h"
#include "core/session/session_table.h"

namespace dunlin {

class WorkerServices final : public Services {
 public:
  WorkerServices(Loop& loop, TimerWheel& wheel, Mailbox& mailbox, SessionTable& sessions, Mesh& mesh, Queue& queue,
                 HttpClient& http, RedisClient& redis)
      : loop_(loop), wheel_(wheel), mailbox_(mailbox), sessions_(sessions), mesh_(mesh), queue_(queue), http_(http),
        redis_(redis), timers_(wheel) {}

  // What was read of the endpoints' options is read anew. REQUIRES: no hook is running
  void forget_options() { options_.clear(); }

  dunlin_status conn_info(ClientId id, std::uint32_t what, std::string_view& out) override;
  dunlin_status conn_certificate(ClientId id, std::string_view& pem) override;
  dunlin_status conn_header(ClientId id, std::string_view name, std::string_view& out) override;
  dunlin_status conn_header_at(ClientId id, std::size_t index, std::string_view& name, std::string_view& value) override;
  dunlin_status conn_query(ClientId id, std::string_view name, std::string_view& out) override;
  dunlin_status conn_cookie(ClientId id, std::string_view name, std::string_view& out) override;
  dunlin_status conn_option(ClientId id, std::string_view name, std::string_view& out) override;
  dunlin_status conn_options(ClientId id, std::string_view& json) override;
  dunlin_status conn_uid(ClientId id, std::string_view& text, std::uint32_t& kind) override;
  dunlin_status conn_authenticate(ClientId id, std::string_view token, std::uint32_t source, LoginDone done) override;
  dunlin_status conn_send(ClientId id, Kind kind, std::string_view data) override;
  dunlin_status conn_close(ClientId id, int code, std::string_view reason) override;

  dunlin_status conn_unread(ClientId id, std::size_t& size) override;
  dunlin_status conn_clear(ClientId id) override;

  dunlin_status subscribe(ClientId id, std::string_view channel) override;
  dunlin_status subscribe_asking(ClientId id, std::string_view channel, SubscribeDone done) override;
  dunlin_status unsubscribe(ClientId id, std::string_view channel) override;
  dunlin_status publish(std::string_view channel, Kind kind, std::string_view data, PublishDone done) override;
  dunlin_status send(ClientId id, Kind kind, std::string_view data, SendDone done) override;

  dunlin_status queue_push(ClientId about, std::string_view topic, std::string_view data, QueueDone done) override;

  dunlin_status context_get(ClientId id, std::string_view key, std::string_view& out) override;
  dunlin_status context_set(ClientId id, std::string_view key, std::string_view json) override;
  dunlin_status context_all(ClientId id, std::string_view& out) override;
  dunlin_status context_replace(ClientId id, std::string_view json) override;
  dunlin_status context_wait(ClientId id, std::string_view key, Millis timeout, ContextDone done) override;
  bool context_waited(ClientId id) override;

  std::uint64_t timer_start(Millis after, Millis every, std::function<void()> fire) override {
    return timers_.start(after, every, std::move(fire));
  }
  bool timer_stop(std::uint64_t id) override { return timers_.stop(id); }
  std::uint64_t http_request(HttpRequest request, std::function<void(const HttpResponse&)> done) override;
  bool http_cancel(std::uint64_t id) override;
  bool redis_known(std::string_view name) override { return redis_.knows(name); }
  dunlin_status redis_command(std::string_view name, std::vector<std::string> argv, Millis timeout,
                              std::function<void(const RedisReply&)> done, std::uint64_t& id) override;
  bool redis_cancel(std::uint64_t id) override { return redis_.cancel(id); }

  bool post(std::function<void()> task) override { return mailbox_.post(std::move(task)); }
  void defer(std::function<void()> task) override { loop_.defer(std::move(task)); }
  void offload(std::function<void()> work, std::function<void()> done) override {
    loop_.offload(std::move(work), std::move(done));
  }
  void* uv_loop() override { return loop_.uv(); }
  std::uint32_t uv_version() const override { return loop_.uv_version(); }

 private:
  // What modules are handed lives until their hook returns: kept to the end of the turn, which no hook outlasts.
  std::string_view keep(std::string text);
  dunlin_status found(const std::optional<std::string>& value, std::string_view& out);
  // What may ask a framer to encode has to wait until the hook that asked for it has returned.
  template <class Task>
  void outside_hooks(Task task) {
    if (sessions_.fanout().packets()) loop_.defer(std::move(task));
    else task();
  }

  Loop& loop_;
  TimerWheel& wheel_;
  Mailbox& mailbox_;
  SessionTable& sessions_;
  Mesh& mesh_;
  Queue& queue_;
  HttpClient& http_;
  RedisClient& redis_;
  NumberedTimers timers_;
  std::map<const Endpoint*, EndpointOptions> options_;  // parsed once
  std::deque<std::string> kept_;  // grows without moving what is in it
  bool clearing_ = false;
};

}  // namespace dunlin
