// SPDX-License-Identifier: Apache-2.0
// sugar: a module of dunlin.hpp that serves every interface and calls every service, in words of C++ alone.
#include <dunlin.hpp>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

using namespace dunlin::plugin;

class Sugar {
 public:
  static constexpr const char* kRequired[] = {
      DUNLIN_EXT_TICKET, DUNLIN_EXT_LOG,    DUNLIN_EXT_CONFIG, DUNLIN_EXT_CONN,  DUNLIN_EXT_CHANNEL, DUNLIN_EXT_SUBSCRIBE,
      DUNLIN_EXT_REPLY,  DUNLIN_EXT_CACHE,  DUNLIN_EXT_HTTP,   DUNLIN_EXT_REDIS, DUNLIN_EXT_METRICS, DUNLIN_EXT_TASK,
      DUNLIN_EXT_TIMER,  DUNLIN_EXT_CONTEXT, DUNLIN_EXT_QUEUE, DUNLIN_EXT_LOOP,  DUNLIN_EXT_SOCKET,  DUNLIN_EXT_TLS, nullptr};
  static constexpr Info kInfo = {"sugar", "1.0", "all of it", nullptr, kRequired};
  static constexpr dunlin_route kRoutes[] = {{"GET", "/sugar", DUNLIN_ROLE_READ, 0}, {"POST", "/sugar/", DUNLIN_ROLE_OPEN, 0}};

  explicit Sugar(const Host& host)
      : host_(host), asked_(host, "asked_total", "messages", {{"kind", "text"}}), cache_(host) {}

  void check(Conn, const Credentials& credentials, Ticket ticket) {
    if (credentials.token == "throw") throw std::runtime_error("thrown by check");
    if (credentials.token == "later") return void(waiting_.emplace(ticket.id(), std::move(ticket)));
    ticket.answer(Verdict::allow(Identity::of_string(std::string(credentials.token))));
  }
  void cancel(dunlin_ticket id, int) {
    waiting_.erase(id);
    reply_.reset();
  }

  void open(Conn conn, Ticket ticket) {
    if (conn.id() == 13) throw std::runtime_error("thrown by open");
    ticket.answer(Verdict::allow());
  }

  Verdict message(Conn conn, const Message& message);

  Verdict may_subscribe(Conn, std::string_view channel) {
    return channel == "closed" ? Verdict::deny() : Verdict::allow();
  }

  Filtered filter(std::string_view channel, const Message& message) {
    if (channel != "news") return Filtered::pass();
    if (message.data == "throw") throw std::runtime_error("thrown by filter");
    if (message.data == "drop") return Filtered::drop();
    if (message.data == "change") return Filtered::change("changed");
    if (message.data == "to-binary") return Filtered::change("\xff", DUNLIN_BINARY);
    return Filtered::pass();
  }

  void serve(std::size_t route, const RouteCall& call, OwedReply reply) {
    if (call.body() == "throw") throw std::runtime_error("thrown by serve");
    if (call.body() == "forget") return;
    if (call.body() == "later") return void(reply_.emplace(std::move(reply)));
    if (call.body() == "bad" && reply.send({99, "no such status"}) == DUNLIN_E_INVALID) return void(reply.send({503, "bad"}));
    reply.send({200, std::string(call.method()) + std::string(call.path()) + "?" + std::string(call.query()) + " " + std::to_string(route),
                "text/plain", {{"X-A", std::string(call.header("x-a").value_or("none"))}}});
  }

  std::int64_t input(Conn conn, std::string_view unread) {
    if (unread == "throw") throw std::runtime_error("thrown by input");
    if (unread == "clear") conn.clear();
    const std::size_t end = unread.find('\n');
    return end == std::string_view::npos ? DUNLIN_FRAMER_WAIT : static_cast<std::int64_t>(end + 1);
  }
  dunlin_status encode(Conn conn, const Message& message, const Emit& emit) {
    if (message.data == "throw") throw std::runtime_error("thrown by encode");
    if (message.data == "each" && conn.id() == 0) return DUNLIN_FRAMER_EACH;
    emit(message.data);
    emit("\n");
    return DUNLIN_OK;
  }

 private:
  void brought(Conn conn);
  void keeps(Conn conn);
  void fetches(Conn conn);
  void asks(Conn conn, std::string_view what);

  const Host& host_;
  const Counter asked_;
  const Cache cache_;
  std::map<dunlin_ticket, Ticket> waiting_;
  std::optional<OwedReply> reply_;
  std::optional<Flight> flight_;
  std::unique_ptr<HttpCall> call_;
  std::unique_ptr<RedisCall> redis_;
  std::unique_ptr<Timer> timer_;
};

