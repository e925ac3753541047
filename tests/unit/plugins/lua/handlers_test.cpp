// SPDX-License-Identifier: Apache-2.0
// Handlers: how they are found, what they are handed in either form, what an error does, how they wait.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A script whose on_handshake and on_close note what they got in the context of connection 1, through `note`.
std::string noting(const std::string& handlers) {
  return "function note(...) local t = {} for i = 1, select('#', ...) do local v = select(i, ...) "
         "t[i] = type(v) == 'userdata' and 'conn' or type(v) == 'table' and (v['x-a'] or v.Method) or tostring(v) end "
         "mix.log(mix.INFO, 'note ' .. table.concat(t, ' ')) end " +
         handlers;
}

struct FormCase {
  const char *handlers, *handshake, *close;
};

class Forms : public LuaTest, public ::testing::WithParamInterface<FormCase> {};

TEST_P(Forms, AreTold) {
  load(noting(GetParam().handlers));
  host_->conns[7].headers = {{"x-a", "A"}, {"x-a", "B"}};
  EXPECT_EQ(open(7), DUNLIN_ALLOW);
  close(7, 1006, "gone");
  EXPECT_THAT(host_->logged(), HasSubstr(std::string("note ") + GetParam().handshake + "\n"));
  EXPECT_THAT(host_->logged(), HasSubstr(std::string("note ") + GetParam().close + "\n"));
}

constexpr char kId[] = "7 A GET", kConn[] = "A conn", kIdClose[] = "7 closed with 1006: gone",
               kConnClose[] = "closed with 1006: gone conn";
INSTANTIATE_TEST_SUITE_P(
    Rule, Forms,
    ::testing::Values(
        FormCase{"function on_message(msg) end function on_handshake(client_id, headers, server) "
                 "note(client_id, headers, server) end function on_close(client_id, err) note(client_id, err) end",
                 kId, kIdClose},
        FormCase{"function on_message(data, conn) end function on_handshake(headers, conn) note(headers, conn) end "
                 "function on_close(err, conn) note(err, conn) end",
                 kConn, kConnClose},
        FormCase{"function on_message(m) end function on_handshake(a, b, c) note(a, b, c) end "
                 "function on_close(a, b) note(a, b) end",
                 kId, kIdClose},
        FormCase{"function on_message(m, c) end function on_handshake(a, b) note(a, b) end "
                 "function on_close(a, b) note(a, b) end",
                 kConn, kConnClose},
        FormCase{"function on_message(m) end function on_handshake(...) note(...) end "
                 "function on_close(...) note(...) end",
                 kId, kIdClose},
        FormCase{"return {on_message = function(m) end, on_handshake = function(headers, c) note(headers, c) end, "
                 "on_close = function(id) note(id, 'closed with 1006: gone') end}",
                 kConn, kIdClose}));

class Handlers : public LuaTest {};

TEST_F(Handlers, TheFormWithAConnectionFindsTheRequestLineAmongTheHeaders) {
  load("function on_message(m) end function on_handshake(headers, conn) local url = mix.parse_url(headers['RequestUri']) "
       "mix.log(mix.INFO, headers['Method'] .. url['path'] .. url['query']['a'] .. headers['ServerProtocol']) end");
  host_->conns[1].uri = "/chat?a=1";
  EXPECT_EQ(open(1), DUNLIN_ALLOW);
  EXPECT_EQ(host_->logged(), "GET/chat1HTTP/1.1\n");
}

TEST_F(Handlers, MessageGetsTypeDataFinishAndConn) {
  load("function on_message(msg, conn) "
       "conn:send(msg.type .. msg.data .. tostring(msg.finish) .. conn:client_id()) end");
  EXPECT_EQ(ask(9223372036854775807u, "hi"), "texthitrue9223372036854775807");
  message(2, std::string("\0\xff", 2), DUNLIN_BINARY);
  EXPECT_EQ(host_->conns[2].close_reason, "");
  EXPECT_THAT(received(2), ElementsAre(std::string("binary\0\xfftrue2", 13)));
}

