// SPDX-License-Identifier: Apache-2.0
// What happens on an open connection; ws_handshake.cpp has what comes before.
//
// All bytes go out through write(), as whole frames that we built. lws sends only what it answers by itself: pongs, and
// its Close over a protocol error. Two rules keep both apart (measured on 4.1.6): nothing is written once either side has
// begun to close, and nothing while lws still holds a part of the last write.
#include "core/net/ws_connection.h"

#include <libwebsockets.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "core/base/json.h"
#include "core/net/hangup_watch.h"

namespace dunlin {
namespace {

constexpr Millis kGoodbye{3000};  // for what waits, our Close frame and the peer's answer

// The payload of a Close frame (RFC 6455, 5.5.1).
std::string close_payload(int code, std::string_view text) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return payload.append(text.substr(0, 123));
}

int close_code(std::string_view payload) {
  constexpr int kNoStatus = 1005;
  if (payload.size() < 2) return kNoStatus;
  return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
}

// To a peer's Close: the same, if that was sound. A code that nobody may send lws has replaced already.
std::string close_answer(std::string_view payload) {
  const std::string_view text = payload.substr(std::min<std::size_t>(payload.size(), 2));
  return payload.size() != 1 && is_utf8(text) ? std::string(payload) : close_payload(1002, {});
}

}  // namespace

WsConnection::WsConnection(WsServer& server, std::size_t listener, int fd, std::string peer)
    : server_(server),
      outbox_(server.parts_.flusher, *this,
              server.parts_.served->config().listeners[listener].endpoints.front().limits.outbox),
      fd_(server.parts_.served->config().listeners[listener].tls.certificate.empty() ? fd : -1),
      listener_(static_cast<std::uint32_t>(listener)) {
  ++server_.connections_;
  Millis patience{0};
  for (const Endpoint& endpoint : this->listener().endpoints) patience = std::max(patience, endpoint.limits.handshake);
  set_deadline(patience);
  passing_->peer = std::move(peer);
}

void WsConnection::set_deadline(Millis patience) {
  if (!passing_) passing_ = std::make_unique<Passing>();
  passing_->deadline.on_fire([this] { on_deadline(); });
  server_.parts_.wheel.start(passing_->deadline, patience);
}

WsConnection::~WsConnection() {
  wsi_ = nullptr;  // half gone already
  on_dropped();
  --server_.connections_;
  if (endpoint_ != kNone && endpoint().static_folder.empty()) server_.parts_.limits.release(listener_, endpoint_);
  if (phase_ == Phase::handshaking && !refused_) {
    server_.parts_.counters.add(Counter::refused_request);
    server_.parts_.log.info("connection refused", {{"reason", "bad_request"}, {"peer", peer()},
                                                   {"why", "it ended before a complete, well-formed request"}});
  }
  for (auto [listed, list] : {std::pair{doomed_, &server_.doomed_}, std::pair{noted_, &server_.resting_}})
    if (listed) std::replace(list->begin(), list->end(), this, static_cast<WsConnection*>(nullptr));
}

const Listener& WsConnection::listener() const { return server_.parts_.served->config().listeners[listener_]; }
const Endpoint& WsConnection::endpoint() const { return listener().endpoints[endpoint_]; }

int WsConnection::on_established() {
  phase_ = Phase::open;
  outbox_.set_limit(endpoint().limits.outbox);
  if (window_bits_ != 0) server_.parts_.counters.add(Counter::deflate_agreed);
  session_ = &server_.parts_.sessions.open(*this, server_.parts_.served->at(listener_, endpoint_), std::move(passing_->peer),
                                           read_handshake());
  passing_.reset();
  session_->start();
  return 0;
}

// RFC 7692, 6.1: only the first frame of a message says that it is compressed. lws tells of the first part of a message,
// not of a frame.
bool WsConnection::begin_part(const Part& part) {
  const bool goes_on = std::exchange(in_frame_, part.remaining > 0);
  if (!part.first) return goes_on || !part.compressed;
  message_.reset();
  kind_ = part.binary ? Kind::binary : Kind::text;
  compressed_ = part.compressed;
  return true;
}

int WsConnection::on_receive(std::string_view data, const Part& part) {
  if (!session_) return 0;  // saying goodbye: what still comes is not heard
  server_.parts_.counters.add(Counter::bytes_in, data.size());
  session_->on_sign_of_life();
  if (!begin_part(part)) {
    session_->close(CloseReason::protocol_error);
    message_.reset();
    return 0;
  }
  // What cannot be compressed grows by a few bytes when it is.
  const std::size_t limit = endpoint().limits.message, most = compressed_ ? limit + limit / 1024 + 64 : limit;
  if ((message_ ? message_->size() : 0) + data.size() + part.remaining > most) {
    session_->close(CloseReason::too_big);
    message_.reset();
    return 0;
  }
  const bool whole = part.first && part.final && part.remaining == 0;
  if (!whole) {
    if (!message_) message_ = std::make_unique<std::string>();
    *message_ += data;
    if (!part.final || part.remaining > 0) return 0;
    data = *message_;
  }
  hand_over(data);
  if (!whole) message_.reset();  // an idle connection keeps no buffer
  return 0;
}

void WsConnection::hand_over(std::string_view message) {
  Inflater& inflater = server_.inflater_;
  if (compressed_) {
    server_.parts_.counters.add(Counter::inflated);
    const Inflater::Outcome outcome = inflater.inflate(message, endpoint().limits.message);
    if (outcome != Inflater::Outcome::done)
      return session_->close(outcome == Inflater::Outcome::too_big ? CloseReason::too_big : CloseReason::not_inflated);
    message = inflater.message();
  }
  if (kind_ == Kind::text && !is_utf8(message)) {
    session_->close(CloseReason::not_utf8);
  } else {
    session_->on_message(kind_, message);
  }
  if (compressed_) inflater.release();
}

