// SPDX-License-Identifier: Apache-2.0
#include "core/net/redis_connection.h"

#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/net/redis_pool.h"

namespace dunlin {
namespace {

constexpr std::size_t kRead = 16 * 1024;
constexpr int kReadsATurn = 64;
constexpr std::size_t kKeep = 64 * 1024;  // of what was written

RedisValue convert(const redisReply& reply) {
  using Kind = RedisValue::Kind;
  RedisValue value;
  switch (reply.type) {
    case REDIS_REPLY_STRING: value.kind = Kind::string; break;
    case REDIS_REPLY_STATUS: value.kind = Kind::status; break;
    case REDIS_REPLY_ERROR: value.kind = Kind::error; break;
    case REDIS_REPLY_INTEGER:
      value.kind = Kind::integer;
      value.integer = reply.integer;
      return value;
    case REDIS_REPLY_ARRAY:
      value.kind = Kind::list;
      value.items.reserve(reply.elements);
      for (std::size_t i = 0; i < reply.elements; ++i) value.items.push_back(convert(*reply.element[i]));
      return value;
    default: return value;
  }
  value.text.assign(reply.str, reply.len);
  return value;
}

// The first address, as bytes; empty: there is none, and `why` says so.
std::string resolve(const std::string& host, std::uint16_t port, int flags, std::string& why) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found)) {
    why = gai_strerror(failed);
    return {};
  }
  std::string address(reinterpret_cast<const char*>(found->ai_addr), found->ai_addrlen);
  freeaddrinfo(found);
  return address;
}

}  // namespace

RedisConnection::RedisConnection(RedisClient& client, RedisClient::Pool& pool)
    : client_(client), pool_(pool), reader_(redisReaderCreate()) {
  deadline_.on_fire([this] { end(fmt::format("no connection to Redis at {} within {} ms", place(), pool_.server.timeout.count())); });
}

RedisConnection::~RedisConnection() {
  close();
  redisReaderFree(reader_);
}

std::string RedisConnection::place() const { return fmt::format("{}:{}", pool_.server.host, pool_.server.port); }

std::string RedisConnection::format(const std::vector<std::string>& argv) {
  std::string out = fmt::format("*{}\r\n", argv.size());
  for (const std::string& argument : argv) out.append(fmt::format("${}\r\n", argument.size())).append(argument).append("\r\n");
  return out;
}

void RedisConnection::start() {
  client_.wheel_.start(deadline_, pool_.server.timeout);
  std::string why;
  const std::string address = resolve(pool_.server.host, pool_.server.port, AI_NUMERICHOST, why);
  if (address.empty()) return look_up();
  connect_to(address);
}

// A name is looked up on the pool: the resolver blocks.
void RedisConnection::look_up() {
  struct Answer {
    std::string address, why;
  };
  auto answer = std::make_shared<Answer>();
  client_.loop_.offload(
      [answer, host = pool_.server.host, port = pool_.server.port] { answer->address = resolve(host, port, 0, answer->why); },
      [answer, weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self || self->step_ != Step::looking_up) return;
        if (answer->address.empty()) return self->end(fmt::format("no address for Redis at {}: {}", self->place(), answer->why));
        self->connect_to(answer->address);
      });
}

