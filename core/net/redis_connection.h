// SPDX-License-Identifier: Apache-2.0
// RedisConnection: one connection of a RedisClient's pool, from the look-up of the host to its end.
//
//   looking_up ──▶ connecting (TCP, TLS) ──▶ greeting (AUTH, SELECT) ──▶ ready ──▶ ended
//
// Commands wait until it is ready: none may reach the server before log-in and database are right. [worker]
#pragma once

#include <uv.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/redis_types.h"
#include "core/net/redis_client.h"
#include "core/net/tcp_stream.h"

struct redisReader;

namespace dunlin {

class RedisConnection : public std::enable_shared_from_this<RedisConnection> {
 public:
  static constexpr std::size_t kMostReply = 64 * 1024 * 1024;  // bytes of one reply

  RedisConnection(RedisClient& client, RedisClient::Pool& pool);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  void start();
  void send(std::uint64_t id, std::string_view bytes);
  // Nobody waits for this reply any more. `late`: the server is slow; until it answers something it gets nothing new.
  void give_up(std::uint64_t id, bool late);
  // Tells the client of its end, with what nobody answered.
  void end(std::string why);
  void close();  // says nothing

  std::size_t load() const { return waiting_.size() + in_flight_.size(); }
  bool usable() const { return step_ != Step::ended && !tired_; }

  // The bytes of a command.
  static std::string format(const std::vector<std::string>& argv);

 private:
  enum class Step : std::uint8_t { looking_up, connecting, greeting, ready, ended };
  struct Waiting {
    std::uint64_t id;
    std::string bytes;
  };

  void look_up();
  void connect_to(const std::string& address);
  void on_event(int status, int events);
  void agree();
  void greet();
  void read_some();
  void take_replies();
  void take_reply(RedisValue value);
  void become_ready();
  void write_some();
  void write_later();
  void watch();
  std::string place() const;

  RedisClient& client_;
  RedisClient::Pool& pool_;
  std::unique_ptr<TcpStream> stream_;
  uv_poll_t* poll_ = nullptr;  // deleted by its close callback
  redisReader* reader_;
  std::deque<Waiting> waiting_;          // before it is ready
  std::deque<std::uint64_t> in_flight_;  // in the order of their sending; 0: ours
  std::string unsent_;                   // from sent_ on
  std::size_t sent_ = 0;
  Timer deadline_;  // until it is ready
  std::size_t given_up_ = 0;
  std::size_t unparsed_ = 0;  // bytes since the last reply
  unsigned greetings_ = 0;    // replies that are awaited
  int watched_ = 0;
  Step step_ = Step::looking_up;
  bool tired_ = false;
  bool write_due_ = false;
  bool wants_write_ = false;
};

}  // namespace dunlin