TEST_F(Handlers, CloseGetsNilWhenNormal) {
  load("function on_message(m) end function on_close(client_id, err) mix.log(mix.INFO, 'err ' .. tostring(err)) end");
  for (const int code : {1000, 1001, 1005}) close(1, code, "bye");
  EXPECT_EQ(host_->logged(), "err nil\nerr nil\nerr nil\n");
}

TEST_F(Handlers, AnErrorClosesItsConnectionAndIsLogged) {
  load("local function inner() error('boom') end\nfunction on_message(m)\n  inner()\n end");
  EXPECT_EQ(message(1, "x"), DUNLIN_DENY);
  EXPECT_EQ(host_->conns[1].closed, 1011);
  EXPECT_EQ(host_->conns[1].close_reason, "script error");
  EXPECT_THAT(host_->logged(), HasSubstr("entry.lua:1: boom"));
  EXPECT_THAT(host_->logged(), HasSubstr("stack traceback:"));
  EXPECT_THAT(host_->logged(), HasSubstr("entry.lua:3:"));
  EXPECT_EQ(host_->metrics["errors_total"], 1);
}

TEST_F(Handlers, AnErrorMayBeAnyValue) {
  load("function on_message(m) error(m.data == '1' and {} or nil) end");
  EXPECT_EQ(message(1, "1"), DUNLIN_DENY);
  EXPECT_EQ(message(2, "2"), DUNLIN_DENY);
}

TEST_F(Handlers, WaitingKeepsTheOrderOfOneAndHoldsUpNobodyElse) {
  load("function on_message(m, conn) mix.sleep(tonumber(m.data)) conn:send('woke') end");
  EXPECT_EQ(message(1, "50"), DUNLIN_PENDING);
  const dunlin_ticket first = ticket_;
  EXPECT_EQ(message(2, "10"), DUNLIN_PENDING);
  EXPECT_EQ(host_->metrics["waiting"], 2);
  host_->pass(10);
  EXPECT_EQ(answer().verdict, DUNLIN_ALLOW);
  EXPECT_EQ(host_->answers.count(first), 0u);
  host_->pass(40);
  EXPECT_EQ(host_->answers[first].verdict, DUNLIN_ALLOW);
  EXPECT_THAT(received(1), ElementsAre("woke"));
  EXPECT_EQ(host_->metrics["waiting"], 0);
}

TEST_F(Handlers, AnErrorAfterWaitingAnswersTheTicket) {
  load("function on_message(m) mix.sleep(1) error('late') end");
  EXPECT_EQ(message(1, "x"), DUNLIN_PENDING);
  host_->pass(1);
  EXPECT_EQ(answer().verdict, DUNLIN_DENY);
  EXPECT_EQ(host_->conns[1].closed, 1011);
}

TEST_F(Handlers, WaitInsideCoroutinesOfTheScript) {
  load(R"(function on_message(m, conn)
    local inner = coroutine.wrap(function(a)
      local ok, value = coroutine.resume(coroutine.create(function()
        return pcall(function() return (mix.mesh.publish('c', 'd')) end)
      end))
      conn:send(a .. tostring(ok) .. mix.websocket():client_id())
      coroutine.yield('own')
      mix.sleep(5)
      return 'end'
    end)
    conn:send(inner('a'))
    conn:send(inner())
  end)");
  EXPECT_EQ(message(3, ""), DUNLIN_PENDING);
  host_->turn();
  EXPECT_THAT(received(3), ElementsAre("atrue3", "own"));
  host_->pass(5);
  EXPECT_THAT(received(3), ElementsAre("end"));
  EXPECT_EQ(answer().verdict, DUNLIN_ALLOW);
}

TEST_F(Handlers, WaitContextValue) {
  load("function on_message(m, conn) conn:send('got ' .. conn:wait_context_value('k')) end");
  EXPECT_EQ(message(1, "x"), DUNLIN_PENDING);
  host_->turn();
  EXPECT_TRUE(received(1).empty());
  host_->set_context(1, "k", "1463786910324359168");
  host_->turn();
  EXPECT_THAT(received(1), ElementsAre("got 1463786910324359168"));
}

