// SPDX-License-Identifier: Apache-2.0
// mix.http.request: what is asked, what comes back, and what is no request.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class Http : public LuaTest {
 protected:
  // Sends what the expression, a table of options, makes of a request.
  const FakeRequest& asked(const std::string& options) {
    message(1, "mix.http.request('post', 'http://h/p?a=1#f', " + options + ")");
    EXPECT_FALSE(host_->requests.empty()) << host_->logged();
    static const FakeRequest kNone;
    return host_->requests.empty() ? kNone : host_->requests.back();
  }
};

TEST_F(Http, SendsEveryOption) {
  load(evaluator());
  const FakeRequest& sent = asked(
      "{query = 'b=2', cookies = {b = '2', a = '1'}, body = 'data', headers = {['X-A'] = 'v', ['X-N'] = 7},"
      " timeout = '1h', auth = {username = 'user', password = 'pass'}, max_body = 99, verify = false}");
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, "http://h/p?a=1&b=2#f");
  EXPECT_EQ(sent.body, "data");
  EXPECT_THAT(sent.headers, UnorderedElementsAre(Pair("Cookie", "a=1; b=2"), Pair("X-A", "v"), Pair("X-N", "7"),
                                                 Pair("Authorization", "Basic dXNlcjpwYXNz")));
  EXPECT_EQ(sent.timeout_ms, 3'600'000u);
  EXPECT_EQ(sent.max_body, 99u);
  EXPECT_EQ(sent.flags, DUNLIN_HTTP_FOLLOW | DUNLIN_HTTP_NO_VERIFY);
}

