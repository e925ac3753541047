// SPDX-License-Identifier: Apache-2.0
// One call of a library's function that would not end is stopped as a loop of the script is.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::HasSubstr;

// Each is a single call, or as good as one.
constexpr const char* kEndless[] = {
    "('a'):rep(30):find(('a?'):rep(30) .. ('a'):rep(30))",
    "('a'):rep(30):match('^' .. ('a?'):rep(30) .. ('a'):rep(30))",
    "for _ in ('x'):rep(500):gmatch(('.-'):rep(20) .. 'y') do end",
    "('x'):rep(500):gsub(('.-'):rep(20) .. 'y', '')",
    "('x'):rep(500):gsub(('x*'):rep(20) .. 'y', '')",
    "('x'):rep(500):find(('x+'):rep(20) .. '$y')",
    "('x'):rep(500):find(('(x-)'):rep(20) .. 'y')",
    "string.gfind(('x'):rep(500), ('.-'):rep(20) .. 'y')()",
    "('a'):rep(3e5):find('(.*)%1b')",
    "('('):rep(1e6):find('%b()')",
    "('b'):rep(1e5):find('[' .. ('a'):rep(1e5) .. ']')",
    "('b'):rep(1e5):find('[^' .. ('a'):rep(1e5) .. ']+y')",
    "('b'):rep(1e5):gsub(('b'):rep(1e4) .. 'c', '')",
    "pcall(string.find, ('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(30)) while true do end",
    "coroutine.wrap(function() string.find(('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(30)) end)()",
    "('x'):gsub('.', function() return (('a'):rep(30):find(('a?'):rep(30) .. ('a'):rep(30))) end)",
    "table.move({}, 1, 2^53, 2, {})",
    "table.move({}, -2^53, -1, -2^53 - 1)",
    "table.insert(setmetatable({}, {__len = function() return 2^53 end}), 1, 0)",
    "table.remove(setmetatable({}, {__len = function() return 2^53 end}), 1)",
    "table.concat(setmetatable({}, {__len = function() return 2^53 end, __index = rawlen}))",
    "table.sort(setmetatable({}, {__len = function() return 2^30 end, __index = rawlen}))",
    "table.sort(table.pack(('x'):rep(2e5):byte(1, -1)), math.ult)",
    "local t = {} for i = 1, 3e5 do t[i] = i end table.sort(t)",
    "while true do table.unpack({}, 1, 1e5) end",
    "while true do pcall(table.concat, table.pack(('x'):rep(1e5):byte(1, -1))) end",
    "while true do local _ = ('x'):rep(1e7) end",
    "while true do local _ = utf8.len(('x'):rep(1e6)) end",
    "while true do collectgarbage() end",
    "while true do load(('x=1 '):rep(1e5)) end",
    "while true do load(('do '):rep(1e6)) end",
    "mix.bytes_tostring(setmetatable({}, {__index = rawlen}))",
    "local t = {1} for i = 1, 90 do t = {t, t} end mix.json_encode(t)",
    "mix.php_pack(('x16777216X16777216'):rep(1e4))",
    "mix.php_unpack(('a*x/@0/'):rep(1e5), ('x'):rep(1e6))",
    "local s = ('x'):rep(1e7) while true do mix.md5(s) end",
};

class LibraryBudgets : public LuaTest {
 protected:
  void stopped(const std::string& body, const std::string& budget) {
    load("function on_message() " + body + " end", R"(,"budget":)" + budget);
    EXPECT_EQ(message(1, ""), DUNLIN_DENY) << body;
    EXPECT_EQ(host_->conns[1].closed, 1011) << body;
    EXPECT_EQ(host_->metrics["stopped_total"], ++stopped_) << body << "\n" << host_->logs.back().second;
    host_->conns.clear();
    stop();
  }
  int stopped_ = 0;
};

TEST_F(LibraryBudgets, StopACallByInstructions) {
  for (const char* body : kEndless) stopped(body, R"({"instructions":1000000,"time":"0s"})");
  EXPECT_THAT(host_->logged(), HasSubstr("entry.lua:1: stopped: it ran over budget.instructions"));
}

TEST_F(LibraryBudgets, StopACallByTime) {
  for (const char* body : kEndless) stopped(body, R"({"instructions":0,"time":"20ms"})");
  EXPECT_THAT(host_->logged(), HasSubstr("entry.lua:1: stopped: it ran over budget.time"));
}

TEST_F(LibraryBudgets, AreOfOneRun) {
  load("function on_message() ('x'):rep(100000):find('y*z') end", R"(,"budget":{"instructions":500000})");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(message(1, ""), DUNLIN_ALLOW);
}

// What a host calls back with is read outside of any run: it is not that of who was stopped before.
TEST_F(LibraryBudgets, OfAStoppedRunAreNobodyElses) {
  load("function on_message(m) if m.data == 'wait' then mix.websocket():send(#mix.websocket():wait_context_value('k')) return end "
       "while true do end end",
       R"(,"budget":{"instructions":200000})");
  EXPECT_EQ(message(1, "wait"), DUNLIN_PENDING);
  EXPECT_EQ(message(2, ""), DUNLIN_DENY);
  host_->set_context(1, "k", '"' + std::string(200'000, 'x') + '"');
  host_->turn();
  EXPECT_EQ(received(1).at(0), "200000");
}

// Both would take the product of two lengths, if they were looked for at each place.
TEST_F(LibraryBudgets, SearchesForTextTakeAsLongAsTheText) {
  load(evaluator());
  EXPECT_EQ(eval("('a'):rep(4e6):find(('a'):rep(2e6) .. 'b', 1, true)"), "nil");
  EXPECT_EQ(eval("#mix.str_split(('a'):rep(4e6), ('a'):rep(2e6) .. 'b')"), "1");
  EXPECT_EQ(eval("#('a'):gsub('a', ('%x'):rep(1e6))"), "1000000");
}

}  // namespace
}  // namespace dunlin::test
