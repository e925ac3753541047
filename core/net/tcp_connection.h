// SPDX-License-Identifier: Apache-2.0
// TcpConnection: one raw TCP connection, from accept to close; the Transport of its session while it has one. Owned by
// the TcpServer. All [worker].
//
//   agreeing (TLS) ──▶ open ──▶ leaving (what waits is written, our half closed, the peer's end awaited)
#pragma once

#include <uv.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/hub/outbox.h"
#include "core/loop/timer_wheel.h"
#include "core/net/packet_reader.h"
#include "core/net/tcp_server.h"
#include "core/net/tcp_stream.h"
#include "core/session/session.h"
#include "core/session/transport.h"

namespace dunlin {

class TcpConnection final : public Transport {
 public:
  TcpConnection(TcpServer& server, std::size_t listener, int fd, TcpStream::Tls tls, std::string peer);
  ~TcpConnection();

  void start();
  // At the end of the turn. False: it is to be destroyed.
  bool attend();
  // Its session, if it has one, has lost its connection.
  void cut();

  // Transport
  Protocol protocol() const override { return Protocol::socket; }
  Outbox& outbox() override { return outbox_; }
  void pause_reading(bool pause) override;
  void ping() override {}
  std::size_t unread() const override { return packets_.size(); }
  bool leave_if_done() override;
  void clear_unread() override { packets_.clear(); }
  void finish(int code, std::string_view text) override;
  Took write(std::string_view bytes) override;
  void overflowed() override;

  std::size_t place = 0;  // in the server's list

 private:
  enum class Phase : std::uint8_t { agreeing, open, leaving };

  const Endpoint& endpoint() const;
  void on_ready(int status, int events);
  void agree();
  void open();
  void refuse(Counter reason, std::string_view why);
  void read_some();
  bool read_once();
  void consume(std::string_view arrived);
  void take_packets();
  void resume();
  void on_writable();
  void on_deadline();
  void on_peer_done();
  void on_end();
  void on_failure();
  void leave();
  void say_goodbye();
  void doom();
  void call_attention();
  void watch();

  TcpServer& server_;
  TcpStream stream_;
  uv_poll_t* poll_;  // deleted by its close callback
  Session* session_ = nullptr;
  PacketReader packets_;
  Outbox outbox_;
  std::string unsent_;  // what the kernel did not take of the last write: from sent_ on
  std::size_t sent_ = 0;
  std::string peer_;    // until the session takes it
  Timer deadline_;      // of the TLS handshake, and of the goodbye
  std::uint32_t listener_;
  int watched_ = 0;
  Phase phase_ = Phase::agreeing;
  bool paused_ = false;
  bool resumed_ = false;      // what has been read is to be looked at
  bool attended_ = false;     // it is on the server's list
  bool peer_done_ = false;    // the peer's last byte has arrived, while nothing was read
  bool peer_ended_ = false;   // nothing more comes: it has been read
  bool shut_ = false;         // our half is closed
  bool wants_write_ = false;  // TLS cannot go on before the descriptor is writable
  bool doomed_ = false;
};

}  // namespace dunlin
