// SPDX-License-Identifier: Apache-2.0
// The shipped lua/message-center.lua, op by op.
#include <rapidjson/document.h>

#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::ElementsAre;

constexpr char kDone[] = R"({"result":true})";

// Whether two JSON texts mean the same.
MATCHER_P(IsJson, expected, "") {
  rapidjson::Document a, b;
  a.Parse(arg.c_str());
  b.Parse(static_cast<const char*>(expected));
  return !a.HasParseError() && a == b;
}

class MessageCenter : public LuaTest {
 protected:
  MessageCenter() { start(R"({"entry":")" DUNLIN_LUA_FOLDER R"(/message-center.lua","reload":"0s"})"); }
  FakeConn& conn() { return host_->conns[1]; }
};

TEST_F(MessageCenter, LogsInSubscribesAndUnsubscribes) {
  EXPECT_EQ(open(1), DUNLIN_ALLOW);
  EXPECT_EQ(ask(1, R"({"op":"auth","token":"1001"})"), kDone);
  EXPECT_EQ(conn().context["uid"], "1001");
  EXPECT_EQ(ask(1, R"({"op":"subscribe","channel":"@user"})"), kDone);
  EXPECT_THAT(conn().channels, ElementsAre("user:1001"));
  EXPECT_EQ(ask(1, R"({"op":"unsubscribe","channel":"@user"})"), kDone);
  EXPECT_TRUE(conn().channels.empty());
  EXPECT_EQ(ask(1, R"({"op":"unsubscribe","channel":"@user"})"), kDone);
  EXPECT_EQ(conn().closed, 0);
}

