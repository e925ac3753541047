// SPDX-License-Identifier: Apache-2.0
#include "core/bench/ws_client.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace dunlin::bench {
namespace {

constexpr unsigned kFinal = 0x80, kMasked = 0x80;
constexpr unsigned kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;
// RFC 6455's own example, so that the answer to it is known.
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==", kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
constexpr unsigned kCompressed = 0x40;
constexpr std::size_t kMostInflated = 64u << 20;
constexpr std::string_view kDeflate =
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";
constexpr std::array<char, 4> kMask = {0x37, 0x5a, 0x21, 0x4d};

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

WsClient::~WsClient() {
  if (fd_ >= 0) ::close(fd_);
}

Status WsClient::connect(Poller& poller, const Target& target, const std::string& protocol, const std::string& headers,
                         Inflater* inflater) {
  const auto fd = connect_to(target, index_);
  if (!fd) return fd.error();
  fd_ = *fd;
  poller_ = &poller;
  inflater_ = inflater;
  state_ = State::connecting;
  plain_ = target.scheme == "tcp";
  if (!plain_) {
    out_ = fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {}\r\n"
        "Sec-WebSocket-Version: 13\r\n{}{}{}{}{}\r\n",
        target.path, target.host, kKey, protocol.empty() ? "" : "Sec-WebSocket-Protocol: ", protocol,
        protocol.empty() ? "" : "\r\n", headers, inflater ? kDeflate : "");
  }
  poller.add(fd_, *this);
  return ok();
}

void WsClient::send(std::string_view payload, bool binary) { frame(binary ? kBinary : kText, payload); }

void WsClient::close() {
  if (plain_) {
    ::shutdown(fd_, SHUT_WR);
    state_ = State::closing;
    return;
  }
  frame(kClose, std::string_view("\x03\xe8", 2));
  flush();
  if (state_ == State::open) state_ = State::closing;
}

void WsClient::frame(unsigned opcode, std::string_view payload) {
  out_ += static_cast<char>(kFinal | opcode);
  if (payload.size() < 126) {
    out_ += static_cast<char>(kMasked | payload.size());
  } else {
    const int count = payload.size() <= 0xffff ? 2 : 8;
    out_ += static_cast<char>(kMasked | (count == 2 ? 126u : 127u));
    for (int i = count - 1; i >= 0; --i) out_ += static_cast<char>(payload.size() >> 8 * i);
  }
  out_.append(kMask.data(), kMask.size());
  const std::size_t begin = out_.size();
  out_ += payload;
  for (std::size_t i = 0; i < payload.size(); ++i)
    out_[begin + i] = static_cast<char>(out_[begin + i] ^ kMask[i % kMask.size()]);
}

void WsClient::flush() {
  if (out_.empty() || fd_ < 0) return;
  const ssize_t sent = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);  // an error shows when it is read
  if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
}

void WsClient::on_events(std::uint32_t events) {
  if ((events & (EPOLLOUT | EPOLLERR)) == EPOLLOUT) {  // a send would take the error that read() is to tell
    flush();
    if (plain_ && state_ == State::connecting) opened();
  }
  constexpr std::uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if (events & (EPOLLIN | kEnd)) read((events & kEnd) != 0);
}

void WsClient::opened() {
  state_ = State::open;
  listener_.on_open(*this);
}

void WsClient::read(bool to_the_end) {
  std::string& buffer = poller_->input();
  while (fd_ >= 0) {
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got > 0) {
      take({buffer.data(), static_cast<std::size_t>(got)});
      // What comes from now on is a new event: the descriptor is edge-triggered.
      if (static_cast<std::size_t>(got) < buffer.size() && !to_the_end) return;
    } else if (got == 0) {
      return end(state_ == State::closing ? "" : "the server closed the connection");
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      return end(state_ == State::closing ? "" : std::strerror(errno));
    }
  }
}

void WsClient::take(std::string_view bytes) {
  if (plain_) return;
  std::string kept;
  if (!in_.empty()) {
    kept = std::exchange(in_, {});
    kept += bytes;
    bytes = kept;
  }
  if (state_ == State::connecting) bytes = take_answer(bytes);
  while (fd_ >= 0 && state_ != State::connecting && !bytes.empty()) {
    const std::size_t taken = take_frame(bytes);
    if (taken == 0) break;
    bytes.remove_prefix(taken);
  }
  if (fd_ >= 0) in_ = bytes;
}

std::string_view WsClient::take_answer(std::string_view bytes) {
  const std::size_t head = bytes.find("\r\n\r\n");
  if (head == std::string_view::npos) return bytes;
  const std::string_view answer = bytes.substr(0, head);
  if (!answer.starts_with("HTTP/1.1 101") || answer.find(kAccept) == std::string_view::npos) {
    end(fmt::format("the handshake was answered with \"{}\"", answer.substr(0, answer.find('\r'))));
    return {};
  }
  if (inflater_ && answer.find("permessage-deflate") == std::string_view::npos) {
    end("the server does not agree to permessage-deflate");
    return {};
  }
  opened();
  return bytes.substr(head + 4);
}

// How many bytes the first frame took; 0: it is not whole yet.
std::size_t WsClient::take_frame(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  const unsigned opcode = static_cast<unsigned char>(bytes[0]) & 0x0fu;
  std::uint64_t size = static_cast<unsigned char>(bytes[1]);
  const std::size_t head = size == 126 ? 4 : size == 127 ? 10 : 2;
  if (bytes.size() < head) return 0;
  if (head > 2) size = big_endian(bytes.substr(2, head - 2));
  if (bytes.size() - head < size) return 0;
  const std::string_view payload = bytes.substr(head, static_cast<std::size_t>(size));
  switch (opcode) {
    case kPing:
      frame(kPong, payload);
      flush();
      break;
    case kPong: break;
    case kClose:
      if (state_ == State::closing) break;  // the answer to ours; the server ends the connection
      frame(kClose, payload.substr(0, 2));
      flush();
      end(fmt::format("the server closed with {}{}", payload.size() < 2 ? 1005 : big_endian(payload.substr(0, 2)),
                      payload.size() > 2 ? fmt::format(" ({})", payload.substr(2)) : ""));
      break;
    default: take_data(static_cast<unsigned char>(bytes[0]), payload);
  }
  return head + static_cast<std::size_t>(size);
}

void WsClient::take_data(unsigned first, std::string_view payload) {
  if ((first & kCompressed) == 0) return listener_.on_frame(*this, payload);
  if (!inflater_ || (first & kFinal) == 0) return end("a compressed frame that was not asked for, or is part of a message");
  if (inflater_->inflate(payload, kMostInflated) != Inflater::Outcome::done) return end("a compressed frame that cannot be inflated");
  listener_.on_frame(*this, inflater_->message());
}

void WsClient::end(std::string_view why) {
  if (fd_ < 0) return;
  ::close(std::exchange(fd_, -1));
  state_ = State::closed;
  listener_.on_closed(*this, why);
}

}  // namespace dunlin::bench
