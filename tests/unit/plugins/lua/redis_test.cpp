// SPDX-License-Identifier: Apache-2.0
// mix.redis: what a command becomes, and what a script makes of each kind of reply.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RedisTest : public LuaTest {
 protected:
  RedisTest() {
    host_->redis = [this](const std::vector<std::string>& argv, dunlin_redis_fn fn, void* user) {
      commands.push_back(argv);
      fn(user, status, &reply);
    };
    load(kScript);
  }
  static constexpr const char* kScript =
      "function on_message(m) local redis = mix.redis.connection('default') "
      "local v, err = assert(load('local redis = ... return ' .. m.data))(redis) "
      "mix.websocket():send(mix.json_encode({v = v, err = err})) end "
      "function protocol_input(buf) local n, err = mix.redis.push('t', {1}) return n or err and -1 or 7 end";
  static dunlin_redis_value text(std::uint32_t kind, const char* of) {
    return {{of, std::char_traits<char>::length(of)}, 0, nullptr, 0, kind, 0};
  }

  std::vector<std::vector<std::string>> commands;
  dunlin_redis_value reply = text(DUNLIN_REDIS_STATUS, "OK");
  dunlin_status status = DUNLIN_OK;
};

TEST_F(RedisTest, ArgumentsAreStringsAndNumbersInTheirShortestForm) {
  EXPECT_EQ(ask(1, "redis:command('SET', 'a\\0b', 1463786910324359168, 5.0, 0.1, -0.5)"), R"({"v":"OK"})");
  EXPECT_THAT(commands, ElementsAre(ElementsAre("SET", std::string("a\0b", 3), "1463786910324359168", "5", "0.1", "-0.5")));
}

TEST_F(RedisTest, EachKindOfReply) {
  reply = {{}, INT64_MIN, nullptr, 0, DUNLIN_REDIS_INTEGER, 0};
  EXPECT_EQ(ask(1, "redis:command('X')"), R"({"v":-9223372036854775808})");
  reply = {{}, 0, nullptr, 0, DUNLIN_REDIS_NIL, 0};
  EXPECT_EQ(ask(1, "redis:command('X')"), "{}");
  reply = text(DUNLIN_REDIS_ERROR, "ERR no");
  EXPECT_EQ(ask(1, "redis:command('X')"), R"({"err":"ERR no"})");
  const dunlin_redis_value items[] = {text(DUNLIN_REDIS_STRING, "a"), {{}, 0, nullptr, 0, DUNLIN_REDIS_NIL, 0},
                                      text(DUNLIN_REDIS_ERROR, "ERR one")};
  reply = {{}, 0, items, 3, DUNLIN_REDIS_LIST, 0};
  EXPECT_EQ(ask(1, "redis:command('X')"), R"({"v":["a",null,{"err":"ERR one"}]})");
  status = DUNLIN_E_TIMEOUT;
  reply = text(DUNLIN_REDIS_ERROR, "too late");
  EXPECT_EQ(ask(1, "redis:command('X')"), R"({"err":"too late"})");
}

TEST_F(RedisTest, PushEncodesTablesAsJson) {
  EXPECT_EQ(ask(1, "mix.redis.push('t', {1, 2})"), R"({"v":"OK"})");
  EXPECT_EQ(ask(1, "mix.redis.push('t', 'x')"), R"({"v":"OK"})");
  EXPECT_THAT(commands, ElementsAre(ElementsAre("LPUSH", "t", "[1,2]"), ElementsAre("LPUSH", "t", "x")));
}

TEST_F(RedisTest, PushGivesTheEventThatQueuePopWouldWhereThatIsAskedFor) {
  stop();
  load(kScript, R"(,"redis":{"push":"event"})");
  EXPECT_EQ(ask(1, "mix.redis.push('t', {a = 1})"), R"({"v":"OK"})");
  EXPECT_EQ(ask(1, "mix.redis.push('t', 'x\"')"), R"({"v":"OK"})");
  EXPECT_EQ(ask(1, "mix.redis.push('t', 5)"), R"({"v":"OK"})");
  EXPECT_THAT(commands, ElementsAre(ElementsAre("LPUSH", "t", R"({"c":"1","t":"t","d":{"a":1}})"),
                                    ElementsAre("LPUSH", "t", R"({"c":"1","t":"t","d":"x\""})"),
                                    ElementsAre("LPUSH", "t", R"({"c":"1","t":"t","d":"5"})")));
  EXPECT_THAT(ask(1, "mix.redis.push('\\255', 'x')"), HasSubstr("err"));
}

TEST_F(RedisTest, PushDoesWithoutItsOutcomeWhereNothingCanWait) {
  const auto& framer = *static_cast<const dunlin_framer*>(module().get_interface(DUNLIN_FRAMER));
  host_->conns[1].socket = true;
  EXPECT_EQ(framer.input(instance_, 1, {"x", 1}), 7);
  host_->turn();
  EXPECT_THAT(commands, ElementsAre(ElementsAre("LPUSH", "t", "[1]")));
}

TEST_F(RedisTest, WhatTheOldestScriptsCall) {
  for (const char* call : {"mix.redis.get('k')", "mix.redis.set('k', 'v')", "mix.redis.set('k', 1, 60)", "mix.redis.set('k', 1, 0)",
                           "mix.redis.llen('l')", "mix.redis.incr('n')", "mix.redis.decr('n', 4)"})
    EXPECT_EQ(ask(1, call), R"({"v":"OK"})") << call;
  EXPECT_THAT(commands, ElementsAre(ElementsAre("GET", "k"), ElementsAre("SET", "k", "v"), ElementsAre("SET", "k", "1", "EX", "60"),
                                    ElementsAre("SET", "k", "1"), ElementsAre("LLEN", "l"), ElementsAre("INCRBY", "n", "1"),
                                    ElementsAre("DECRBY", "n", "4")));
}

TEST_F(RedisTest, ANameThatIsNotConfigured) {
  EXPECT_THAT(ask(1, "mix.redis.connection('no')"), HasSubstr("names no Redis server"));
  EXPECT_THAT(ask(1, "mix.redis.connection('')"), HasSubstr("names no Redis server"));
}

TEST_F(RedisTest, WrongArgumentsAreErrorsOfTheScript) {
  for (const char* call : {"redis:command()", "redis:command('')", "redis:command({})", "redis:command('GET', true)",
                           "redis.command({}, 'GET')", "mix.redis.connection({})", "mix.redis.push('t')", "redis:nothing()"})
    EXPECT_EQ(message(1, call), DUNLIN_DENY) << call;
  EXPECT_TRUE(commands.empty());
}

TEST_F(RedisTest, AConnectionThatLeavesMeanwhileHarmsNobody) {
  EXPECT_EQ(message(1, "redis:command('GET', 'k')"), DUNLIN_PENDING);
  router().cancel(instance_, ticket_, DUNLIN_CANCEL_CLOSED);
  host_->turn();
  EXPECT_TRUE(received(1).empty());
}

}  // namespace
}  // namespace dunlin::test
