// SPDX-License-Identifier: Apache-2.0
// Settings, budgets and reloading.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::HasSubstr;

class Configure : public LuaTest {
 protected:
  void refused(const std::string& settings, const std::string& pointer, const std::string& what) {
    EXPECT_EQ(configure(settings), DUNLIN_E_INVALID) << settings;
    EXPECT_THAT(host_->faults[pointer], HasSubstr(what));
  }
};

TEST_F(Configure, PointsAtWhatIsWrong) {
  refused(R"({"entry":"missing.lua"})", "/entry", "missing.lua");
  write("broken.lua", "\nx = = 1");
  refused(R"({"entry":"broken.lua"})", "/entry", "broken.lua:2:");
  write("fails.lua", "local x = nil\nx.y = 1");
  refused(R"({"entry":"fails.lua"})", "/entry", "fails.lua:2:");
  write("empty.lua", "");
  refused(R"({"entry":"empty.lua"})", "/entry", "defines neither on_message nor authenticate");
  write("loops.lua", "while true do end");
  refused(R"({"entry":"loops.lua"})", "/entry", "stopped");
  write("waits.lua", "mix.sleep(1)");
  refused(R"({"entry":"waits.lua"})", "/entry", "mix.sleep waits, which only a handler can do");
  write("good.lua", "function on_message() end");
  refused(R"({"entry":"good.lua","reload":"1"})", "/reload", "duration");
  refused(R"({"entry":"good.lua","budget":{"time":"x"}})", "/budget/time", "duration");
  refused(R"({"entry":"good.lua","budget":{"state":"1KiB"}})", "/budget/state", "1MiB");
  refused(R"({"entry":"good.lua","budget":{"memory":"much"}})", "/budget/memory", "32MiB");
}

class Budgets : public LuaTest {};

TEST_F(Budgets, StopWhatNeverEnds) {
  for (const char* body :
       {"while true do end", "while true do pcall(function() while true do end end) end",
        "local f f = function() pcall(f) return f() end f()",
        "while true do coroutine.wrap(function() while true do end end)() end",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "xpcall(function() while true do end end, function() while true do end end) while true do end",
        "local t <close> = setmetatable({}, {__close = function() while true do end end}) while true do end"}) {
    load(std::string("function on_message() ") + body + " end", R"(,"budget":{"instructions":200000})");
    EXPECT_EQ(message(1, ""), DUNLIN_DENY) << body;
    EXPECT_EQ(host_->conns[1].closed, 1011);
    host_->conns.clear();
    stop();
  }
  EXPECT_EQ(host_->metrics["stopped_total"], 7);
  EXPECT_THAT(host_->logged(), HasSubstr("stopped: it ran over budget.instructions"));
}

TEST_F(Budgets, TimeCountsWithoutInstructions) {
  load("function on_message() while true do end end", R"(,"budget":{"instructions":0,"time":"20ms"})");
  EXPECT_EQ(message(1, ""), DUNLIN_DENY);
  EXPECT_THAT(host_->logged(), HasSubstr("budget.time"));
}

TEST_F(Budgets, AreFreshForEveryRun) {
  load("function on_message() for i = 1, 100000 do end end", R"(,"budget":{"instructions":200000})");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(message(1, ""), DUNLIN_ALLOW);
}

TEST_F(Budgets, AMemoryBombHarmsNobodyElse) {
  load("function on_message(m) if m.data == 'rep' then return ('x'):rep(2^40 // 1 | 0) end local t = {} "
       "while m.data == 'bomb' do t[#t + 1] = ('x'):rep(10000) .. #t end mix.websocket():send('fine') end",
       R"(,"budget":{"state":"4MiB"})");
  EXPECT_EQ(message(1, "bomb"), DUNLIN_DENY);
  EXPECT_EQ(message(2, "rep"), DUNLIN_DENY);
  EXPECT_THAT(host_->logged(), HasSubstr("not enough memory"));
  EXPECT_EQ(ask(3, ""), "fine");
}

TEST_F(Budgets, AHoarderFailsCleanly) {
  load("local hoard = {} function on_message(m) pcall(function() while true do hoard[#hoard + 1] = {} end end) end",
       R"(,"budget":{"state":"2MiB"})");
  EXPECT_EQ(message(1, ""), DUNLIN_ALLOW);
  EXPECT_EQ(message(1, std::string(1'900'000, 'x')), DUNLIN_DENY);
  EXPECT_EQ(host_->conns[1].closed, 1011);
}

