// SPDX-License-Identifier: Apache-2.0
// Every call with what it does not want: nothing crashes, the server goes on, and a mistake of the script is an error that
// names the argument.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::HasSubstr;

// Finds every function of `mix` and every method of a connection; a message is the number of a call: which function,
// with which arguments. It tells what came of it.
constexpr const char* kScript = R"lua(
local functions, methods = {}, {"client_id", "remote_addr", "context", "context_value", "set_context", "set_context_value",
  "wait_context_value", "subscribe", "unsubscribe", "send", "close", "authenticate", "uid", "nothing"}
local function list(t, name)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys)
  for _, k in ipairs(keys) do
    if type(t[k]) == "function" then functions[#functions + 1] = {name .. k, t[k]}
    elseif type(t[k]) == "table" then list(t[k], name .. k .. ".") end
  end
end
list(mix, "mix.")
local cycle = {}
cycle.cycle = cycle
local arguments = {
  {}, {nil}, {true}, {0}, {-1}, {0/0}, {1e308}, {math.mininteger}, {""}, {("x"):rep(100000)}, {"\0\xff\r\n"}, {{}}, {cycle},
  {print}, {coroutine.create(print)}, {mix.null}, {"a", {}}, {"a", cycle}, {"a", print}, {"a", ("x"):rep(100000)},
  {"a", "b", "c"}, {"a", "b", {}}, {"a", "b", print}, {"a", "b", -1}, {{}, {}, {}}, {1, 2, 3, 4, 5}, {-1, -1, -1}, {"1", "2"},
  {("x"):rep(100000), ("y"):rep(100000)}, {math.maxinteger, math.maxinteger, math.maxinteger}}
function on_message(msg)
  local conn = mix.websocket()
  local f, a = msg.data:match("(%d+) (%d+)")
  f, a = math.tointeger(f), arguments[math.tointeger(a)]
  if not a then return conn:send("no more arguments") end
  local name, call = table.unpack(functions[f] or {})
  if not name then
    local method = methods[f - #functions]
    if not method then return conn:send("no more functions") end
    call = function(...) return conn[method](conn, ...) end
    name = "conn:" .. method
  end
  local good, err = pcall(call, table.unpack(a, 1, 5))
  if name ~= "conn:close" then conn:send(name .. (good and " returned" or " failed: " .. tostring(err))) end
end
)lua";

class BadInput : public LuaTest {
 protected:
  // One call; what came of it, or "waits".
  std::string call(int function, int arguments) {
    const dunlin_verdict verdict = message(1, std::to_string(function) + " " + std::to_string(arguments));
    host_->turn();
    if (verdict == DUNLIN_PENDING) router().cancel(instance_, ticket_, DUNLIN_CANCEL_CLOSED);
    const auto answers = received(1);
    host_->conns.erase(1);
    return answers.empty() ? "waits" : answers.back();
  }
};

TEST_F(BadInput, NeitherCrashesNorStopsTheScript) {
  load(kScript, R"(,"reload":"0s")");
  int function = 1, calls = 0;
  for (; call(function, 1) != "no more functions"; ++function) {
    for (int arguments = 1;; ++arguments, ++calls) {
      const std::string outcome = call(function, arguments);
      if (outcome == "no more arguments") break;
      if (outcome.find(" failed: ") == outcome.npos) continue;
      // What is wrong is said in words, with the argument or the call in it.
      EXPECT_TRUE(outcome.find("bad argument #") != outcome.npos || outcome.starts_with("mix.") ||
                  outcome.starts_with("conn:nothing failed: "))
          << outcome;
    }
  }
  EXPECT_GT(function, 40);
  EXPECT_GT(calls, 1000);
  EXPECT_EQ(host_->logged().find("stopped"), std::string::npos) << host_->logged();
}

// What every method gives once the connection has left.
TEST_F(BadInput, AConnectionThatHasLeftGivesAnError) {
  load("local kept function on_message(m) if m.data == 'keep' then kept = mix.websocket() return end "
       "local name, rest = m.data:match('^(%S+) ?(.*)$') "
       "local results = {kept[name](kept, table.unpack(load('return {' .. rest .. '}')()))} "
       "mix.websocket():send(tostring(results[#results])) end");
  message(1, "keep");
  host_->conns.erase(1);
  for (const char* method : {"remote_addr", "context", "context_value 'k'", "set_context {a = 1}", "set_context_value 'k', 1",
                             "wait_context_value 'k'", "subscribe 'c'", "unsubscribe 'c'", "send 'x'", "close",
                             "authenticate 't'", "uid"}) {
    EXPECT_EQ(ask(2, method), "gone") << method << host_->logged();
  }
  EXPECT_EQ(ask(2, "client_id"), "1");
}

TEST_F(BadInput, AnUnknownClientIdIsAnError) {
  load("function on_message(m) local good, err = pcall(mix.mesh.send, load('return ' .. m.data)(), 'x') "
       "mix.websocket():send(tostring(err)) end");
  EXPECT_EQ(ask(1, "99"), "the connection has left");
  EXPECT_EQ(ask(1, "'99'"), "the connection has left");
  for (const char* none : {"0", "-1", "1.5", "'x'", "{}", "nil", "true", "'99999999999999999999'"}) {
    EXPECT_THAT(ask(1, none), HasSubstr("client id expected")) << none;
  }
}

}  // namespace
}  // namespace dunlin::test
