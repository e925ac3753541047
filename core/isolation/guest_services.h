// SPDX-License-Identifier: Apache-2.0
// GuestServices: what a module in a process of its own may ask for. The loop with its timers, its HTTP client and its pool
// are its own; of a connection it knows what came with the question about it; the rest of the server is not there.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/isolation/messages.h"
#include "core/loop/loop.h"
#include "core/loop/mailbox.h"
#include "core/loop/numbered_timers.h"
#include "core/net/http_client.h"
#include "core/plugin/services.h"
#include "core/session/query.h"

namespace dunlin {

class GuestServices final : public Services {
 public:
  GuestServices(Loop& loop, TimerWheel& wheel, Mailbox& mailbox, HttpClient& http)
      : loop_(loop), mailbox_(mailbox), http_(http), timers_(wheel) {}

  // A question about a connection begins and ends; several may be open about one.
  void begin(ClientId id, Visit visit);
  void end(ClientId id);

  dunlin_status conn_info(ClientId id, std::uint32_t what, std::string_view& out) override;
  dunlin_status conn_certificate(ClientId id, std::string_view& pem) override;
  dunlin_status conn_header(ClientId id, std::string_view name, std::string_view& out) override;
  dunlin_status conn_header_at(ClientId id, std::size_t index, std::string_view& name, std::string_view& value) override;
  dunlin_status conn_query(ClientId id, std::string_view name, std::string_view& out) override;
  dunlin_status conn_cookie(ClientId id, std::string_view name, std::string_view& out) override;
  dunlin_status conn_option(ClientId id, std::string_view name, std::string_view& out) override;
  dunlin_status conn_options(ClientId id, std::string_view& json) override;
  dunlin_status conn_uid(ClientId id, std::string_view& text, std::uint32_t& kind) override;

  std::uint64_t timer_start(Millis after, Millis every, std::function<void()> fire) override {
    return timers_.start(after, every, std::move(fire));
  }
  bool timer_stop(std::uint64_t id) override { return timers_.stop(id); }
  std::uint64_t http_request(HttpRequest request, std::function<void(const HttpResponse&)> done) override {
    return http_.request(std::move(request), std::move(done));
  }
  bool http_cancel(std::uint64_t id) override { return http_.cancel(id); }
  bool post(std::function<void()> task) override { return mailbox_.post(std::move(task)); }
  void defer(std::function<void()> task) override { loop_.defer(std::move(task)); }
  void offload(std::function<void()> work, std::function<void()> done) override {
    loop_.offload(std::move(work), std::move(done));
  }
  void* uv_loop() override { return loop_.uv(); }
  std::uint32_t uv_version() const override { return Loop::uv_version(); }

  // What the server alone could do. Of these a module reaches the three of dunlin.conn/1 that change a connection.
  dunlin_status conn_authenticate(ClientId, std::string_view, std::uint32_t, LoginDone) override { return kNotHere; }
  dunlin_status conn_send(ClientId, Kind, std::string_view) override { return kNotHere; }
  dunlin_status conn_close(ClientId, int, std::string_view) override { return kNotHere; }
  dunlin_status conn_unread(ClientId, std::size_t&) override { return kNotHere; }
  dunlin_status conn_clear(ClientId) override { return kNotHere; }
  dunlin_status subscribe(ClientId, std::string_view) override { return kNotHere; }
  dunlin_status unsubscribe(ClientId, std::string_view) override { return kNotHere; }
  dunlin_status subscribe_asking(ClientId, std::string_view, SubscribeDone) override { return kNotHere; }
  dunlin_status publish(std::string_view, Kind, std::string_view, PublishDone) override { return kNotHere; }
  dunlin_status send(ClientId, Kind, std::string_view, SendDone) override { return kNotHere; }
  dunlin_status queue_push(ClientId, std::string_view, std::string_view, QueueDone) override { return kNotHere; }
  dunlin_status context_get(ClientId, std::string_view, std::string_view&) override { return kNotHere; }
  dunlin_status context_set(ClientId, std::string_view, std::string_view) override { return kNotHere; }
  dunlin_status context_all(ClientId, std::string_view&) override { return kNotHere; }
  dunlin_status context_replace(ClientId, std::string_view) override { return kNotHere; }
  dunlin_status context_wait(ClientId, std::string_view, Millis, ContextDone) override { return kNotHere; }
  bool context_waited(ClientId) override { return false; }
  bool redis_known(std::string_view) override { return false; }
  dunlin_status redis_command(std::string_view, std::vector<std::string>, Millis, std::function<void(const RedisReply&)>,
                              std::uint64_t&) override {
    return kNotHere;
  }
  bool redis_cancel(std::uint64_t) override { return false; }

 private:
  static constexpr dunlin_status kNotHere = DUNLIN_E_UNAVAILABLE;

  struct Known {
    Visit visit;
    unsigned questions = 0;
    std::optional<EndpointOptions> options;  // parsed when the first is asked for
    std::deque<std::string> lent;    // grows without moving what is in it
  };
  Known* find(ClientId id);
  static dunlin_status lend(Known& known, std::optional<std::string> value, std::string_view& out);

  Loop& loop_;
  Mailbox& mailbox_;
  HttpClient& http_;
  NumberedTimers timers_;
  std::unordered_map<ClientId, Known> known_;
};

}  // namespace dunlin