TEST_F(Budgets, StopARunThatHoards) {
  for (const char* body :
       {"while true do hoard[#hoard + 1] = {} end",                                           // objects
        "local n = 0 while true do n = n + 1 hoard[n] = n end",                               // one array, that grows
        "local s = 'x' while true do s = s .. s end",                                         // strings that double
        "hoard = ('x'):rep(2^21)",                                                            // at one blow
        "while true do pcall(function() while true do hoard[#hoard + 1] = {} end end) end",   // caught
        "while true do coroutine.resume(coroutine.create(function() while true do hoard[#hoard + 1] = {} end end)) end",
        "mix.sleep(1) local t = {} while true do t[#t + 1] = {} end"}) {                       // behind a wait
    load(std::string("hoard = {} function on_message(m) if m.data ~= 'hoard' then hoard = {} collectgarbage() "
                     "return mix.websocket():send('fine') end ") + body + " end",
         R"(,"budget":{"memory":"1MiB"})");
    message(1, "hoard");
    host_->pass(1);
    EXPECT_EQ(host_->conns[1].closed, 1011) << body;
    EXPECT_THAT(host_->logs.back().second, HasSubstr("stopped: it ran over budget.memory")) << body;
    EXPECT_EQ(ask(2, ""), "fine") << body;
    EXPECT_LT(host_->metrics["memory_bytes"], 1024 * 1024) << body;
    host_->conns.clear();
    stop();
  }
  EXPECT_EQ(host_->metrics["stopped_total"], 7);
}

TEST_F(Budgets, ChargeARunNeitherForGarbageNorForOthers) {
  load("kept = {} function on_message(m) if m.data == 'garbage' then for i = 1, 3e5 do local t = {i .. ''} end "
       "else kept[#kept + 1] = ('x'):rep(5e5) end end",
       R"(,"budget":{"memory":"1MiB","time":"0s"})");
  EXPECT_EQ(message(1, "garbage"), DUNLIN_ALLOW);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(message(1, "keep"), DUNLIN_ALLOW) << host_->logged();
  EXPECT_EQ(message(1, "garbage"), DUNLIN_ALLOW);
  EXPECT_GT(host_->metrics["memory_bytes"], 10'000'000);
}

// What copies or collects much between two instructions is looked at before the next ten thousand of them.
TEST_F(Budgets, OfTimeHoldForWhatTheAllocatorDoes) {
  for (const char* body : {"local s = ('x'):rep(2^22) while true do local t = s .. 'y' end",
                           "while true do pcall(fill) end"}) {
    load(std::string("hoard = {} function fill() while true do hoard[#hoard + 1] = {} end end function on_message() ") + body + " end",
         R"(,"budget":{"instructions":0,"time":"20ms","state":"16MiB"})");
    EXPECT_EQ(message(1, ""), DUNLIN_DENY) << body;
    EXPECT_THAT(host_->logs.back().second, HasSubstr("budget.time")) << body;
    stop();
  }
}

class Reload : public LuaTest {
 protected:
  static std::string says(const std::string& word) {
    return "function on_message(m, conn) if m.data == 'wait' then mix.sleep(5000) end conn:send('" + word + "') end";
  }
};

TEST_F(Reload, PutsAnEditedScriptInForce) {
  load(says("one"));
  EXPECT_EQ(ask(1, ""), "one");
  EXPECT_EQ(message(2, "wait"), DUNLIN_PENDING);
  write("entry.lua", says("three"));
  host_->pass(1000);
  EXPECT_EQ(ask(1, ""), "three");
  host_->pass(5000);
  EXPECT_EQ(received(2).at(0), "one");  // what had begun on the old one ends on it
  EXPECT_EQ(host_->metrics["reloads_total"], 1);
}

TEST_F(Reload, KeepsTheOldWhenTheNewIsBrokenAndSaysSoOnce) {
  load(says("old"));
  write("entry.lua", "x = = 1");
  for (int i = 0; i < 3; ++i) host_->pass(1000);
  EXPECT_EQ(ask(1, ""), "old");
  EXPECT_EQ(host_->logs.size(), 1u);
  EXPECT_THAT(host_->logged(), HasSubstr("entry.lua:1:"));
  write("entry.lua", "local w = require('word') " + says("new"));
  host_->pass(1000);
  EXPECT_EQ(ask(1, ""), "old");
  write("word.lua", "return 1");  // it was looked for, so its coming is noticed
  host_->pass(1000);
  EXPECT_EQ(ask(1, ""), "new");
}

TEST_F(Reload, FollowsRequiredFiles) {
  write("word.lua", "return 'a'");
  load("local w = require('word') function on_message(m, conn) conn:send(w) end");
  EXPECT_EQ(ask(1, ""), "a");
  write("word.lua", "return 'bb'");
  host_->pass(1000);
  EXPECT_EQ(ask(1, ""), "bb");
}

TEST_F(Reload, MayBeOff) {
  load(says("one"), R"(,"reload":"0s")");
  write("entry.lua", says("three"));
  host_->pass(10'000);
  EXPECT_EQ(ask(1, ""), "one");
}

}  // namespace
}  // namespace dunlin::test