TEST_F(MessageCenter, RefusesBeforeLogIn) {
  for (const char* op : {"subscribe", "unsubscribe", "publish"}) {
    const std::string request = std::string(R"({"op":")") + op + R"(","channel":"@user","data":1})";
    EXPECT_THAT(ask(1, request), IsJson(R"({"code":1,"msg":"Not Auth"})"));
  }
  EXPECT_EQ(conn().closed, 0);
}

TEST_F(MessageCenter, TellsARefusedTokenFromAnAuthThatIsDown) {
  host_->login = [](const std::string&) { return FakeLogin{DUNLIN_E_DENIED, "", 0}; };
  EXPECT_THAT(ask(1, R"({"op":"auth","token":"x"})"), IsJson(R"({"code":2,"msg":"Token Refused"})"));
  host_->login = [](const std::string&) { return FakeLogin{DUNLIN_E_UNAVAILABLE, "", 0}; };
  EXPECT_THAT(ask(1, R"({"op":"auth","token":"x"})"), IsJson(R"({"code":3,"msg":"Try Later"})"));
}

TEST_F(MessageCenter, AnswersWhatItCannotServe) {
  EXPECT_THAT(ask(1, R"({"op":"dance"})"), IsJson(R"({"code":4,"msg":"Unknown Op"})"));
  EXPECT_THAT(ask(1, R"({"op":7})"), IsJson(R"({"code":5,"msg":"Bad Request"})"));
  EXPECT_THAT(ask(1, "{}"), IsJson(R"({"code":5,"msg":"Bad Request"})"));
  EXPECT_THAT(ask(1, R"({"op":"auth","token":null})"), IsJson(R"({"code":5,"msg":"Bad Request"})"));
  EXPECT_THAT(ask(1, R"({"op":"auth","id":{}})"), IsJson(R"({"code":5,"msg":"Bad Request"})"));
  ask(1, R"({"op":"auth","token":"1"})");
  EXPECT_THAT(ask(1, R"({"op":"subscribe","channel":5})"), IsJson(R"({"code":5,"msg":"Bad Request"})"));
  host_->subscribe_status = DUNLIN_E_FULL;
  EXPECT_THAT(ask(1, R"({"op":"subscribe","channel":"@user"})"), IsJson(R"({"code":7,"msg":"Too Many Channels"})"));
  EXPECT_EQ(conn().closed, 0);
}

TEST_F(MessageCenter, EchoesTheId) {
  EXPECT_THAT(ask(1, R"({"op":"ping","id":"a"})"), IsJson(R"({"result":true,"id":"a"})"));
  EXPECT_THAT(ask(1, R"({"op":"no","id":9007199254740993})"),
              IsJson(R"({"code":4,"msg":"Unknown Op","id":9007199254740993})"));
  EXPECT_EQ(ask(1, R"({"op":"ping","id":null})"), kDone);
}

TEST_F(MessageCenter, ClosesOnWhatIsNoText) {
  message(1, "x", DUNLIN_BINARY);
  EXPECT_EQ(conn().closed, 1003);
}

TEST_F(MessageCenter, ClosesOnWhatIsNoJsonObject) {
  dunlin_conn id = 10;
  for (const char* text : {"", "{", "[]", "[{}]", "1", "null", "\"op\"", "{} x"}) {
    message(++id, text);
    EXPECT_EQ(host_->conns[id].closed, 1007) << text;
  }
}

TEST_F(MessageCenter, NobodyNamesAnothersChannel) {
  conn().options["channels"] = R"(["room:","user:"])";
  ask(1, R"({"op":"auth","token":"1"})");
  for (const char* channel : {"user:2", "user:1", "", "@other", "secret"}) {
    const std::string request = std::string(R"({"op":"subscribe","channel":")") + channel + R"("})";
    EXPECT_THAT(ask(1, request), IsJson(R"({"code":6,"msg":"Channel Refused"})"));
  }
}

TEST_F(MessageCenter, OptionOpensChannels) {
  ask(1, R"({"op":"auth","token":"1"})");
  EXPECT_THAT(ask(1, R"({"op":"subscribe","channel":"room:x"})"), IsJson(R"({"code":6,"msg":"Channel Refused"})"));
  conn().options["channels"] = R"(["room:"])";
  EXPECT_EQ(ask(1, R"({"op":"subscribe","channel":"room:x"})"), kDone);
  EXPECT_EQ(ask(1, R"({"op":"publish","channel":"room:x","data":{"n":[]}})"), kDone);
  ASSERT_EQ(host_->published.size(), 1u);
  EXPECT_EQ(host_->published[0].first, "room:x");
  EXPECT_THAT(host_->published[0].second, IsJson(R"({"event":"room:x","data":{"n":[]}})"));
  EXPECT_THAT(ask(1, R"({"op":"publish","channel":"@user","data":1})"),
              IsJson(R"({"code":6,"msg":"Channel Refused"})"));
}

TEST_F(MessageCenter, LoggingInAsAnotherLeavesTheFirstOnesChannel) {
  ask(1, R"({"op":"auth","token":"1"})");
  ask(1, R"({"op":"subscribe","channel":"@user"})");
  ask(1, R"({"op":"auth","token":"1"})");
  EXPECT_THAT(conn().channels, ElementsAre("user:1"));
  ask(1, R"({"op":"auth","token":"2"})");
  EXPECT_TRUE(conn().channels.empty());
}

TEST_F(MessageCenter, KeepsEveryDigitOfAUid) {
  for (const char* uid : {"1463786910324359168", "9223372036854775807", "18446744073709551615"}) {
    ask(1, std::string(R"({"op":"auth","token":")") + uid + R"("})");
    EXPECT_EQ(conn().context["uid"], uid);
    EXPECT_EQ(ask(1, R"({"op":"subscribe","channel":"@user"})"), kDone);
    EXPECT_THAT(conn().channels, ElementsAre(std::string("user:") + uid));
  }
}

TEST_F(MessageCenter, UidMayBeText) {
  host_->login = [](const std::string&) { return FakeLogin{DUNLIN_OK, "anna", DUNLIN_UID_STRING}; };
  ask(1, R"({"op":"auth","token":"x"})");
  EXPECT_EQ(conn().context["uid"], "\"anna\"");
  ask(1, R"({"op":"subscribe","channel":"@user"})");
  EXPECT_THAT(conn().channels, ElementsAre("user:anna"));
}

}  // namespace
}  // namespace dunlin::test