void RedisConnection::connect_to(const std::string& address) {
  const auto* target = reinterpret_cast<const sockaddr*>(address.data());
  const int fd = ::socket(target->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return end(fmt::format("no socket for Redis at {}: {}", place(), std::strerror(errno)));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const int failed = ::connect(fd, target, static_cast<socklen_t>(address.size())) == 0 ? 0 : errno;
  TcpStream::Tls tls = TcpStream::no_tls();
  if (pool_.server.tls) {
    if (!pool_.tls) pool_.tls = make_verifying_tls(pool_.server.ca);
    if (pool_.tls) tls = connect_tls(*pool_.tls, pool_.server.host);
  }
  stream_ = std::make_unique<TcpStream>(fd, std::move(tls));
  if (failed != 0 && failed != EINPROGRESS)
    return end(fmt::format("cannot connect to Redis at {}: {}", place(), std::strerror(failed)));
  if (pool_.server.tls && !stream_->secure()) return end("the CA file of this Redis server cannot be used");
  poll_ = new uv_poll_t{};
  poll_->data = this;
  uv_poll_init(client_.loop_.uv(), poll_, fd);
  step_ = Step::connecting;
  wants_write_ = true;  // it is writable once the connection is made
  watch();
}

void RedisConnection::watch() {
  if (!poll_) return;
  const int wanted = (step_ == Step::connecting && wants_write_ ? 0 : UV_READABLE) |
                     (wants_write_ || !unsent_.empty() ? UV_WRITABLE : 0);
  if (wanted == watched_) return;
  watched_ = wanted;
  uv_poll_start(poll_, wanted, [](uv_poll_t* poll, int status, int events) {
    const auto self = static_cast<RedisConnection*>(poll->data)->shared_from_this();
    self->on_event(status, events);
  });
}

void RedisConnection::on_event(int status, int events) {
  if (step_ == Step::connecting) {
    agree();
  } else {
    if (status < 0) events = UV_READABLE;
    if (events & UV_WRITABLE) {
      wants_write_ = false;
      write_some();
    }
    if (events & UV_READABLE && step_ != Step::ended) read_some();
  }
  watch();
}

void RedisConnection::agree() {
  const TcpStream::Io io = stream_->handshake();
  wants_write_ = io == TcpStream::Io::wait_write;
  if (io == TcpStream::Io::done) return greet();
  if (io == TcpStream::Io::failed || io == TcpStream::Io::ended)
    end(fmt::format("cannot connect to Redis at {}: {}", place(), stream_->failure()));
}

void RedisConnection::greet() {
  step_ = Step::greeting;
  const RedisServer& server = pool_.server;
  const auto say = [this](const std::vector<std::string>& argv) {
    unsent_ += format(argv);
    in_flight_.push_back(0);
    ++greetings_;
  };
  if (!server.password.empty()) {
    if (server.user.empty()) say({"AUTH", server.password});
    else say({"AUTH", server.user, server.password});
  }
  if (server.database != 0) say({"SELECT", std::to_string(server.database)});
  if (greetings_ == 0) say({"PING"});  // a server that wants a password says so now, not to the first command
  write_some();
}

void RedisConnection::become_ready() {
  step_ = Step::ready;
  deadline_.stop();
  client_.connected(pool_);
  for (Waiting& waiting : waiting_) {
    in_flight_.push_back(waiting.id);
    unsent_ += waiting.bytes;
  }
  waiting_.clear();
  write_some();
}

void RedisConnection::send(std::uint64_t id, std::string_view bytes) {
  if (step_ != Step::ready) {
    waiting_.push_back({id, std::string(bytes)});
    return;
  }
  in_flight_.push_back(id);
  unsent_ += bytes;
  write_later();
}

// A turn's commands go out together.
void RedisConnection::write_later() {
  if (std::exchange(write_due_, true)) return;
  client_.loop_.defer([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->write_due_ = false;
    self->write_some();
    self->watch();
  });
}

void RedisConnection::write_some() {
  if (step_ == Step::ended || !stream_ || unsent_.empty()) return;
  const TcpStream::Outcome wrote = stream_->write(std::string_view(unsent_).substr(sent_));
  sent_ += wrote.bytes;
  if (sent_ == unsent_.size()) {
    unsent_.clear();
    sent_ = 0;
    if (unsent_.capacity() > kKeep) unsent_.shrink_to_fit();
  }
  if (wrote.io == TcpStream::Io::failed || wrote.io == TcpStream::Io::ended)
    end(fmt::format("the connection to Redis at {} was lost", place()));
}

void RedisConnection::read_some() {
  char input[kRead];
  for (int i = 0; i < kReadsATurn && step_ != Step::ended; ++i) {
    const TcpStream::Outcome read = stream_->read(input, sizeof(input));
    if (read.io == TcpStream::Io::wait_read) return;
    if (read.io == TcpStream::Io::wait_write) {
      wants_write_ = true;
      return;
    }
    if (read.io != TcpStream::Io::done) return end(fmt::format("Redis at {} closed the connection", place()));
    unparsed_ += read.bytes;
    if (redisReaderFeed(reader_, input, read.bytes) != REDIS_OK) return end("a reply of Redis could not be read");
    take_replies();
  }
}

void RedisConnection::take_replies() {
  while (step_ != Step::ended) {
    void* raw = nullptr;
    if (redisReaderGetReply(reader_, &raw) != REDIS_OK) return end(fmt::format("Redis: {}", reader_->errstr));
    if (!raw) break;
    const std::unique_ptr<redisReply, void (*)(redisReply*)> reply(
        static_cast<redisReply*>(raw), [](redisReply* done) { freeReplyObject(done); });
    unparsed_ = 0;
    take_reply(convert(*reply));
  }
  if (step_ != Step::ended && unparsed_ > kMostReply)
    end(fmt::format("a reply of Redis at {} is over {} MiB", place(), kMostReply >> 20));
}

void RedisConnection::take_reply(RedisValue value) {
  if (in_flight_.empty()) return end("Redis answered what nobody had asked");
  const std::uint64_t id = in_flight_.front();
  in_flight_.pop_front();
  tired_ = false;
  if (id != 0) {
    if (!client_.pending_.contains(id) && given_up_ > 0) --given_up_;
    return client_.replied(id, {0, std::move(value)});
  }
  if (value.kind == RedisValue::Kind::error) return end(fmt::format("Redis at {}: {}", place(), value.text));
  if (--greetings_ == 0) become_ready();
}

void RedisConnection::give_up(std::uint64_t id, bool late) {
  if (step_ == Step::ended) return;
  // What has not been sent never is.
  if (std::erase_if(waiting_, [id](const Waiting& waiting) { return waiting.id == id; }) > 0) return;
  ++given_up_;
  if (!late) return;
  tired_ = true;
  const auto self = shared_from_this();
  if (step_ == Step::ready && given_up_ >= in_flight_.size()) end(fmt::format("Redis at {} does not answer", place()));
}

void RedisConnection::end(std::string why) {
  if (step_ == Step::ended) return;
  const auto self = shared_from_this();
  const bool was_ready = step_ == Step::ready;
  std::vector<std::uint64_t> orphans;
  for (const std::uint64_t id : in_flight_)
    if (id != 0) orphans.push_back(id);
  for (const Waiting& waiting : waiting_) orphans.push_back(waiting.id);
  close();
  client_.ended(*this, pool_, was_ready, why, orphans);
}

void RedisConnection::close() {
  step_ = Step::ended;
  deadline_.stop();
  if (uv_poll_t* poll = std::exchange(poll_, nullptr)) {
    uv_poll_stop(poll);
    uv_close(reinterpret_cast<uv_handle_t*>(poll),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  }
  stream_.reset();
  in_flight_.clear();
  waiting_.clear();
  unsent_.clear();
  sent_ = 0;
}

}  // namespace dunlin
