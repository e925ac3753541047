// SPDX-License-Identifier: Apache-2.0
// mix.timer, mix.shared and mix.crypto.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Timer : public LuaTest {
 protected:
  // A script whose functions log, and that runs what it is sent.
  void load_logging(const std::string& top = "") {
    load("function say(text) mix.log(mix.INFO, text) end " + top +
         " function on_message(m) return load(m.data)() end");
  }
  std::vector<std::string> said() {
    std::vector<std::string> out;
    for (const auto& [level, text] : std::exchange(host_->logs, {})) out.push_back(text);
    return out;
  }
};

TEST_F(Timer, CallsOnceOrAgainAndAgain) {
  load_logging();
  message(1, "mix.timer.after(100, function() say('once') end) every = mix.timer.every(50, function() say('tick') end)");
  host_->pass(50);
  EXPECT_THAT(said(), ElementsAre("tick"));
  host_->pass(50);
  EXPECT_THAT(said(), ::testing::UnorderedElementsAre("once", "tick"));
  message(1, "say(tostring(mix.timer.cancel(every))) say(tostring(mix.timer.cancel(every)))");
  EXPECT_THAT(said(), ElementsAre("true", "false"));
  host_->pass(1000);
  EXPECT_THAT(said(), ElementsAre());
}

TEST_F(Timer, MayWaitAndLeavesOutWhatWouldOverlap) {
  load_logging("mix.timer.every(10, function() say('in') mix.sleep(25) say('out') end)");
  host_->pass(10);
  host_->pass(10);
  EXPECT_THAT(said(), ElementsAre("in"));
  host_->pass(30);
  host_->pass(10);
  EXPECT_THAT(said(), ElementsAre("out", "in"));
}

TEST_F(Timer, CanCancelItself) {
  load_logging("t = mix.timer.every(10, function() say('tick') mix.timer.cancel(t) end)");
  host_->pass(10);
  host_->pass(10);
  EXPECT_THAT(said(), ElementsAre("tick"));
}

TEST_F(Timer, LogsItsErrorsAndGoesOn) {
  load_logging("mix.timer.every(10, function() local x = nil; x.y = 1 end)");
  host_->pass(10);
  EXPECT_THAT(host_->logged(), HasSubstr("mix.timer: "));
  EXPECT_THAT(host_->logged(), HasSubstr("entry.lua:1: attempt to index a nil value"));
  EXPECT_THAT(host_->logged(), HasSubstr("stack traceback"));
  said();
  host_->pass(10);
  EXPECT_EQ(said().size(), 1u);
}

TEST_F(Timer, IsStoppedByItsBudget) {
  load("mix.timer.after(10, function() while true do end end) function on_message() end",
       R"(,"budget":{"instructions":200000})");
  host_->pass(10);
  EXPECT_THAT(host_->logged(), HasSubstr("stopped: it ran over budget.instructions"));
}

TEST_F(Timer, EndsWhenAnotherScriptTakesOver) {
  load_logging("mix.timer.every(50, function() say('old') end)");
  write("entry.lua", "mix.timer.every(50, function() mix.log(mix.INFO, 'new') end) function on_message() end");
  std::filesystem::last_write_time(folder_ / "entry.lua",
                                   std::filesystem::last_write_time(folder_ / "entry.lua") + std::chrono::seconds(5));
  host_->pass(1000);  // looks for changes, and may tick before that
  said();
  host_->pass(50);
  EXPECT_THAT(said(), ElementsAre("new"));
}

TEST_F(Timer, RefusesWhatIsNone) {
  load_logging();
  for (const char* call : {"mix.timer.after()", "mix.timer.after(1)", "mix.timer.after('x', print)",
                           "mix.timer.after(-1, print)", "mix.timer.after(1e300, print)", "mix.timer.after(0/0, print)",
                           "mix.timer.every(0, print)", "mix.timer.every(9, print)", "mix.timer.cancel('x')",
                           "for i = 1, 20000 do mix.timer.after(1000, print) end"}) {
    EXPECT_EQ(message(1, call), DUNLIN_DENY) << call;
    host_->conns.clear();
  }
  EXPECT_THAT(host_->logged(), HasSubstr("there are over 10000 timers"));
}

