// SPDX-License-Identifier: Apache-2.0
// numbers: a module of dunlin.hpp that knows its tickets by their numbers, has its figures in a table, and begins what may be
// refused without an exception.
#include <dunlin.hpp>

#include <stdexcept>
#include <string>

namespace {

using namespace dunlin::plugin;

enum class Seen { decided, level, count };
constexpr auto kSeen = static_cast<std::size_t>(Seen::count);
constexpr FigureRow kFigures[kSeen] = {{DUNLIN_METRIC_COUNTER, "decided_total", "questions", "when", "at_once"},
                                       {DUNLIN_METRIC_GAUGE, "level", "a level"}};

class Numbers {
 public:
  static constexpr const char* kRequired[] = {DUNLIN_EXT_TICKET, DUNLIN_EXT_LOG,   DUNLIN_EXT_CONN,    DUNLIN_EXT_CONTEXT,
                                              DUNLIN_EXT_HTTP,   DUNLIN_EXT_REDIS, DUNLIN_EXT_METRICS, DUNLIN_EXT_TIMER, nullptr};
  static constexpr Info kInfo = {"numbers", "1.0", "tickets by their numbers", nullptr, kRequired};

  explicit Numbers(const Host& host) : host_(host), figures_(host, kFigures) {}

  dunlin_verdict check(Conn, const Credentials& credentials, dunlin_ticket ticket) {
    if (credentials.token == "pass") return DUNLIN_PASS;
    if (credentials.token != "ann") return decide(credentials.token, ticket);
    answer(host_, ticket, Verdict::allow(Identity::of_string("ann")));
    return DUNLIN_PENDING;
  }
  dunlin_verdict open(Conn conn, dunlin_ticket ticket) { return decide(conn.id() == 13 ? "no" : "yes", ticket); }
  dunlin_verdict message(Conn conn, const Message& message, dunlin_ticket ticket) {
    if (message.data == "found") found(conn);
    if (message.data == "begun") begun(conn);
    if (message.data == "units") units(conn);
    if (message.data == "tell") conn.send(std::to_string(tell_redis(host_, "cache", {"INCR", "visits"})));
    if (message.data == "answer") answer(host_, kept_, Verdict::allow());
    return decide(message.data, ticket);
  }
  dunlin_verdict may_subscribe(Conn, std::string_view channel, dunlin_ticket ticket) { return decide(channel, ticket); }
  void cancel(dunlin_ticket ticket, int) {
    if (ticket == kept_) kept_ = 0;
  }

 private:
  dunlin_verdict decide(std::string_view text, dunlin_ticket ticket) {
    if (text == "throw") throw std::runtime_error("thrown as told");
    if (text == "later") {
      kept_ = ticket;
      return DUNLIN_PENDING;
    }
    figures_.add(Seen::decided);
    figures_.set(Seen::level, 5);
    return text == "no" ? DUNLIN_DENY : DUNLIN_ALLOW;
  }
  // Why a getter found nothing.
  void found(Conn conn) {
    const Conn nobody(host_, 99);
    conn.send(std::to_string(context(host_, conn, "none").status) + " " + std::to_string(context(host_, nobody, "none").status));
    conn.send(std::to_string(conn.header("none").status) + " " + std::to_string(nobody.header("none").status));
    conn.send(std::to_string(whole_context(host_, nobody).status) + " " + std::to_string(conn.header("host").status));
  }
  void begun(Conn conn) {
    conn.send(std::to_string(call_.start(host_, HttpRequest{}, nullptr)));  // no URL
    conn.send(std::to_string(redis_.start(host_, "nowhere", {"GET", "key"}, nullptr)));
    timer_.start(host_, 50, 0, [conn] { conn.send("never: it is started anew"); });
    timer_.start(host_, 100, 0, [this, conn] { conn.send(timer_.running() ? "runs" : "fired"); });
    conn.send(timer_.running() && !call_.running() && !redis_.running() ? "one runs" : "other than one");
  }

  void units(Conn conn) {
    for (const char* text : {"500ms", "2d", "5", "", "-1s", "1w", "9223372036854775807h"})
      conn.send(std::to_string(parse_duration(text).value_or(-1)));
    for (const char* text : {"512", "64KiB", "2GiB", "1kb"}) conn.send(std::to_string(parse_size(text).value_or(-1)));
  }

  const Host& host_;
  const Figures<Seen, kSeen> figures_;
  HttpCall call_;
  RedisCall redis_;
  Timer timer_;
  dunlin_ticket kept_ = 0;
};

}  // namespace

DUNLIN_PLUGIN(Numbers)