TEST_F(Handlers, CancelEndsTheCoroutineAndIgnoresLateCallbacks) {
  load(R"(function on_message(m, conn)
    local guard <close> = setmetatable({}, {__close = function() mix.log(mix.INFO, 'closed') end})
    if m.data == 'sleep' then mix.sleep(10) else conn:wait_context_value('k') end
    mix.log(mix.INFO, 'never')
  end)");
  for (const char* what : {"sleep", "wait"}) {
    EXPECT_EQ(message(1, what), DUNLIN_PENDING);
    router().cancel(instance_, ticket_, DUNLIN_CANCEL_CLOSED);
  }
  host_->set_context(1, "k", "1");
  host_->pass(10);
  EXPECT_EQ(host_->logged(), "closed\nclosed\n");
  EXPECT_TRUE(host_->answers.empty());
}

TEST_F(Handlers, DestroyWithSuspendedCoroutinesLeaksNothing) {
  load("function on_message(m, conn) if m.data == 's' then mix.sleep(9) else conn:wait_context_value('k') end end");
  for (dunlin_conn conn = 1; conn < 50; ++conn) message(conn, conn % 2 ? "s" : "w");
  stop();
}

// conn:authenticate(token, decided)
constexpr char kDecided[] = R"(function on_message(m, conn)
  local function decided(ok, err, kind)
    if m.data == 'error' then error('late') end
    if m.data == 'again' then m.data = 'good' return conn:authenticate('good', decided) end
    conn:send(tostring(ok) .. ' ' .. tostring(kind))
  end
  conn:send('begun ' .. tostring(conn:authenticate(m.data, decided)))
  if m.data == 'sleep' then mix.sleep(1) end
  if m.data == 'twice' then conn:authenticate('good', decided) end
end)";

class Decided : public Handlers {
 protected:
  Decided() {
    load(kDecided);
    host_->login = [](const std::string& token) {
      return FakeLogin{token == "bad" ? DUNLIN_E_DENIED : DUNLIN_OK, "5", DUNLIN_UID_NUMBER};
    };
  }
};

TEST_F(Decided, GoesOnWithTheFunctionWhenTheModulesHaveDecided) {
  EXPECT_EQ(message(1, "good"), DUNLIN_PENDING);
  EXPECT_THAT(received(1), ElementsAre("begun true"));
  host_->turn();
  EXPECT_THAT(received(1), ElementsAre("true nil"));
  EXPECT_EQ(answer().verdict, DUNLIN_ALLOW);
  EXPECT_EQ(message(1, "bad"), DUNLIN_PENDING);
  host_->turn();
  EXPECT_THAT(received(1), ElementsAre("begun true", "false denied"));
  EXPECT_EQ(host_->metrics["waiting"], 0);
}

TEST_F(Decided, MayAskAgain) {
  EXPECT_EQ(message(1, "again"), DUNLIN_PENDING);
  host_->turn();
  host_->turn();
  EXPECT_THAT(received(1), ElementsAre("begun true", "true nil"));
  EXPECT_EQ(answer().verdict, DUNLIN_ALLOW);
}

TEST_F(Decided, AnErrorOfTheFunctionEndsTheConnection) {
  EXPECT_EQ(message(1, "error"), DUNLIN_PENDING);
  host_->turn();
  EXPECT_EQ(answer().verdict, DUNLIN_DENY);
  EXPECT_EQ(host_->conns[1].closed, 1011);
}

TEST_F(Decided, NothingElseIsWaitedForMeanwhile) {
  for (const dunlin_conn conn : {1u, 2u}) {
    EXPECT_EQ(message(conn, conn == 1 ? "sleep" : "twice"), DUNLIN_DENY);
    EXPECT_THAT(host_->logged(), HasSubstr("waits for a log-in already"));
    host_->turn();  // the decision finds nobody
    EXPECT_THAT(received(conn), ElementsAre("begun true"));
  }
  EXPECT_EQ(host_->metrics["waiting"], 0);
}

