// SPDX-License-Identifier: Apache-2.0
// WsConnection: one accepted client connection, from accept to close; the Transport of its session while it has one.
// Owned by lws (deleted when its wsi is destroyed). All [worker].
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/metrics.h"
#include "core/hub/outbox.h"
#include "core/loop/timer_wheel.h"
#include "core/net/deflate_offer.h"
#include "core/net/ws_server.h"
#include "core/session/session.h"
#include "core/session/transport.h"

struct lws_process_html_args;

namespace dunlin {

class WsConnection final : public Transport {
 public:
  // `fd` is the socket, which lws owns.
  WsConnection(WsServer& server, std::size_t listener, int fd, std::string peer);
  ~WsConnection();

  void attach(lws* wsi) { wsi_ = wsi; }

  // From lws (ws_callback.cpp): 0 goes on, -1 closes, as lws has it.
  int on_upgrade(std::string_view protocol);
  int on_http(std::string_view path);
  int on_extension_offered();
  int on_answer(lws_process_html_args& answer);
  int on_established();
  struct Part {              // of a message
    bool first, final;       // first: of the message; final: its last, which ends here
    bool binary, compressed; // compressed: RSV1 is set in this frame
    std::size_t remaining;   // of this frame
  };
  int on_receive(std::string_view data, const Part& part);
  void on_pong(bool sound);
  int on_peer_close(std::string_view payload);
  void on_writable();
  void on_dropped();  // lws is about to close it, whatever the cause
  // From HangupWatch, while it rests: the peer has sent its last byte, or the whole connection is no more.
  void on_hangup(bool whole);

  // Transport
  Outbox& outbox() override { return outbox_; }
  void pause_reading(bool pause) override;
  void ping() override;
  bool leave_if_done() override;
  unsigned window_bits() const override { return window_bits_; }
  void finish(int code, std::string_view text) override;
  Took write(std::string_view frames) override;
  void overflowed() override;

  // Stops reading, if that is still wanted. REQUIRES: the turn ends
  void rest();
  // Cuts the connection. REQUIRES: called by no callback of lws.
  void kill();

 private:
  enum class Phase : std::uint8_t { handshaking, http, open, leaving };

  const Listener& listener() const;
  const Endpoint& endpoint() const;
  const Endpoint* find_endpoint(std::string_view path, bool websocket);
  // Answers the handshake with an HTTP error, counts and logs it; -1.
  int refuse(Counter reason, std::string_view why, std::string_view status, std::string_view headers = {});
  int serve_file(const Endpoint& endpoint, std::string_view path);
  std::unique_ptr<Handshake> read_handshake() const;
  void set_deadline(Millis patience);
  // Whether `part` may come where it does; notes what it begins.
  bool begin_part(const Part& part);
  void hand_over(std::string_view message);
  void wake();
  const std::string& peer() const { return passing_->peer; }
  void doom();
  void on_deadline();

  WsServer& server_;
  lws* wsi_ = nullptr;
  Session* session_ = nullptr;
  Outbox outbox_;
  std::unique_ptr<std::string> message_;  // the parts of a message so far
  // What an open connection does without: this is memory of every one of them.
  struct Passing {
    Timer deadline;    // of the handshake, and of the goodbye
    std::string peer;  // until the session takes it
    DeflateAgreement deflate;
    unsigned extensions_seen = 0;
  };
  std::unique_ptr<Passing> passing_;
  int fd_;  // its socket, if bytes go to it as they are; -1: TLS lies in between
  std::uint32_t listener_;
  std::uint32_t endpoint_ = kNone;
  Kind kind_ = Kind::text;
  Phase phase_ = Phase::handshaking;
  bool refused_ = false;
  bool doomed_ = false;
  bool wants_rest_ = false;   // it is not to be read,
  bool noted_ = false;        // will not be from the end of the turn on,
  bool rests_ = false;        // and is not
  bool peer_done_ = false;    // its last byte has arrived, while nothing was read
  bool in_frame_ = false;          // more of it is to come
  bool compressed_ = false;        // the message that arrives
  std::uint8_t window_bits_ = 0;  // agreed for what is sent; 0: no compression either way

  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
};

}  // namespace dunlin
