// SPDX-License-Identifier: Apache-2.0
// Raw TCP: lengths by protocol_input, packets through protocol_decode to on_message, data through protocol_encode.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kFault = DUNLIN_FRAMER_FAULT;

class SocketTest : public LuaTest {
 protected:
  SocketTest() { host_->conns[1].socket = true; }
  static const dunlin_framer& framer() {
    return *static_cast<const dunlin_framer*>(module().get_interface(DUNLIN_FRAMER));
  }
  std::int64_t input(const std::string& unread) { return framer().input(instance_, 1, lend(unread)); }
  // The bytes; or the status as a number.
  std::string encode(const std::string& data, dunlin_conn conn = 0) {
    const dunlin_message message{lend(data), DUNLIN_BINARY, 0};
    std::string bytes;
    const auto emit = [](void* to, dunlin_str part) { static_cast<std::string*>(to)->append(part.data, part.size); };
    const dunlin_status status = framer().encode(instance_, conn, &message, emit, &bytes);
    return status == DUNLIN_OK ? bytes : std::to_string(status);
  }
  // A script whose protocol_input returns the value of an expression.
  void load_input(const std::string& expression) {
    stop();
    load("function protocol_input(buf, conn) return " + expression + " end function on_message() end");
  }
};

TEST_F(SocketTest, AnInputIsTheLengthOfTheNextPacket) {
  load_input("buf:length()");
  EXPECT_EQ(input("abc"), 3);
  load_input("string.find(buf:tostring(), '\\n', 1, true) or 0");
  EXPECT_EQ(input("abc"), 0);
  EXPECT_EQ(input("abc\nd"), 4);
}

TEST_F(SocketTest, LengthsThatAreNone) {
  for (const char* value : {"-1", "-1.0"}) {
    load_input(value);
    EXPECT_EQ(input("x"), DUNLIN_FRAMER_DROP) << value;
    EXPECT_EQ(host_->conns[1].closed, 0);
  }
  for (const char* value : {"-2", "math.mininteger", "1.5", "0/0", "1/0", "'1'", "nil", "{}", "true", "error('x')",
                            "error({})", "mix.sleep(1)", "buf:read(-1)", "buf:read('x')", "buf.read({}, 1)"}) {
    host_->conns[1].closed = 0;
    load_input(value);
    EXPECT_EQ(input("x"), kFault) << value;
    EXPECT_EQ(host_->conns[1].closed, 1011) << value;
    EXPECT_THAT(host_->logged(), HasSubstr("protocol_input: "));
    stop();
  }
}

// Nobody waits for the outcome there, but the effect is had.
TEST_F(SocketTest, WhatAnInputSetsOffHappens) {
  load_input("mix.mesh.publish('c', buf:tostring()) or 1");
  EXPECT_EQ(input("x"), 1) << host_->logged();
  EXPECT_THAT(host_->published, ElementsAre(std::make_pair(std::string("c"), std::string("x"))));
  host_->turn();
  load_input("mix.queue.push('t', {}) == 0 and 1");  // this host has no queue
  EXPECT_EQ(input("x"), 1) << host_->logged();
}

TEST_F(SocketTest, WhatWaitsForAnAnswerIsRefusedByItsName) {
  for (const char* call : {"mix.http.request('GET', 'http://h/')", "mix.redis.connection('default'):command('GET', 'k')", "mix.sleep(1)",
                           "mix.socket.tcp():wait_context_value('k')", "coroutine.wrap(function() mix.sleep(1) end)()"}) {
    host_->logs.clear();
    load_input(call);
    EXPECT_EQ(input("x"), kFault) << call;
    EXPECT_THAT(host_->logged(), HasSubstr(" waits, which protocol_input cannot, since it answers at once")) << call;
  }
}

TEST_F(SocketTest, AScriptThatNeverReturnsIsStopped) {
  load("function protocol_input() while true do end end function on_message() end", R"(,"budget":{"instructions":100000})");
  EXPECT_EQ(input("x"), kFault);
  EXPECT_EQ(host_->conns[1].closed, 1011);
}

TEST_F(SocketTest, ABufferIsReadFromItsFrontAndKeepsItsPosition) {
  load(R"(function protocol_input(buf)
            local a = buf:read(2)
            local none, why = buf:read(9)
            mix.socket.tcp():send(a .. tostring(none) .. type(why) .. buf:position() .. buf:read(0) .. buf:length())
            return 0
          end
          function on_message() end)");
  input("abcde");
  EXPECT_THAT(received(1), ElementsAre("abnilstring25"));
}

TEST_F(SocketTest, ABufferIsGoneWithItsCall) {
  load(R"(function protocol_input(buf)
            if KEPT then
              local ok, why = pcall(KEPT.tostring, KEPT)
              mix.socket.tcp():send(tostring(ok) .. why)
            end
            KEPT = buf
            return 0
          end
          function on_message() mix.socket.tcp():send(tostring(pcall(KEPT.read, KEPT, 1))) end)");
  input("abc");
  input("def");
  EXPECT_THAT(received(1), ElementsAre(HasSubstr("false")));
  message(1, "x", DUNLIN_BINARY);
  EXPECT_THAT(received(1), ElementsAre("false"));
}

