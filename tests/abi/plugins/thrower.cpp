// SPDX-License-Identifier: Apache-2.0
// thrower: a module of dunlin.hpp whose every member throws when it is told to. Nothing of that may leave it.
#include <dunlin.hpp>

#include <memory>
#include <stdexcept>
#include <string>

namespace {

using namespace dunlin::plugin;

void obey(std::string_view text) {
  if (text == "throw") throw std::runtime_error("thrown as told");
  if (text == "throw-int") throw 7;
}

class Thrower {
 public:
  static constexpr const char* kRequired[] = {DUNLIN_EXT_TICKET, DUNLIN_EXT_LOG,  DUNLIN_EXT_CONFIG, DUNLIN_EXT_CONN,
                                              DUNLIN_EXT_TIMER,  DUNLIN_EXT_HTTP, DUNLIN_EXT_TASK,   nullptr};
  static constexpr Info kInfo = {"thrower", "1.0", "throws", nullptr, kRequired};

  struct Settings {
    explicit Settings(const Setup& setup) : fails(setup.json.find("\"fail\"") != std::string_view::npos) {
      if (setup.json.find("\"refuse\"") != std::string_view::npos) throw SettingsFault("/refuse", "refused, as it was told to");
      if (setup.json.find("\"count\"") != std::string_view::npos) throw std::runtime_error("thrown by settings");
      if (setup.json.find("\"list\"") != std::string_view::npos) throw 7;
    }
    bool fails;
  };

  Thrower(const Host& host, const Settings& settings) : host_(host) {
    if (settings.fails) throw std::runtime_error("thrown by the constructor");
  }

  Verdict check(Conn, const Credentials& credentials) {
    obey(credentials.token);
    if (credentials.token == "deny") return Verdict::deny("no");
    Identity who = Identity::of_number(std::string(credentials.token));
    who.channels = {"news"};
    who.context = {{"plan", "\"gold\""}};
    who.expires_at_ms = 1234;
    return Verdict::allow(std::move(who));
  }

  Verdict open(Conn conn) {
    if (conn.id() == 13) throw std::runtime_error("thrown by open");
    return Verdict::allow();
  }

  void message(Conn conn, const Message& message, Ticket ticket) {
    obey(message.data);
    if (message.data == "forget") return;  // the ticket answers for itself
    if (message.data == "timer") timer_ = std::make_unique<Timer>(host_, 100, 0, [] { obey("throw"); });
    if (message.data == "http") {
      HttpRequest request;
      request.url = "http://127.0.0.1/";
      call_ = std::make_unique<HttpCall>(host_, request, [](const HttpResponse&) { obey("throw"); });
    }
    if (message.data == "http-bad") HttpCall(host_, HttpRequest{}, nullptr);  // no URL: throws StatusError
    if (message.data == "post") post(host_, [] { obey("throw-int"); });
    if (message.data == "offload")
      offload(host_, [] { obey("throw"); }, [conn] {
        conn.send("worked");
        obey("throw-int");
      });
    if (message.data == "redis")
      redis_ = std::make_unique<RedisCall>(host_, "cache", std::vector<std::string>{"GET", "key"},
                                           [](dunlin_status, const dunlin_redis_value&) { obey("throw"); });
    if (message.data == "redis-bad") RedisCall(host_, "nowhere", {"GET", "key"}, nullptr);  // throws StatusError
    if (message.data == "words") {
      const Gauge level(host_, "level", "a level");
      level.set(5);
      level.add(-2);
      set_context(host_, conn, "plan", "\"gold\"");
      conn.send(context(host_, conn, "plan").value_or("none"));
      conn.send(context(host_, conn, "other").value_or("none"));
      if (subscribe(host_, conn, "news") == DUNLIN_OK && unsubscribe(host_, conn, "news") == DUNLIN_OK) conn.send("subscribed");
      if (publish(host_, "news", "hi") == DUNLIN_OK) conn.send("published");
    }
    if (message.data == "drop") {
      redis_.reset();
      timer_.reset();
      call_.reset();
    }
    conn.send("ok");
    ticket.answer(Verdict::allow());
  }

  Verdict may_subscribe(Conn, std::string_view channel) {
    obey(channel);
    return Verdict::allow();
  }

  void close(Conn, int, std::string_view) { throw std::runtime_error("thrown by close"); }
  void release(Conn) { throw std::runtime_error("thrown by release"); }
  void adopt(Conn) { throw 7; }

 private:
  const Host& host_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<HttpCall> call_;
  std::unique_ptr<RedisCall> redis_;
};

}  // namespace

DUNLIN_PLUGIN(Thrower)