TEST_F(Http, TakesQueriesAndTimeoutsInEitherForm) {
  load(evaluator());
  EXPECT_EQ(asked("{query = {['a b'] = 'c&d', n = 5}}").url, "http://h/p?a=1&a%20b=c%26d&n=5#f");
  EXPECT_EQ(asked("{timeout = 0.5}").timeout_ms, 500u);
  EXPECT_EQ(asked("{timeout = '250ms'}").timeout_ms, 250u);
  EXPECT_EQ(asked("{timeout = '1h1m1.5s'}").timeout_ms, 3'661'500u);
  EXPECT_EQ(asked("{timeout = '10us'}").timeout_ms, 1u);
  EXPECT_EQ(asked("nil").timeout_ms, 10'000u);
  EXPECT_EQ(asked("{}").flags, DUNLIN_HTTP_FOLLOW);
}

TEST_F(Http, KeepsToPublicAddressesWhereTheSettingsSaySo) {
  load(evaluator(), R"(,"http":{"private_addresses":"deny"})");
  EXPECT_EQ(asked("{}").flags, DUNLIN_HTTP_FOLLOW | DUNLIN_HTTP_PUBLIC);
}

TEST_F(Http, GivesTheAnswer) {
  load("function on_message(m) local r, err = mix.http.request('GET', 'http://h/') "
       "mix.websocket():send(table.concat({r.status_code, r.body, r.body_size, r.headers['content-type'], "
       "r.headers['Content-Type'], r.headers['X-Twice'], r.cookies.sid, r.cookies.lang, r.url, tostring(err), "
       "tostring(r.headers.none)}, '|')) end");
  EXPECT_EQ(message(1, ""), DUNLIN_PENDING);
  host_->respond(0, 201, "body", {{"content-type", "text/x"}, {"x-twice", "1"}, {"x-twice", "2"},
                                  {"set-cookie", "sid=abc=; Path=/"}, {"set-cookie", "lang=de"}, {"set-cookie", "bad"}});
  EXPECT_THAT(received(1), ::testing::ElementsAre("201|body|4|text/x|text/x|1, 2|abc=|de|http://h/|nil|nil"));
}

TEST_F(Http, GivesAnErrorWhereThereIsNoAnswer) {
  load("function on_message(m) local r, err, kind = mix.http.request('GET', 'http://h/') "
       "mix.websocket():send(tostring(r) .. '|' .. err .. '|' .. kind) end");
  message(1, "");
  host_->respond(0, 0, "no route", {}, DUNLIN_E_UNAVAILABLE);
  EXPECT_THAT(received(1), ::testing::ElementsAre("nil|no route|unavailable"));
}

TEST_F(Http, IsCancelledWithItsHandler) {
  load("function on_message(m) mix.http.request('GET', 'http://h/') end");
  message(1, "");
  router().cancel(instance_, ticket_, DUNLIN_CANCEL_CLOSED);
  EXPECT_EQ(host_->requests.at(0).fn, nullptr);
}

TEST_F(Http, PassesOverOptionsOfOtherClientsAndSaysSoOnce) {
  load(evaluator());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(asked("{Body = 'x', form = 'a=1', 7, body = 'b'}").body, "b");
  for (const char* name : {"Body", "form"}) {
    const std::string line = std::string("there is no option '") + name + "'";
    EXPECT_NE(host_->logged().find(line), std::string::npos);
    EXPECT_EQ(host_->logged().find(line), host_->logged().rfind(line));
  }
}

TEST_F(Http, RefusesWhatIsNoRequest) {
  load("function on_message(m) local good, err = pcall(load('return ' .. m.data)) mix.websocket():send(tostring(err)) "
       "end");
  struct Row {
    const char *call, *error;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"mix.http.request()", "string expected"},
           {"mix.http.request('GET')", "string expected"},
           {"mix.http.request({}, 'http://h')", "string expected"},
           {"mix.http.request('GET', 'ftp://h')", "http:// or https://"},
           {"mix.http.request('GET', 'http://h\\r\\nX: y')", "http:// or https://"},
           {"mix.http.request('GET', 'http://h', 7)", "table expected"},
           {"mix.http.request('GET', 'http://h', {body = {}})", "body: a string is wanted, not a table"},
           {"mix.http.request('GET', 'http://h', {headers = 'x'})", "headers: a table is wanted"},
           {"mix.http.request('GET', 'http://h', {headers = {'x'}})", "names are strings"},
           {"mix.http.request('GET', 'http://h', {headers = {a = 'b\\nc'}})", "one line"},
           {"mix.http.request('GET', 'http://h', {cookies = {a = 'b;c'}})", "cannot have"},
           {"mix.http.request('GET', 'http://h', {timeout = -1})", "timeout"},
           {"mix.http.request('GET', 'http://h', {timeout = 'soon'})", "timeout"},
           {"mix.http.request('GET', 'http://h', {timeout = '5'})", "timeout"},
           {"mix.http.request('GET', 'http://h', {timeout = ''})", "timeout"},
           {"mix.http.request('GET', 'http://h', {timeout = '1s-2s'})", "timeout"},
           {"mix.http.request('GET', 'http://h', {timeout = 'inf'})", "timeout"},
           {"mix.http.request('GET', 'http://h', {timeout = '25h'})", "timeout"},
           {"mix.http.request('GET', 'http://h', {timeout = 1e300})", "timeout"},
           {"mix.http.request('GET', 'http://h', {timeout = 0/0})", "timeout"},
           {"mix.http.request('GET', 'http://h', {auth = 'x'})", "auth"},
           {"mix.http.request('GET', 'http://h', {auth = {}})", "auth.username"},
           {"mix.http.request('GET', 'http://h', {auth = {username = 'a:b'}})", "colon"},
           {"mix.http.request('GET', 'http://h', {max_body = 0})", "max_body"},
           {"mix.http.request('GET', 'http://h', {verify = 1})", "verify"}}) {
    EXPECT_THAT(ask(1, row.call), HasSubstr(row.error)) << row.call;
  }
  EXPECT_TRUE(host_->requests.empty());
}

}  // namespace
}  // namespace dunlin::test