TEST_F(Decided, NobodyGoesOnAfterACancelAnErrorOrTheEnd) {
  EXPECT_EQ(message(1, "good"), DUNLIN_PENDING);
  router().cancel(instance_, ticket_, DUNLIN_CANCEL_CLOSED);
  host_->turn();
  EXPECT_THAT(received(1), ElementsAre("begun true"));
  EXPECT_EQ(message(1, "good"), DUNLIN_PENDING);
  stop();
}

TEST_F(Decided, IsNotCalledWhenTheConnectionHasLeft) {
  const std::string data = "good";
  const dunlin_message text{lend(data), DUNLIN_TEXT, 0};
  EXPECT_EQ(router().message(instance_, 99, &text, ++ticket_), DUNLIN_ALLOW);
  EXPECT_EQ(host_->metrics["waiting"], 0);
}

TEST_F(Handlers, YieldOutsideACoroutineIsAnError) {
  load("function on_message(m) coroutine.yield(1) end");
  EXPECT_EQ(message(1, ""), DUNLIN_DENY);
  EXPECT_THAT(host_->logged(), HasSubstr("attempt to yield from outside a coroutine"));
}

TEST_F(Handlers, WaitingWhereItCannotIsAClearError) {
  load("function on_message(m) table.sort({2, 1, 3}, function(a, b) mix.sleep(1) return a < b end) end");
  EXPECT_EQ(message(1, ""), DUNLIN_DENY);
  EXPECT_THAT(host_->logged(), HasSubstr("mix.sleep waits, which cannot be done inside table.sort"));
}

TEST_F(Handlers, AStaleConnectionGivesErrors) {
  load(R"(function on_message(m, conn)
    local kept = kept or conn
    mix.log(mix.INFO, table.concat({tostring(conn:send('x')), tostring(conn:subscribe('a')),
      tostring(conn:set_context_value('k', 1)), tostring(select(2, conn:context())), tostring(conn:close()),
      tostring(select(2, conn:authenticate('t'))), tostring(select(2, conn:uid())),
      tostring(select(2, conn:wait_context_value('k')))}, '|'))
  end)");
  const std::string data = "x";
  const dunlin_message text{lend(data), DUNLIN_TEXT, 0};
  EXPECT_EQ(router().message(instance_, 99, &text, ++ticket_), DUNLIN_ALLOW);
  std::string expected = "the connection has left";
  for (int i = 0; i < 7; ++i) expected += "|the connection has left";
  EXPECT_EQ(host_->logged(), expected + "\n");
}

TEST_F(Handlers, WrongArgumentsAreErrorsNotCrashes) {
  load(LuaTest::evaluator());
  for (const char* call :
       {"mix.websocket():send()", "mix.websocket():send({})", "mix.websocket():send('x', 'y')",
        "mix.websocket().send('x', 'y')", "mix.websocket():subscribe()", "mix.websocket():subscribe(nil)",
        "mix.websocket():close('x')", "mix.websocket():close(99)", "mix.websocket():set_context('x')",
        "mix.websocket():set_context_value('k')", "mix.websocket():wait_context_value()",
        "mix.websocket():authenticate({})", "mix.websocket():authenticate('t', 'f')", "mix.websocket():authenticate('t', 1)", "mix.mesh.publish()", "mix.mesh.send('x', 'y')", "mix.mesh.send(-1, 'y')",
        "mix.sleep(-1)", "mix.sleep('x')", "mix.log('x')", "mix.json_decode()", "mix.json_decode({})",
        "mix.server.option()", "mix.websocket():nothing()"}) {
    EXPECT_EQ(message(1, call), DUNLIN_DENY) << call;
  }
}

TEST_F(Handlers, MeshSendReachesAConnection) {
  load("function on_message(m) local err = mix.mesh.send(m.data, 'hi') mix.log(mix.INFO, tostring(err)) end");
  host_->conns[8];
  message(1, "8");
  host_->turn();
  EXPECT_THAT(received(8), ElementsAre("hi"));
  message(1, "9");
  host_->turn();
  EXPECT_EQ(host_->logged(), "nil\nthe connection has left\n");
}

}  // namespace
}  // namespace dunlin::test
