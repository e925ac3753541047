// SPDX-License-Identifier: Apache-2.0
// Services: what a worker does for the modules that run on it. The host tables of the C ABI (host_*.cpp) check arguments
// and threads and then call these; worker/worker_services.cpp implements them over sessions, mesh, timers and HTTP.
//
// All [worker]. Callbacks come on this worker, never before the call that takes them has returned. Views handed out live
// until the hook that asked returns. Statuses are the ABI's dunlin_status values.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/http_types.h"
#include "core/base/ids.h"
#include "core/base/log.h"
#include "core/base/message.h"
#include "core/base/redis_types.h"
#include "core/plugin/hosts.h"
#include "dunlin/dunlin.h"

namespace dunlin {

class Services {
 public:
  // What a connection is and brought. The index of conn_header_at counts from 0.
  virtual dunlin_status conn_info(ClientId id, std::uint32_t what, std::string_view& out) = 0;
  virtual dunlin_status conn_certificate(ClientId id, std::string_view& pem) = 0;
  virtual dunlin_status conn_header(ClientId id, std::string_view name, std::string_view& out) = 0;
  virtual dunlin_status conn_header_at(ClientId id, std::size_t index, std::string_view& name, std::string_view& value) = 0;
  virtual dunlin_status conn_query(ClientId id, std::string_view name, std::string_view& out) = 0;
  virtual dunlin_status conn_cookie(ClientId id, std::string_view name, std::string_view& out) = 0;
  virtual dunlin_status conn_option(ClientId id, std::string_view name, std::string_view& out) = 0;
  // All of the endpoint's options: a JSON object.
  virtual dunlin_status conn_options(ClientId id, std::string_view& json) = 0;
  virtual dunlin_status conn_uid(ClientId id, std::string_view& text, std::uint32_t& kind) = 0;

  using LoginDone = std::function<void(dunlin_verdict, dunlin_status)>;
  virtual dunlin_status conn_authenticate(ClientId id, std::string_view token, std::uint32_t source, LoginDone done) = 0;
  virtual dunlin_status conn_send(ClientId id, Kind kind, std::string_view data) = 0;
  virtual dunlin_status conn_close(ClientId id, int code, std::string_view reason) = 0;

  // Raw TCP only, else E_NOT_FOUND: what has arrived and belongs to no packet yet.
  virtual dunlin_status conn_unread(ClientId id, std::size_t& size) = 0;
  virtual dunlin_status conn_clear(ClientId id) = 0;

  virtual dunlin_status subscribe(ClientId id, std::string_view channel) = 0;
  virtual dunlin_status unsubscribe(ClientId id, std::string_view channel) = 0;
  // Asks the endpoint's guards first. `done` gets OK, E_DENIED, E_UNAVAILABLE, E_FULL or E_GONE.
  using SubscribeDone = std::function<void(dunlin_status)>;
  virtual dunlin_status subscribe_asking(ClientId id, std::string_view channel, SubscribeDone done) = 0;
  using PublishDone = std::function<void(std::uint64_t success, std::uint64_t fail)>;
  virtual dunlin_status publish(std::string_view channel, Kind kind, std::string_view data, PublishDone done) = 0;
  using SendDone = std::function<void(dunlin_status)>;
  virtual dunlin_status send(ClientId id, Kind kind, std::string_view data, SendDone done) = 0;

  // `done` gets OK and how many messages the topic holds, or E_FULL or E_TIMEOUT.
  using QueueDone = std::function<void(dunlin_status, std::uint64_t)>;
  virtual dunlin_status queue_push(ClientId about, std::string_view topic, std::string_view data, QueueDone done) = 0;

  virtual dunlin_status context_get(ClientId id, std::string_view key, std::string_view& out) = 0;
  virtual dunlin_status context_set(ClientId id, std::string_view key, std::string_view json) = 0;
  virtual dunlin_status context_all(ClientId id, std::string_view& out) = 0;
  virtual dunlin_status context_replace(ClientId id, std::string_view json) = 0;
  // `done` gets the JSON text, or E_GONE / E_TIMEOUT and nothing.
  using ContextDone = std::function<void(dunlin_status, std::string_view)>;
  virtual dunlin_status context_wait(ClientId id, std::string_view key, Millis timeout, ContextDone done) = 0;
  virtual bool context_waited(ClientId id) = 0;  // does such a wait last?

  // Ids are never 0. The owner stops what it started; after stop/cancel nothing is called.
  virtual std::uint64_t timer_start(Millis after, Millis every, std::function<void()> fire) = 0;
  virtual bool timer_stop(std::uint64_t id) = 0;
  virtual std::uint64_t http_request(HttpRequest request, std::function<void(const HttpResponse&)> done) = 0;
  virtual bool http_cancel(std::uint64_t id) = 0;

  // The name "" is the server called default, or else the first.
  virtual bool redis_known(std::string_view name) = 0;
  virtual dunlin_status redis_command(std::string_view name, std::vector<std::string> argv, Millis timeout,
                                      std::function<void(const RedisReply&)> done, std::uint64_t& id) = 0;
  virtual bool redis_cancel(std::uint64_t id) = 0;

  // [any-thread] Runs `task` on this worker; false: the worker is stopping and it never runs.
  virtual bool post(std::function<void()> task) = 0;
  // Runs `task` on this worker in this turn, after what runs now has returned.
  virtual void defer(std::function<void()> task) = 0;
  // Runs `work` on a pool thread, then `done` on this worker, always.
  virtual void offload(std::function<void()> work, std::function<void()> done) = 0;

  // The uv_loop_t of this worker; what libuv it is. uv_version() [any-thread]
  virtual void* uv_loop() = 0;
  virtual std::uint32_t uv_version() const = 0;

  // The hosts of the modules on this worker. They last as long as this does, and longer where they are shared.
  Hosts& hosts() { return *hosts_; }
  void share_hosts(std::shared_ptr<Hosts> hosts) { hosts_ = std::move(hosts); }  // REQUIRES: none was taken

 protected:
  ~Services() = default;

 private:
  std::shared_ptr<Hosts> hosts_ = std::make_shared<Hosts>();
};

}  // namespace dunlin