void WsConnection::on_pong(bool sound) {
  if (!session_) return;
  session_->on_sign_of_life();
  if (!sound) session_->close(CloseReason::protocol_error);
}

// The answer is written at once, and lws closes: it would arm POLLOUT for it, wait a turn of the loop, and close then. What
// the kernel does not take of it, lws sends before it closes.
int WsConnection::on_peer_close(std::string_view payload) {
  if (phase_ == Phase::leaving) return -1;  // the answer to our Close, or as good as one: done
  phase_ = Phase::leaving;
  const std::string answer = close_answer(payload);
  if (Session* session = std::exchange(session_, nullptr)) session->on_transport_closed(CloseReason::by_peer, close_code(answer));
  outbox_.discard(Counter::drop_closed);
  if (write(Message::make(Kind::close, answer)->frame()) == Took::blocked) set_deadline(kGoodbye);
  return -1;
}

void WsConnection::on_dropped() {
  if (rests_) wake();
  Session* session = std::exchange(session_, nullptr);
  if (phase_ == Phase::open) phase_ = Phase::leaving;
  if (!session) return;
  // Nobody but lws gives a close reason to lws: it found the peer at fault.
  const bool at_fault = wsi_ && lws_get_close_length(wsi_) >= 2;
  session->on_transport_closed(at_fault ? CloseReason::protocol_error : CloseReason::lost);
}

// From the end of the turn on, since most handlers that wait are done by then: to stop and to start again are three calls
// of the kernel. What one read brought comes in any case.
void WsConnection::pause_reading(bool pause) {
  wants_rest_ = pause;
  if (pause == rests_ || !wsi_) return;
  if (pause) {
    if (!std::exchange(noted_, true)) server_.resting_.push_back(this);
  } else {
    wake();
    lws_rx_flow_control(wsi_, 1);
  }
}

void WsConnection::wake() {
  rests_ = false;
  if (server_.hangups_ && wsi_) server_.hangups_->remove(lws_get_socket_fd(wsi_));
}

void WsConnection::rest() {
  noted_ = false;
  if (!wants_rest_ || rests_ || !wsi_ || phase_ != Phase::open) return;
  rests_ = true;
  lws_rx_flow_control(wsi_, 0);
  server_.hangups().add(lws_get_socket_fd(wsi_), this);
}

// A message waits for the one that is handled, or it would be read. Both are handled, and what came behind them, before the
// end of the stream is seen; but who is waited for until somebody has set a value, which may take an hour, has left.
void WsConnection::on_hangup(bool whole) {
  peer_done_ = true;
  if (session_ && (whole || session_->context().waited())) leave_if_done();
}

bool WsConnection::leave_if_done() {
  if (!peer_done_) return false;
  on_dropped();
  outbox_.discard(Counter::drop_closed);
  doom();
  return true;
}

// Not empty: lws tells nobody of an empty pong.
void WsConnection::ping() { outbox_.push_control(Message::make(Kind::ping, "dunlin")); }

void WsConnection::finish(int code, std::string_view text) {
  session_ = nullptr;
  phase_ = Phase::leaving;
  pause_reading(false);  // to hear the answer
  outbox_.push_control(Message::make(Kind::close, close_payload(code, text)));
  set_deadline(kGoodbye);
}

Sink::Took WsConnection::write(std::string_view frames) {
  if (doomed_ || lws_get_close_length(wsi_) > 0) return Took::dead;
  // lws_write() would come to the same by some 200 instructions more; what the kernel does not take at once is left to it.
  if (fd_ >= 0 && !lws_partial_buffered(wsi_)) {
    const ssize_t sent = ::send(fd_, frames.data(), frames.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(frames.size())) return Took::all;
    if (sent > 0) frames.remove_prefix(static_cast<std::size_t>(sent));
  }
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(frames.data()));  // RAW: lws only reads them
  if (lws_write(wsi_, bytes, frames.size(), LWS_WRITE_RAW) < 0) {
    doom();
    return Took::dead;
  }
  return lws_partial_buffered(wsi_) ? Took::blocked : Took::all;
}

void WsConnection::on_writable() {
  if (session_) session_->on_sign_of_life();  // the peer took something: slow, but there
  if (outbox_.backlogged() && !lws_partial_buffered(wsi_)) outbox_.on_writable();
}

void WsConnection::overflowed() {
  if (session_) session_->close(CloseReason::slow_consumer);
}

void WsConnection::on_deadline() {
  if (phase_ == Phase::handshaking) {
    refused_ = true;
    server_.parts_.counters.add(Counter::refused_slow);
    server_.parts_.log.info("connection refused", {{"reason", "handshake_timeout"}, {"peer", peer()}});
  }
  doom();
}

void WsConnection::doom() {
  if (std::exchange(doomed_, true)) return;
  server_.doomed_.push_back(this);
}

void WsConnection::kill() {
  doomed_ = false;
  on_dropped();
  outbox_.discard(Counter::drop_closed);
  if (!wsi_) return;
  // What lws still holds would keep it waiting: with the socket shut, its next write fails and it closes.
  ::shutdown(lws_get_socket_fd(wsi_), SHUT_RDWR);
  lws_rx_flow_control(wsi_, 1);
  lws_set_timeout(wsi_, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);  // may delete this
}

}  // namespace dunlin
