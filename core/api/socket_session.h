// SPDX-License-Identifier: Apache-2.0
// SocketSession: one connection of the WebSocket API (/ws/v1): requests in, answers matched by `i`, and the messages of
// the topics that it pops. Belongs to its WebSocket, and to whoever answers it later. [worker]
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/access.h"
#include "core/api/api_host.h"
#include "core/api/members.h"
#include "core/api/methods.h"
#include "core/base/json.h"
#include "core/net/web_socket.h"

namespace dunlin {

// Figures of the sessions of one worker, and who is open.
struct SocketSessions {
  std::uint64_t requests = 0, refused = 0, events = 0;
  std::vector<class SocketSession*> open;
};

class SocketSession final : public WebSocketUser, public QueueConsumer, public std::enable_shared_from_this<SocketSession> {
 public:
  // `password`: as configured when it logged in.
  SocketSession(ApiHost& host, SocketSessions& sessions, std::string node, Access::Decision user, std::string password);
  ~SocketSession() override;

  // The users have changed: its own roles do too; it ends when it is no user any more, or by another password.
  void on_access_changed(const Access& access);

  void on_open(WebSocket& socket) override;
  void on_message(Kind kind, std::string_view data) override;
  void on_written() override;
  void on_drain() override;
  void on_closed(SocketEnd end) override;

  void on_queue_message(const QueueMessageRef& message) override;

 private:
  static constexpr std::size_t kMostInFlight = 32'768;

  struct Own {  // methods that are about this connection
    std::string_view name;
    Role role;
    void (SocketSession::*run)(const json::Value& parameters, Method::Done done);
  };
  static const Own kOwn[];

  void request(const Member& m, const Member& p, std::string id);
  void pop(const json::Value& parameters, Method::Done done);
  void unpop(const json::Value& parameters, Method::Done done);
  void ack(const json::Value& parameters, Method::Done done);

  bool may(Role role) const { return role == Role::read ? user_.read : role == Role::write ? user_.write : true; }
  Method::Done answer_to(std::string id);
  void answer(const ApiReply& reply, std::string_view id);
  void refuse(ApiCode code, std::string_view why, std::string_view id);
  void leave_topics();
  bool has_room() const;
  void send_event(const QueueMessage& message);
  void send_held();

  // A message that was sent, until the kernel has taken it.
  struct Sent {
    std::uint64_t id;
    std::uint64_t end;  // WebSocket::queued() behind it
  };

  ApiHost& host_;
  SocketSessions& sessions_;
  const std::string node_;  // its id, as JSON
  Access::Decision user_;
  std::string password_;
  WebSocket* socket_ = nullptr;  // while it is open
  ConsumerId consumer_ = 0;
  std::uint64_t pops_ = 0;
  bool ack_ = false;
  std::deque<QueueMessageRef> held_;  // until the kernel has taken most of what was sent before
  std::deque<Sent> sent_;
  std::string out_;  // an answer in the making; kept for its memory
  std::size_t in_flight_ = 0;
  bool draining_ = false;
};

}  // namespace dunlin
