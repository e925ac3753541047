// SPDX-License-Identifier: Apache-2.0
// The shipped protocols as plain Lua: bytes in by messages, bytes out by what the connection was sent.
#include "tests/unit/plugins/lua/lua_test.h"

namespace dunlin::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What a raw TCP endpoint does around a script, in Lua. What is decoded is logged.
constexpr const char* kDriver = R"lua(
mix.socket = {tcp = mix.websocket}
local unread = ""
local Buffer = {}
Buffer.__index = Buffer
function Buffer:tostring() return unread end
function Buffer:length() return #unread end
function Buffer:read(n)
  if self.at + n > #unread then return nil, "not there" end
  self.at = self.at + n
  return unread:sub(self.at - n + 1, self.at)
end
function on_message(msg)
  unread = unread .. msg.data
  while #unread > 0 do
    local size = input(setmetatable({at = 0}, Buffer))
    if size == -1 then mix.log(mix.INFO, "dropped") unread = "" return end
    if size == 0 or size > #unread then return end
    local packet = unread:sub(1, size)
    unread = unread:sub(size + 1)
    local value = decode(packet)
    if value ~= nil then mix.log(mix.INFO, show(value)) end
  end
end
)lua";

constexpr const char* kHandshake =
    "GET /chat?x=1 HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nX-Name: value\r\n\r\n";

std::string masked(unsigned first, const std::string& payload) {
  const std::string mask = "\x37\xfa\x21\x3d";
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    out += {static_cast<char>(0xFE), static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size() & 255)};
  } else {
    out += static_cast<char>(0xFF);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 255);
  }
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

class Protocols : public LuaTest {
 protected:
  void speak(const std::string& name, const std::string& input = "return protocol.input(buf)") {
    load("local protocol = require('" + name + "') _G.protocol = protocol " + kDriver +
         " function input(buf) " + input + " end function decode(s) return protocol.decode(s) end "
         "function show(v) return type(v) == 'table' and (v.type and v.type .. ':' .. v.data or mix.json_encode(v)) "
         "or tostring(v) end");
  }
  void feed(const std::string& bytes) { message(1, bytes, DUNLIN_BINARY); }
  std::vector<std::string> decoded() {
    std::vector<std::string> out;
    for (const auto& [level, text] : std::exchange(host_->logs, {})) out.push_back(text);
    return out;
  }
  void open_websocket(const std::string& settings = "") {
    speak("protocols.websocket", settings + " return protocol.input(buf)");
    feed(kHandshake);
    received(1);
    decoded();
  }
  // The frame closes the connection with this code, by a close frame that says so.
  void refuses(const std::string& bytes, std::int32_t code) {
    open_websocket();
    feed(bytes);
    EXPECT_EQ(host_->conns[1].closed, code) << host_->logged();
    const auto sent = received(1);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].substr(0, 1), "\x88");
    EXPECT_EQ(static_cast<unsigned char>(sent[0][2]) * 256 + static_cast<unsigned char>(sent[0][3]), code);
    close(1, code);
    host_->conns.clear();
    stop();
  }
};

