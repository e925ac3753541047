// SPDX-License-Identifier: Apache-2.0
// HttpWebSocket: what an HttpConnection becomes after 101. Reads and writes through its connection, whose buffers,
// back-pressure and deadline it keeps. [worker]
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/net/web_socket.h"
#include "core/net/ws_frames.h"

namespace dunlin {

class HttpConnection;
class HttpServer;

class HttpWebSocket final : public WebSocket, private FrameReader::Listener {
 public:
  HttpWebSocket(HttpConnection& connection, HttpServer& server, std::shared_ptr<WebSocketUser> user);
  ~HttpWebSocket();
  HttpWebSocket(const HttpWebSocket&) = delete;
  HttpWebSocket& operator=(const HttpWebSocket&) = delete;

  // From the connection.
  void open();
  void on_input(char* data, std::size_t size);
  void resume();      // reads what it had kept
  void on_flushed();  // the kernel took something
  void on_deadline();
  void drain();
  void gone();        // the connection closes now

  bool resting() const { return resting_; }
  bool holds_input() const { return reader_.holds_input(); }

  // WebSocket
  bool send(std::string_view text) override;
  void close(int code, std::string_view why) override { end(SocketEnd::by_user, code, why); }
  void rest(bool rest) override;
  std::uint64_t queued() const override;
  std::uint64_t written() const override;
  bool ready() const override;

 private:
  bool on_message(Kind kind, std::string_view data) override;
  bool on_control(unsigned opcode, std::string_view data) override;
  bool go_on() const;
  void handle(FrameReader::Fault fault);
  void end(SocketEnd why, int code, std::string_view text);
  void end(SocketEnd why);

  HttpConnection& connection_;
  HttpServer& server_;
  std::shared_ptr<WebSocketUser> user_;  // nullptr: it was told of the end
  FrameReader reader_;
  std::uint64_t dropped_from_ = ~std::uint64_t{0};  // what was queued behind it is never written
  SocketEnd end_ = SocketEnd::lost;
  bool ending_ = false;  // our Close frame is queued, or the peer's has come
  bool resting_ = false;
  bool heard_ = true;
  bool pinged_ = false;
};

}  // namespace dunlin
