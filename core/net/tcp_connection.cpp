// SPDX-License-Identifier: Apache-2.0
#include "core/net/tcp_connection.h"

#include <algorithm>
#include <utility>

#include "dunlin/framer.h"

namespace dunlin {
namespace {

constexpr int kNormal = 1000;
constexpr Millis kGoodbye{3000};  // for what waits, and for the peer to close
constexpr int kReadsATurn = 8;    // of one connection: others want to be read, too

}  // namespace

TcpConnection::TcpConnection(TcpServer& server, std::size_t listener, int fd, TcpStream::Tls tls, std::string peer)
    : server_(server), stream_(fd, std::move(tls)), poll_(new uv_poll_t{}),
      outbox_(server.parts_.flusher, *this,
              server.parts_.served->config().listeners[listener].endpoints.front().limits.outbox),
      peer_(std::move(peer)), listener_(static_cast<std::uint32_t>(listener)) {
  poll_->data = this;
  uv_poll_init(server_.parts_.loop.uv(), poll_, fd);
  deadline_.on_fire([this] { on_deadline(); });
}

TcpConnection::~TcpConnection() {
  cut();
  outbox_.discard(Counter::drop_closed);
  uv_poll_stop(poll_);
  uv_close(reinterpret_cast<uv_handle_t*>(poll_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  server_.parts_.limits.release(listener_, 0);
  if (attended_)
    std::replace(server_.attention_.begin(), server_.attention_.end(), this, static_cast<TcpConnection*>(nullptr));
}

const Endpoint& TcpConnection::endpoint() const {
  return session_ ? session_->endpoint() : server_.parts_.served->config().listeners[listener_].endpoints.front();
}

void TcpConnection::start() {
  if (!stream_.secure()) return open();
  server_.parts_.wheel.start(deadline_, endpoint().limits.handshake);
  watch();
}

void TcpConnection::agree() {
  const TcpStream::Io io = stream_.handshake();
  wants_write_ = io == TcpStream::Io::wait_write;
  if (io == TcpStream::Io::done) return open();
  if (io == TcpStream::Io::failed || io == TcpStream::Io::ended)
    return refuse(Counter::refused_request, "TLS handshake: " + stream_.failure());
  watch();
}

void TcpConnection::open() {
  if (server_.draining_) return refuse(Counter::refused_draining, "the server is stopping");
  phase_ = Phase::open;
  deadline_.stop();
  std::unique_ptr<Handshake> handshake;
  if (const std::string certificate = stream_.peer_pem(); !certificate.empty()) {
    handshake = std::make_unique<Handshake>();
    handshake->add(Handshake::kTlsSubject, stream_.peer_subject());
    handshake->add(Handshake::kTlsCertificate, certificate);
  }
  session_ = &server_.parts_.sessions.open(*this, server_.parts_.served->at(listener_, 0), std::move(peer_), std::move(handshake));
  watch();
  session_->start();
  if (stream_.secure()) resume();  // its first packet may have come with the handshake
}

void TcpConnection::refuse(Counter reason, std::string_view why) {
  server_.parts_.counters.add(reason);
  server_.parts_.log.info("connection refused", {{"reason", counter_label(reason)}, {"peer", peer_}, {"why", why}});
  doom();
}

// One that is not read is watched for its end all the same. What waits for nothing is not watched.
void TcpConnection::watch() {
  const bool reads = !peer_ended_ && (phase_ == Phase::leaving || !paused_);
  const bool ends = !reads && !peer_ended_ && !peer_done_;
  const bool writes = wants_write_ || !unsent_.empty();
  const int wanted = doomed_ ? 0 : (reads ? UV_READABLE : 0) | (ends ? UV_DISCONNECT : 0) | (writes ? UV_WRITABLE : 0);
  if (wanted == watched_) return;
  watched_ = wanted;
  if (wanted == 0) {
    uv_poll_stop(poll_);
    return;
  }
  uv_poll_start(poll_, wanted, [](uv_poll_t* poll, int status, int events) {
    static_cast<TcpConnection*>(poll->data)->on_ready(status, events);
  });
}

void TcpConnection::on_ready(int status, int events) {
  if (phase_ == Phase::agreeing) return agree();  // whatever it waits for
  if (status < 0) {  // libuv watches it no more
    watched_ = 0;
    if (paused_ && phase_ == Phase::open) return on_failure();
    events = UV_READABLE;
  }
  if (events & UV_WRITABLE) on_writable();
  if (events & UV_READABLE && !doomed_) read_some();
  if (events & UV_DISCONNECT && !doomed_) on_peer_done();
  watch();
}

void TcpConnection::read_some() {
  for (int i = 0; i < kReadsATurn; ++i)
    if (doomed_ || peer_ended_ || (paused_ && phase_ == Phase::open) || !read_once()) return;
}

// False: nothing more is to be had now.
bool TcpConnection::read_once() {
  std::string& input = server_.input_;
  const TcpStream::Outcome read = stream_.read(input.data(), input.size() - 1);
  switch (read.io) {
    case TcpStream::Io::done: break;
    case TcpStream::Io::ended: return on_end(), false;
    case TcpStream::Io::failed: return on_failure(), false;
    case TcpStream::Io::wait_write: wants_write_ = true; return false;
    case TcpStream::Io::wait_read: return false;
  }
  if (!session_) return true;  // saying goodbye: what still comes is not heard
  input[read.bytes] = '\0';
  server_.parts_.counters.add(Counter::bytes_in, read.bytes);
  session_->on_sign_of_life();
  consume({input.data(), read.bytes});
  return stream_.secure() || read.bytes == input.size() - 1;
}

void TcpConnection::consume(std::string_view arrived) {
  packets_.begin(arrived);
  take_packets();
  packets_.end();
}

// While the router thinks about a packet the framer is not asked for the next.
void TcpConnection::take_packets() {
  const auto length = [this](std::string_view unread) -> std::int64_t {
    session_->move_on();
    if (!session_) return DUNLIN_FRAMER_WAIT;  // who took it over closed it
    return server_.runtime_->input(session_->served().modules, session_->id(), unread);
  };
  while (session_ && !paused_) {
    std::string_view packet;
    packets_.limit(endpoint().limits.message, endpoint().limits.buffer);
    const PacketReader::Next next = packets_.next(length, packet);
    if (!session_ || next == PacketReader::Next::wait) return;
    switch (next) {
      case PacketReader::Next::packet: session_->on_message(Kind::binary, packet); break;
      case PacketReader::Next::dropped: session_->close(CloseReason::protocol_error); break;
      case PacketReader::Next::too_big: session_->close(CloseReason::too_big); break;
      default: session_->close(CloseReason::fault); break;
    }
  }
}

void TcpConnection::pause_reading(bool pause) {
  if (std::exchange(paused_, pause) == pause) return;
  if (pause) return watch();
  resume();
}

// First what has been read: in a moment, for the session may be in the middle of something.
void TcpConnection::resume() {
  resumed_ = true;
  call_attention();
}

bool TcpConnection::attend() {
  attended_ = false;
  if (!doomed_ && std::exchange(resumed_, false)) {
    if (session_ && !paused_) consume({});
    // What TLS has decrypted wakes nobody; the descriptor does, in a turn to come.
    if (!doomed_ && !paused_ && stream_.has_decrypted()) read_once();
    watch();
  }
  if (!doomed_ && phase_ == Phase::leaving) say_goodbye();
  return !doomed_;
}

Sink::Took TcpConnection::write(std::string_view bytes) {
  if (doomed_) return Took::dead;
  const TcpStream::Outcome wrote = stream_.write(bytes);
  if (wrote.io == TcpStream::Io::done) return Took::all;
  if (wrote.io == TcpStream::Io::failed || wrote.io == TcpStream::Io::ended) {
    doom();
    return Took::dead;
  }
  unsent_ = bytes.substr(wrote.bytes);
  sent_ = 0;
  watch();
  return Took::blocked;
}

void TcpConnection::on_writable() {
  wants_write_ = false;
  if (!unsent_.empty()) {
    const TcpStream::Outcome wrote = stream_.write(std::string_view(unsent_).substr(sent_));
    if (wrote.io == TcpStream::Io::failed || wrote.io == TcpStream::Io::ended) return on_failure();
    if (wrote.bytes > 0 && session_) session_->on_sign_of_life();  // it reads, if slowly
    sent_ += wrote.bytes;
    if (sent_ < unsent_.size()) return;
    std::string().swap(unsent_);
  }
  if (outbox_.backlogged()) outbox_.on_writable();
  if (phase_ == Phase::leaving) call_attention();
}

void TcpConnection::overflowed() {
  if (session_) session_->close(CloseReason::slow_consumer);
}

void TcpConnection::finish(int, std::string_view) { leave(); }

void TcpConnection::leave() {
  session_ = nullptr;
  phase_ = Phase::leaving;
  server_.parts_.wheel.start(deadline_, kGoodbye);
  call_attention();
}

// Our end of the stream goes behind what was sent; then the peer's is awaited, since closing on bytes that nobody has
// read would take back what it has not read yet.
void TcpConnection::say_goodbye() {
  watch();
  if (shut_ || !unsent_.empty()) return;
  if (!outbox_.empty()) {
    if (!outbox_.backlogged()) call_attention();  // it is written in this turn
    return;
  }
  shut_ = true;
  stream_.shut_down();
  if (peer_ended_) doom();
}

// What it sent is handled and answered, for it may still listen. But who is waited for until somebody has set a value, which
// may take an hour, counts as having left.
void TcpConnection::on_peer_done() {
  peer_done_ = true;
  if (session_ && session_->context().waited()) leave_if_done();
}

bool TcpConnection::leave_if_done() {
  if (peer_done_ && session_) session_->close(CloseReason::by_peer, kNormal);
  return peer_done_;
}

// The peer has said all it had to say; what waits for it is still written.
void TcpConnection::on_end() {
  peer_ended_ = true;
  if (Session* session = std::exchange(session_, nullptr)) session->on_transport_closed(CloseReason::by_peer, kNormal);
  if (shut_) return doom();
  leave();
}

void TcpConnection::on_failure() {
  cut();
  doom();
}

void TcpConnection::cut() {
  if (Session* session = std::exchange(session_, nullptr)) session->on_transport_closed(CloseReason::lost);
}

void TcpConnection::on_deadline() {
  if (phase_ == Phase::agreeing) return refuse(Counter::refused_slow, "the TLS handshake took too long");
  doom();
}

void TcpConnection::doom() {
  if (std::exchange(doomed_, true)) return;
  watch();
  call_attention();
}

void TcpConnection::call_attention() {
  if (std::exchange(attended_, true)) return;
  server_.attention_.push_back(this);
}

}  // namespace dunlin
