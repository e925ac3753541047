// SPDX-License-Identifier: Apache-2.0
#include "core/net/http_websocket.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "core/base/json.h"
#include "core/net/http_connection.h"

namespace dunlin {
namespace {

constexpr unsigned kText = 1, kClose = 8, kPing = 9, kPong = 10;
constexpr Millis kGoodbye{3000};  // for what waits, our Close frame and the peer's answer

struct EndRow {
  int code;
  const char *label, *text;
};

constexpr EndRow kEnds[] = {
#define DUNLIN_ROW(id, code, label, text) {code, label, text},
    DUNLIN_SOCKET_ENDS(DUNLIN_ROW)
#undef DUNLIN_ROW
};

std::string close_payload(int code, std::string_view text) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return payload.append(text.substr(0, 123));
}

// A peer's Close frame: nothing, or a code that may be sent (RFC 6455, 7.4) and UTF-8.
bool sound_close(std::string_view payload) {
  if (payload.empty()) return true;
  if (payload.size() == 1 || !is_utf8(payload.substr(2))) return false;
  const int code = static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
  return (code >= 1000 && code <= 4999) && !(code >= 1004 && code <= 1006) && !(code >= 1015 && code < 3000);
}

// "keep-alive, Upgrade" has the token "upgrade".
bool has_token(std::string_view list, std::string_view token) {
  const auto alike = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (std::equal(item.begin(), item.end(), token.begin(), token.end(), alike)) return true;
  }
  return false;
}

}  // namespace

const char* socket_end_label(SocketEnd end) { return kEnds[static_cast<std::size_t>(end)].label; }

WebSocketOffer websocket_offer(const HttpCall& call) {
  const auto refuse = [](int status, const char* why) { return WebSocketOffer{{}, status, why}; };
  if (!has_token(call.header("upgrade"), "websocket") || !has_token(call.header("connection"), "upgrade"))
    return refuse(426, "a WebSocket is served there: Upgrade: websocket and Connection: Upgrade are needed");
  if (call.method != "GET") return refuse(405, "a WebSocket begins with GET");
  if (call.header("sec-websocket-version") != "13") return refuse(426, "Sec-WebSocket-Version must be 13");
  const std::string_view key = call.header("sec-websocket-key");
  if (key.size() != 24 || !key.ends_with("==")) return refuse(400, "Sec-WebSocket-Key is no base64 of 16 bytes");
  return {websocket_accept(key), 101, ""};
}

HttpWebSocket::HttpWebSocket(HttpConnection& connection, HttpServer& server, std::shared_ptr<WebSocketUser> user)
    : connection_(connection), server_(server), user_(std::move(user)), reader_(*this, server.settings_.max_body) {
  ++server_.sockets_.open;
  ++server_.sockets_.opened;
}

HttpWebSocket::~HttpWebSocket() { --server_.sockets_.open; }

void HttpWebSocket::open() {
  connection_.arm(server_.settings_.idle / 2);
  user_->on_open(*this);
  if (server_.draining_) drain();
}

void HttpWebSocket::on_input(char* data, std::size_t size) {
  heard_ = true;
  handle(reader_.feed(data, size));
}

void HttpWebSocket::resume() { handle(reader_.resume()); }

void HttpWebSocket::handle(FrameReader::Fault fault) {
  if (fault.code == 0) return;
  const auto cause = std::find_if(std::begin(kEnds), std::end(kEnds), [&](const EndRow& row) { return row.code == fault.code; });
  end(static_cast<SocketEnd>(cause - std::begin(kEnds)), fault.code, fault.why);
}

bool HttpWebSocket::go_on() const { return !ending_ && !resting_ && !connection_.behind(); }

bool HttpWebSocket::on_message(Kind kind, std::string_view data) {
  if (ending_) return true;  // what still comes is not heard
  ++server_.sockets_.messages_in;
  user_->on_message(kind, data);
  return go_on();
}

bool HttpWebSocket::on_control(unsigned opcode, std::string_view data) {
  if (opcode == kPing && !ending_) {
    append_frame(connection_.out_, kPong, data);
    connection_.mark_dirty();
  }
  if (opcode != kClose) return ending_ || go_on();
  if (!ending_ && !sound_close(data)) {
    end(SocketEnd::protocol_error);
  } else if (!std::exchange(ending_, true)) {
    end_ = SocketEnd::by_peer;
    append_frame(connection_.out_, kClose, data.substr(0, 2));  // an echo of the code
  }
  connection_.leave();
  return false;
}

bool HttpWebSocket::send(std::string_view text) {
  if (ending_) return false;
  append_frame(connection_.out_, kText, text);
  ++server_.sockets_.messages_out;
  connection_.mark_dirty();
  // While the kernel takes what there is, a turn may bring more than the limit.
  if (connection_.backlog() > server_.settings_.max_socket_waiting && !connection_.writing_.empty()) end(SocketEnd::slow);
  return true;
}

void HttpWebSocket::rest(bool rest) {
  resting_ = rest;
  connection_.mark_dirty();  // where reading is taken up again
}

std::uint64_t HttpWebSocket::queued() const { return connection_.handed_ + connection_.out_.size(); }
std::uint64_t HttpWebSocket::written() const { return std::min(connection_.written(), dropped_from_); }
bool HttpWebSocket::ready() const { return connection_.writing_.empty() && !ending_; }

void HttpWebSocket::on_flushed() {
  if (!user_) return;
  user_->on_written();
}

// Silence, or a peer that does not take what was written to it.
void HttpWebSocket::on_deadline() {
  if (ending_) return connection_.close();
  if (!connection_.writing_.empty()) {
    end(SocketEnd::slow);
    return;
  }
  if (std::exchange(heard_, false) || resting_ || connection_.behind()) {
    pinged_ = false;
  } else if (pinged_) {
    return end(SocketEnd::idle);
  }
  if (!std::exchange(pinged_, true)) {
    append_frame(connection_.out_, kPing, "dunlin");
    connection_.mark_dirty();
  }
  connection_.arm(server_.settings_.idle / 2);
}

void HttpWebSocket::drain() {
  if (!ending_ && user_) user_->on_drain();
}

void HttpWebSocket::end(SocketEnd why) {
  const EndRow& row = kEnds[static_cast<std::size_t>(why)];
  end(why, row.code, row.text);
}

void HttpWebSocket::end(SocketEnd why, int code, std::string_view text) {
  if (std::exchange(ending_, true)) return;
  end_ = why == SocketEnd::by_user && code == 1001 ? SocketEnd::draining : why;
  // What has not been handed to the kernel is of no use to a peer that does not read; whole frames all of it.
  if (why == SocketEnd::slow && !connection_.writing_.empty()) {
    dropped_from_ = connection_.handed_;
    connection_.out_.clear();
  }
  append_frame(connection_.out_, kClose, close_payload(code, text));
  connection_.mark_dirty();
  connection_.arm(kGoodbye);
}

void HttpWebSocket::gone() {
  const auto user = std::exchange(user_, nullptr);
  if (!user) return;
  ending_ = true;
  ++server_.sockets_.ended[static_cast<std::size_t>(end_)];
  user->on_closed(end_);
}

}  // namespace dunlin