TEST_F(SocketTest, APacketIsDecodedAndHandled) {
  load(R"(function protocol_input() return 0 end
          function protocol_decode(str) if str ~= "skip" then return {text = str} end end
          function on_message(value) mix.socket.tcp():send("got " .. value.text) end)");
  EXPECT_EQ(message(1, "skip", DUNLIN_BINARY), DUNLIN_ALLOW);
  EXPECT_EQ(message(1, "this", DUNLIN_BINARY), DUNLIN_ALLOW);
  EXPECT_THAT(received(1), ElementsAre("got this"));
}

TEST_F(SocketTest, FalseIsAValueAndNoPacketIsAMessageOfTheOtherKind) {
  load(R"(function protocol_input() return 0 end
          function protocol_decode(str) return false end
          function on_message(value) mix.socket.tcp():send(tostring(value)) end)");
  message(1, "x", DUNLIN_BINARY);
  EXPECT_THAT(received(1), ElementsAre("false"));
  message(2, "x", DUNLIN_BINARY);  // of a WebSocket
  EXPECT_THAT(received(2), ElementsAre(HasSubstr("table")));
}

TEST_F(SocketTest, DecodingAndHandlingMayWait) {
  load(R"(function protocol_input() return 0 end
          function protocol_decode(str) mix.sleep(10) return str .. "!" end
          function on_message(value) mix.sleep(10) mix.socket.tcp():send(value) end)");
  EXPECT_EQ(message(1, "hi", DUNLIN_BINARY), DUNLIN_PENDING);
  host_->pass(10);
  EXPECT_TRUE(host_->answers.empty());
  host_->pass(10);
  EXPECT_THAT(received(1), ElementsAre("hi!"));
  EXPECT_EQ(answer().verdict, DUNLIN_ALLOW);
}

TEST_F(SocketTest, WithoutADecoderTheValueIsThePacket) {
  load("function protocol_input() return 0 end function on_message(v, conn) conn:send(v .. conn:client_id()) end");
  message(1, std::string("a\0b", 3), DUNLIN_BINARY);
  EXPECT_THAT(received(1), ElementsAre(std::string("a\0b1", 4)));
}

TEST_F(SocketTest, BothFormsOfOnConnect) {
  const std::string rest = " function protocol_input() return 0 end function on_message(a) end";
  const std::string both = "function on_connect(NAME) LAST = NAME mix.socket.tcp():send(math.type(NAME) or type(NAME)) end";
  for (const auto& [name, want] : {std::pair{"client_id", "integer"}, {"conn", "userdata"}, {"fd", "integer"}, {"x", "integer"}}) {
    std::string script = both;
    for (std::size_t at; (at = script.find("NAME")) != std::string::npos;) script.replace(at, 4, name);
    load(script + rest);
    EXPECT_EQ(open(1), DUNLIN_ALLOW);
    EXPECT_THAT(received(1), ElementsAre(want)) << name;
    stop();
  }
  load("function on_connect(x) x:send('conn') end function protocol_input() return 0 end function on_message(a, conn) end");
  open(1);
  EXPECT_THAT(received(1), ElementsAre("conn"));
}

TEST_F(SocketTest, AScriptWithoutInputServesNoSocket) {
  load("function on_message() end");
  EXPECT_EQ(open(1), DUNLIN_DENY);
  EXPECT_THAT(host_->logged(), HasSubstr("protocol_input"));
  EXPECT_EQ(open(2), DUNLIN_ALLOW);
}

TEST_F(SocketTest, EncodingOnceForAllOrForEach) {
  load("function protocol_encode(s) return '<' .. s .. '>' end function on_message() end");
  EXPECT_EQ(encode("x"), "<x>");
  EXPECT_EQ(encode("x", 1), "<x>");
  stop();
  load("function protocol_encode(s, conn) return s .. conn:client_id() end function on_message() end");
  EXPECT_EQ(encode("x"), std::to_string(DUNLIN_FRAMER_EACH));
  EXPECT_EQ(encode("x", 1), "x1");
  stop();
  load("function on_message() end");
  EXPECT_EQ(encode("x"), "x");
}

TEST_F(SocketTest, WhatIsNoEncodingFailsAndClosesNobody) {
  for (const char* value : {"nil", "''", "7", "{}", "error('x')", "mix.mesh.publish('a', 'b')", "mix.socket.tcp()"}) {
    load(std::string("function protocol_encode(s) return ") + value + " end function on_message() end");
    EXPECT_EQ(encode("x"), std::to_string(DUNLIN_E_FAILED)) << value;
    EXPECT_EQ(host_->conns[1].closed, 0);
    EXPECT_THAT(host_->logged(), HasSubstr("protocol_encode: "));
    stop();
  }
}

TEST_F(SocketTest, ClearBuffer) {
  load(R"(function protocol_input(buf, conn) return conn:clear_buffer() == nil and 0 or -1 end
          function on_message() mix.websocket():send(tostring(mix.websocket():clear_buffer())) end)");
  EXPECT_EQ(input("x"), 0);
  EXPECT_TRUE(host_->conns[1].cleared);
  message(2, "x");
  EXPECT_THAT(received(2), ElementsAre("only a raw TCP connection has a buffer"));
}

}  // namespace
}  // namespace dunlin::test