struct Row {
  const char *expression, *value;
};

class Shared : public LuaTest {
 protected:
  void check(std::initializer_list<Row> rows) {
    for (const Row& row : rows) EXPECT_EQ(eval(row.expression), row.value) << row.expression << host_->logged();
  }
};

TEST_F(Shared, KeepsValuesAndCounters) {
  load(evaluator());
  check({{"mix.shared.get('k')", "nil"},
         {"mix.shared.set('k', {a = {1, 2}})", "nil"},
         {"mix.shared.get('k').a[2]", "2"},
         {"mix.shared.add('k', 1)", "false"},
         {"select(2, mix.shared.add('k', 1))", "exists"},
         {"mix.shared.add('new', 'v', 60000)", "true"},
         {"mix.shared.delete('k')", "true"},
         {"mix.shared.delete('k')", "false"},
         {"mix.shared.incr('n')", "1"},
         {"mix.shared.incr('n', 9007199254740993)", "9007199254740994"},
         {"mix.shared.incr('n', -9007199254740994)", "0"},
         {"mix.shared.set('n', math.maxinteger)", "nil"},
         {"select(2, mix.shared.incr('n'))", "the value is no integer, or the sum is over 64 bits"},
         {"select(2, mix.shared.incr('new'))", "the value is no integer, or the sum is over 64 bits"},
         {"mix.shared.set('n', nil)", "nil"},
         {"mix.shared.get('n')", "nil"},
         {"pcall(mix.shared.get)", "false"},
         {"pcall(mix.shared.get, '')", "false"},
         {"pcall(mix.shared.get, ('x'):rep(1025))", "false"},
         {"pcall(mix.shared.set, 'k')", "false"},
         {"pcall(mix.shared.set, 'k', 1, -1)", "false"},
         {"mix.shared.set('k', print)", "a function has no JSON form"}});
}

TEST_F(Shared, IsSharedByTheInstancesOfASelection) {
  load(evaluator());
  eval("mix.shared.incr('n', 41)");
  dunlin_instance* other = nullptr;
  ASSERT_EQ(module().create(host_->table(), settings_, &other), DUNLIN_OK);
  std::swap(other, instance_);
  EXPECT_EQ(eval("mix.shared.incr('n')"), "42");
  module().destroy(other);
}

TEST_F(Shared, IsBounded) {
  load(evaluator(), R"(,"shared":"1KiB")");
  EXPECT_EQ(eval("mix.shared.set('k', ('x'):rep(2000))"), "mix.shared is full");
  EXPECT_EQ(eval("mix.shared.set('k', 'small')"), "nil");
  EXPECT_EQ(eval("select(2, mix.shared.set('k', ('x'):rep(2000)))"), "full");
  EXPECT_EQ(eval("mix.shared.get('k')"), "small");
}

// RFC 4231, test cases 1, 2 and 6.
TEST_F(Shared, HmacSha256) {
  load(evaluator());
  check({{"mix.crypto.hmac_sha256(('\\x0b'):rep(20), 'Hi There')",
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
         {"mix.crypto.hmac_sha256('Jefe', 'what do ya want for nothing?')",
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
         {"mix.crypto.hmac_sha256(('\\xaa'):rep(131), 'Test Using Larger Than Block-Size Key - Hash Key First')",
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
         {"#mix.crypto.hmac_sha256_bin('', '')", "32"},
         {"mix.crypto.equals('abc', 'abc')", "true"},
         {"mix.crypto.equals('abc', 'abd')", "false"},
         {"mix.crypto.equals('abc', 'ab')", "false"},
         {"pcall(mix.crypto.hmac_sha256, 'k')", "false"}});
}

}  // namespace
}  // namespace dunlin::test