std::string number(std::int64_t value) { return std::to_string(value); }

void Sugar::brought(Conn conn) {
  conn.send(std::to_string(conn.headers().size()) + " headers");
  conn.send(std::string(conn.header("host").value_or("-")) + " " + std::string(conn.query("room").value_or("-")) + " " +
            std::string(conn.cookie("session").value_or("-")) + " " + std::string(conn.option("plan").value_or("-")));
  conn.send(std::string(conn.info(DUNLIN_CONN_METHOD).value_or("-")) + " " + std::string(conn.certificate().value_or("-")));
  conn.send(std::string(conn.uid().value_or("nobody")) + " " + number(conn.uid_kind()));
  conn.send(conn.unread() ? std::to_string(*conn.unread()) + " unread" : "no stream");
  conn.send(host_.directory() + (host_.logs(DUNLIN_LOG_ERROR) ? " logs" : "") + (host_.uv_loop() ? " loop" : "") +
            (host_.uv_version() > 0 ? " version" : ""));
}

void Sugar::keeps(Conn conn) {
  set_context(host_, conn, "plan", "\"gold\"");
  conn.send(context(host_, conn, "plan").value_or("none"));
  conn.send(whole_context(host_, conn).value_or("none"));
  conn.send("replaced " + number(replace_context(host_, conn, "{\"a\":1}")));
  wait_context(host_, conn, "late", 1000, [conn](dunlin_status status, std::string_view json) {
    conn.send("late " + number(status) + " " + std::string(json));
  });
}

void Sugar::fetches(Conn conn) {
  const auto begin = [this](Flight flight) { flight_.emplace(std::move(flight)); };
  const auto done = [conn](dunlin_status status, std::string_view value) {
    conn.send("fetched " + number(status) + " " + std::string(value));
  };
  const bool first = cache_.fetch("key", 1000, begin, done) == DUNLIN_OK && flight_;
  const bool second = cache_.fetch("key", 1000, begin, done) == DUNLIN_OK;
  conn.send(first && second ? "one flight" : "no flight");
}

void Sugar::asks(Conn conn, std::string_view what) {
  const auto told = [conn](dunlin_status status) { conn.send("told " + number(status)); };
  const auto counted = [conn](std::uint64_t success, std::uint64_t fail) {
    conn.send("published " + std::to_string(success) + " " + std::to_string(fail));
  };
  const auto held = [conn](dunlin_status status, std::uint64_t count) { conn.send("held " + number(status) + " " + std::to_string(count)); };
  if (what == "subscribe") subscribe(host_, conn, "open", told);
  if (what == "subscribe-closed") subscribe(host_, conn, "closed", told);
  if (what == "publish") publish(host_, "news", "hi", DUNLIN_TEXT, counted);
  if (what == "publish-throw") publish(host_, "news", "hi", DUNLIN_TEXT, [](std::uint64_t, std::uint64_t) { throw 7; });
  if (what == "send") send(host_, 2, "hi", DUNLIN_TEXT, told);
  if (what == "push") push(host_, conn.id(), "jobs", "one", held);
  if (what == "login")
    conn.authenticate("ann", [conn](dunlin_verdict verdict, dunlin_status status) { conn.send("login " + number(verdict) + " " + number(status)); });
}

Verdict Sugar::message(Conn conn, const Message& message) {
  const std::string_view data = message.data;
  asked_.add();
  if (data == "brought") brought(conn);
  if (data == "keeps") keeps(conn);
  if (data == "set-late") set_context(host_, conn, "late", "2");
  if (data == "fetch") fetches(conn);
  if (data == "land" && flight_) flight_->land("value", 60'000);
  if (data == "crash-flight") flight_.reset();
  if (data == "cached") {
    conn.send(cache_.get("key").value_or("none"));
    cache_.put("other", "1", 60'000);
    const dunlin_status first = cache_.remove("other");
    conn.send("removed " + number(first) + " " + number(cache_.remove("other")));
  }
  if (data == "http") {
    HttpRequest request;
    request.url = "http://127.0.0.1/";
    call_ = std::make_unique<HttpCall>(host_, request, [conn](const HttpResponse& response) {
      conn.send(std::to_string(response.code) + " " + std::string(response.header("content-type").value_or("-")));
    });
  }
  if (data == "redis") conn.send(has_redis(host_, "cache") && !has_redis(host_, "nowhere") ? "knows cache" : "knows not");
  if (data == "timer") timer_ = std::make_unique<Timer>(host_, 100, 0, [conn] { conn.send("fired"); });
  if (data == "reply" && reply_) reply_->send({201, "late"});
  asks(conn, data);
  return Verdict::allow();
}

}  // namespace

DUNLIN_PLUGIN(Sugar)