TEST_F(Protocols, WebSocketShakesHands) {
  speak("protocols.websocket",
        "return protocol.input(buf, function(id, headers, server) mix.log(mix.INFO, id .. headers['X-Name'] .. "
        "server.RequestUri .. server.RemoteAddr) end)");
  const std::string half = kHandshake;
  feed(half.substr(0, 30));
  EXPECT_TRUE(received(1).empty());
  feed(half.substr(30));
  EXPECT_THAT(received(1), ElementsAre("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
  EXPECT_THAT(decoded(), ElementsAre("1value/chat?x=1192.0.2.7:51234"));
}

TEST_F(Protocols, WebSocketServesTheEarlierForm) {
  speak("protocols/websocket",
        "return protocol.input(buf, mix.socket.tcp(), '/ch', function(headers, conn) mix.log(mix.INFO, "
        "headers['x-name'] .. conn:client_id() .. headers['Method'] .. headers['RequestUri'] .. headers['ServerProtocol'] "
        ".. conn:context()['headers']['X-Name']) end)");
  feed(kHandshake);
  EXPECT_THAT(decoded(), ElementsAre("value1GET/chat?x=1HTTP/1.1value"));
  stop();
  host_->conns.clear();
  speak("protocols.websocket", "return protocol.input(buf, mix.socket.tcp(), '/other')");
  feed(kHandshake);
  EXPECT_THAT(received(1).at(0), HasSubstr("404 Not Found"));
}

TEST_F(Protocols, WebSocketGivesFormByTheNamesOfParameters) {
  speak("protocols.websocket", "return protocol.input(buf, function(headers) mix.log(mix.INFO, headers.host) end)");
  feed(kHandshake);
  EXPECT_THAT(decoded(), ElementsAre("server.example.com"));
}

// Scripts have handed them over in each of these orders.
TEST_F(Protocols, WebSocketTakesItsArgumentsByTheirTypes) {
  const std::string handler = "function(headers) mix.log(mix.INFO, headers['X-Name'] .. headers['RequestUri']) end";
  for (const std::string& arguments : {"'/chat', " + handler, handler + ", '/chat'", "mix.websocket(), '/chat', " + handler,
                                       "mix.websocket(), " + handler + ", '/chat'", "nil, '/chat', " + handler}) {
    speak("protocols.websocket", "return protocol.input(buf, " + arguments + ")");
    feed(kHandshake);
    EXPECT_THAT(received(1), ElementsAre(HasSubstr("101 Switching Protocols"))) << arguments;
    EXPECT_THAT(decoded(), ElementsAre("value/chat?x=1")) << arguments;
    stop();
    host_->conns.clear();
  }
  speak("protocols.websocket", "return protocol.input(buf, '/other')");
  feed(kHandshake);
  EXPECT_THAT(received(1), ElementsAre(HasSubstr("404 Not Found")));
  stop();
  host_->conns.clear();
  speak("protocols.websocket", "return protocol.input(buf, 5)");
  feed(kHandshake);
  EXPECT_THAT(host_->logged(), HasSubstr("bad argument #2 to 'input'"));
}

TEST_F(Protocols, WebSocketRefusesOtherRequests) {
  struct Row {
    const char *from, *to, *answer;
  };
  for (const Row& row : std::initializer_list<Row>{{"Upgrade: websocket", "Upgrade: h2c", "400"},
                                                   {"keep-alive, Upgrade", "close", "400"},
                                                   {"Version: 13", "Version: 8", "426"},
                                                   {"dGhlIHNhbXBsZSBub25jZQ==", "short", "400"},
                                                   {"Host: server.example.com\r\n", "", "400"},
                                                   {"HTTP/1.1", "HTTP/1.0", "400"},
                                                   {"X-Name: value", "X Name: value", "400"}}) {
    speak("protocols.websocket");
    std::string request = kHandshake;
    request.replace(request.find(row.from), std::string(row.from).size(), row.to);
    feed(request);
    EXPECT_THAT(received(1).at(0), HasSubstr(std::string("HTTP/1.1 ") + row.answer)) << row.to;
    EXPECT_NE(host_->conns[1].closed, 0);
    host_->conns.clear();
    stop();
  }
  speak("protocols.websocket");
  feed("POST / HTTP/1.1\r\n");
  EXPECT_THAT(decoded(), ElementsAre("dropped"));
}

TEST_F(Protocols, WebSocketTakesMessages) {
  open_websocket();
  feed(masked(0x81, "Hello"));
  feed(masked(0x82, std::string("\x00\xff", 2)));
  feed(masked(0x81, "") + masked(0x81, "two"));
  EXPECT_THAT(decoded(), ElementsAre("text:Hello", std::string("binary:\x00\xff", 9), "text:", "text:two"));
}

TEST_F(Protocols, WebSocketTakesEveryLength) {
  open_websocket();
  for (const std::size_t size : {125u, 126u, 127u, 128u, 255u, 65535u, 65536u, 300'001u}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 26);
    const std::string bytes = masked(0x81, text);
    feed(bytes.substr(0, 1));
    feed(bytes.substr(1, 2));
    feed(bytes.substr(3));
    EXPECT_THAT(decoded(), ElementsAre("text:" + text)) << size;
  }
}

TEST_F(Protocols, WebSocketJoinsFragmentsAroundControlFrames) {
  open_websocket();
  feed(masked(0x01, "frag") + masked(0x89, "ping") + masked(0x00, "men") + masked(0x8A, "pong") + masked(0x80, "ted"));
  EXPECT_THAT(decoded(), ElementsAre("text:fragmented"));
  EXPECT_THAT(received(1), ElementsAre("\x8a\x04ping"));
}

TEST_F(Protocols, WebSocketKeepsFragmentsOverAReload) {
  open_websocket();
  feed(masked(0x01, "over "));
  const auto entry = folder_ / "entry.lua";
  std::filesystem::last_write_time(entry, std::filesystem::last_write_time(entry) + std::chrono::seconds(5));
  host_->pass(1000);
  EXPECT_THAT(decoded(), ElementsAre("reloaded entry.lua"));
  feed(masked(0x80, "there"));
  EXPECT_THAT(decoded(), ElementsAre("text:over there"));
}

TEST_F(Protocols, WebSocketAnswersAClose) {
  open_websocket();
  feed(masked(0x88, "\x03\xe8" "bye"));
  EXPECT_THAT(received(1), ElementsAre("\x88\x05\x03\xe8" "bye"));
  EXPECT_EQ(host_->conns[1].closed, 1000);
  host_->conns.clear();
  stop();
  open_websocket();
  feed(masked(0x88, ""));
  EXPECT_THAT(received(1), ElementsAre(std::string("\x88\x00", 2)));
}

TEST_F(Protocols, WebSocketRefusesWhatTheRfcForbids) {
  refuses("\x81\x05Hello", 1002);                                        // not masked
  refuses(masked(0xC1, "x"), 1002);                                      // a reserved bit
  refuses(masked(0x83, "x"), 1002);                                      // no such frame
  refuses(masked(0x8B, "x"), 1002);                                      // no such control frame
  refuses(masked(0x80, "x"), 1002);                                      // nothing to continue
  refuses(masked(0x01, "x") + masked(0x81, "y"), 1002);                  // a message within a message
  refuses(masked(0x09, "x"), 1002);                                      // a ping in fragments
  refuses(masked(0x89, std::string(126, 'x')), 1002);                    // a long ping
  refuses(masked(0x88, "x"), 1002);                                      // half a close code
  refuses(masked(0x88, "\x03\xed"), 1002);                               // 1005 may not be sent
  refuses(masked(0x88, "\x03\xe8\xff"), 1007);                           // a reason that is not UTF-8
  refuses(masked(0x81, "\xc3\x28"), 1007);                               // text that is not UTF-8
  refuses(masked(0x81, "\xed\xa0\x80"), 1007);                           // a surrogate
  refuses(masked(0x01, "\xc3") + masked(0x80, "("), 1007);               // not UTF-8 over a border
  refuses(std::string("\x81\xfe\x00\x05", 4), 1002);                     // a length that is not the shortest
  refuses(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10), 1002);  // its highest bit is set
  refuses(std::string("\x81\xff\x00\x00\x00\x01\x00\x00\x00\x00", 10), 1009);  // 4 GiB
}

TEST_F(Protocols, WebSocketBoundsAMessageInAllItsFragments) {
  open_websocket("protocol.max_message = 10");
  feed(masked(0x01, "123456") + masked(0x00, "789") + masked(0x80, "0"));
  EXPECT_THAT(decoded(), ElementsAre("text:1234567890"));
  feed(masked(0x01, "123456") + masked(0x80, "78901"));
  EXPECT_EQ(host_->conns[1].closed, 1009);
}

TEST_F(Protocols, WebSocketSends) {
  load("local w = require('protocols.websocket') mix.socket = {tcp = mix.websocket} function on_message(m) "
       "local conn = mix.websocket() w.send_text('a') w.send_binary(conn, 'b') w.send_ping('c') "
       "mix.log(mix.INFO, tostring(w.send_text('\\xff'))) mix.log(mix.INFO, w.send_ping(('x'):rep(126))) "
       "conn:send(w.encode(('y'):rep(300)):sub(1, 4), 'binary') conn:send(w.encode('\\xff'):sub(1, 1), 'binary') "
       "w.send_close(4000, 'end') w.send_close(1000) end");
  message(1, "");
  EXPECT_THAT(received(1), ElementsAre("\x81\x01" "a", "\x82\x01" "b", "\x89\x01" "c",
                                       std::string("\x81\x7e\x01\x2c", 4), "\x82", "\x88\x05\x0f\xa0" "end"));
  EXPECT_EQ(host_->conns[1].closed, 4000);
}

TEST_F(Protocols, TextIsLines) {
  speak("protocols.text");
  feed("one\ntwo\r\nthr");
  feed("ee\n\n");
  EXPECT_THAT(decoded(), ElementsAre("one", "two", "three", ""));
  feed(std::string(70'000, 'x'));
  EXPECT_THAT(decoded(), ElementsAre("dropped"));
}

TEST_F(Protocols, JsonRpcTakesRequestsAndAnswersFaults) {
  speak("protocols.jsonrpc");
  feed("{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"id\":1}\n[{\"method\":\"b\"},{\"method\":\"c\"}]\n");
  EXPECT_EQ(decoded().size(), 2u);
  feed("{\n1\n[]\n{\"id\":1}\n");
  const auto answers = received(1);
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_THAT(answers[0], HasSubstr("-32700"));
  for (int i = 1; i < 4; ++i) EXPECT_THAT(answers[static_cast<std::size_t>(i)], HasSubstr("-32600"));
  EXPECT_TRUE(decoded().empty());
}

TEST_F(Protocols, JsonRpcEncodesTables) {
  load("local rpc = require('protocols.jsonrpc') " + evaluator() + " _G.rpc = rpc");
  EXPECT_EQ(eval("rpc.encode_table({id = 1})"), "{\"id\":1}\n");
  EXPECT_EQ(eval("select('#', rpc.encode_table({id = 1}))"), "1");
  EXPECT_EQ(eval("rpc.encode_table({id = print})"), "nil");
  EXPECT_EQ(eval("type(select(2, rpc.encode_table({id = print})))"), "string");
}

}  // namespace
}  // namespace dunlin::test
