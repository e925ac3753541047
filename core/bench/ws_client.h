// SPDX-License-Identifier: Apache-2.0
// WsClient: one WebSocket connection of the load client (RFC 6455), from connect to close. To a tcp:// target it is a plain
// TCP connection, which says and reads nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/deflate.h"
#include "core/base/result.h"
#include "core/bench/poller.h"
#include "core/bench/target.h"

namespace dunlin::bench {

class WsClient;

class WsListener {
 public:
  virtual void on_open(WsClient& client) = 0;
  // One frame's payload; a message in fragments comes as several. Valid until it returns.
  virtual void on_frame(WsClient& client, std::string_view payload) = 0;
  // Once, however it ended; `why` is empty after an orderly close that we began.
  virtual void on_closed(WsClient& client, std::string_view why) = 0;

 protected:
  ~WsListener() = default;
};

class WsClient final : public Pollable {
 public:
  WsClient(WsListener& listener, unsigned index) : listener_(listener), index_(index) {}
  ~WsClient();
  WsClient(const WsClient&) = delete;
  WsClient& operator=(const WsClient&) = delete;

  // `protocol`: of Sec-WebSocket-Protocol; empty: none. `headers`: more lines of the handshake, each with its CRLF.
  // `inflater`: permessage-deflate is offered, and has to be agreed to; nullptr: it is not. It may serve many.
  // Failures come to on_closed, never from inside.
  Status connect(Poller& poller, const Target& target, const std::string& protocol, const std::string& headers = {},
                 Inflater* inflater = nullptr);

  // REQUIRES: is_open(). Goes out with the next flush().
  void send(std::string_view payload, bool binary);
  void flush();
  // Begins the closing handshake; on_closed() tells of its end.
  void close();

  unsigned index() const { return index_; }
  bool is_open() const { return state_ == State::open; }

  void on_events(std::uint32_t events) override;

  std::uint64_t next = 0;  // the user's: the number of the message that it waits for

 private:
  enum class State : std::uint8_t { idle, connecting, open, closing, closed };

  void frame(unsigned opcode, std::string_view payload);
  void opened();
  void read(bool to_the_end);
  void take(std::string_view bytes);
  std::string_view take_answer(std::string_view bytes);
  std::size_t take_frame(std::string_view bytes);
  void take_data(unsigned first, std::string_view payload);
  void end(std::string_view why);

  WsListener& listener_;
  Poller* poller_ = nullptr;
  Inflater* inflater_ = nullptr;
  bool plain_ = false;  // no WebSocket
  int fd_ = -1;
  unsigned index_;
  State state_ = State::idle;
  std::string in_, out_;  // what came of a frame so far; what is to be sent
};

}  // namespace dunlin::bench
