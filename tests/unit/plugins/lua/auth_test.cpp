// SPDX-License-Identifier: Apache-2.0
// authenticate(credentials): every shape that it may return, and what is none.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Auth : public LuaTest {
 protected:
  // The verdict of a script that returns `values`.
  dunlin_verdict verdict_of(const std::string& values) {
    stop();
    load("function authenticate(c) return " + values + " end");
    const dunlin_verdict verdict = check("secret");
    return verdict == DUNLIN_PENDING ? answer().verdict : verdict;
  }
};

TEST_F(Auth, ReadsEveryShape) {
  EXPECT_EQ(verdict_of("nil"), DUNLIN_PASS);
  EXPECT_EQ(verdict_of(""), DUNLIN_PASS);
  EXPECT_EQ(verdict_of("false"), DUNLIN_DENY);
  EXPECT_EQ(verdict_of("false, 'expired'"), DUNLIN_DENY);
  EXPECT_EQ(answer().reason, "expired");
  EXPECT_EQ(verdict_of("1463786910324359168"), DUNLIN_ALLOW);
  EXPECT_EQ(answer().uid, "1463786910324359168");
  EXPECT_EQ(answer().uid_kind, DUNLIN_UID_NUMBER);
  EXPECT_EQ(verdict_of("'anna'"), DUNLIN_ALLOW);
  EXPECT_EQ(answer().uid_kind, DUNLIN_UID_STRING);
  EXPECT_EQ(verdict_of("mix.json_decode('18446744073709551615')"), DUNLIN_ALLOW);
  EXPECT_EQ(answer().uid, "18446744073709551615");
  EXPECT_EQ(answer().uid_kind, DUNLIN_UID_NUMBER);
}

TEST_F(Auth, TakesContextChannelsAndExpiry) {
  for (const char* values : {"7, {context = {role = 'x', n = {1}}, channels = {'a', 'b'}, expires_at = 1700000000.5}",
                             "{uid = 7, context = {role = 'x', n = {1}}, channels = {'a', 'b'}, "
                             "expires_at = 1700000000.5}"}) {
    EXPECT_EQ(verdict_of(values), DUNLIN_ALLOW);
    EXPECT_EQ(answer().uid, "7");
    EXPECT_EQ(answer().context["role"], "\"x\"");
    EXPECT_EQ(answer().context["n"], "[1]");
    EXPECT_THAT(answer().channels, ElementsAre("a", "b"));
    EXPECT_EQ(answer().expires_at_ms, 1700000000500);
  }
}

TEST_F(Auth, FaultsFailClosed) {
  for (const char* values : {"error('x')", "''", "true", "1.5", "{}", "{uid = {}}", "print", "nil, 'down'",
                             "7, {context = 1}", "7, {context = {f = print}}", "7, {channels = {1}}",
                             "7, {expires_at = 'x'}", "7, {expires_at = -1}"}) {
    EXPECT_EQ(verdict_of(values), -1) << values;
  }
}

TEST_F(Auth, GetsWhatTheHandshakeCarried) {
  load("function authenticate(c) return table.concat({c.token, c.source, c.headers['x-a'], c.query.q, c.remote_addr}, "
       "' ') end");
  host_->conns[1].headers = {{"x-a", "A"}};
  host_->conns[1].uri = "/p?q=a%20b";
  EXPECT_EQ(check("tok"), DUNLIN_PENDING);
  EXPECT_EQ(answer().uid, "tok message A a b 192.0.2.7:51234");
}

TEST_F(Auth, MayWait) {
  load("function authenticate(c) mix.sleep(10) if c.token == 'bad' then error('x') end return 5 end");
  EXPECT_EQ(check("good"), DUNLIN_PENDING);
  EXPECT_TRUE(host_->answers.empty());
  host_->pass(10);
  EXPECT_EQ(answer().verdict, DUNLIN_ALLOW);
  EXPECT_EQ(check("bad"), DUNLIN_PENDING);
  host_->pass(10);
  EXPECT_EQ(answer().verdict, -1);
  EXPECT_EQ(check("late"), DUNLIN_PENDING);
  auth().cancel(instance_, ticket_, DUNLIN_CANCEL_DEADLINE);
  host_->pass(10);
  EXPECT_EQ(host_->answers.count(ticket_), 0u);
}

TEST_F(Auth, AScriptWithoutItIsAFault) {
  load("function on_message() end");
  EXPECT_EQ(check("x"), -1);
  EXPECT_THAT(host_->logged(), HasSubstr("defines no authenticate"));
}

}  // namespace
}  // namespace dunlin::test
