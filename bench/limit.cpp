// SPDX-License-Identifier: Apache-2.0
// The limit that a push server on this machine can come near to, and not below: one thread, epoll, no library, no
// protocol but the WebSocket frame, one send() for each connection and loop turn. What the load client measures here is
// what the kernel asks for; what a server adds to it is its own.
//
//   limit PORT      /            a subscriber: gets every message
//                   /publish     each frame is a message
//                   /echo        each frame comes back
//                   /one/bench7  a subscriber: gets the messages of channel 6
//                   /to-one      each frame is a message for the channel that it names: "<~00000006:…"
//
// Except on /echo, what begins with "{" is a log-in or a subscription and is answered: who has said something acknowledges
// what it gets otherwise than who has not, and the kernel's work for the two is not the same.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kAnswer = "\x81\x0f{\"result\":true}";

enum class Role { handshake, subscriber, publisher, echo, one, to_one };

struct Connection {
  int fd;
  Role role = Role::handshake;
  std::string in, backlog;
  std::size_t place = 0;  // among the subscribers; of one: its channel
  std::string turn;       // of one: what the turn brought
};

class Limit {
 public:
  explicit Limit(std::uint16_t port) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 4096) != 0) {
      std::perror("limit");
      std::exit(1);
    }
    watch(listener_, nullptr, EPOLL_CTL_ADD, EPOLLIN);
  }

  [[noreturn]] void run() {
    for (;;) {
      std::array<epoll_event, 1024> events;
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (!event.data.ptr) {
          accept_all();
          continue;
        }
        auto* connection = static_cast<Connection*>(event.data.ptr);
        if (event.events & EPOLLOUT) write(*connection, {});
        if (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read(connection);
      }
      flush();
    }
  }

 private:
  void watch(int fd, Connection* connection, int operation, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = connection;
    ::epoll_ctl(epoll_, operation, fd, &event);
  }

  void accept_all() {
    for (int i = 0; i < 64; ++i) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(fd, new Connection{.fd = fd, .in = {}, .backlog = {}, .turn = {}}, EPOLL_CTL_ADD, EPOLLIN);
    }
  }

  void read(Connection* connection) {
    const ssize_t got = ::recv(connection->fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return end(connection);
    std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    if (!connection->in.empty()) {
      connection->in += bytes;
      bytes = connection->in;
    }
    if (connection->role == Role::handshake) bytes = handshake(*connection, bytes);
    if (connection->role != Role::handshake)
      for (std::size_t taken = 0; (taken = frame(*connection, bytes)) > 0;) bytes.remove_prefix(taken);
    connection->in = std::string(bytes);
    if (closed_) {
      closed_ = false;
      end(connection);
    }
  }

  std::string_view handshake(Connection& connection, std::string_view bytes) {
    const std::size_t head = bytes.find("\r\n\r\n"), key = bytes.find("Sec-WebSocket-Key: ");
    if (head == std::string_view::npos || key == std::string_view::npos) return bytes;
    const std::string_view value = bytes.substr(key + 19, bytes.find('\r', key) - key - 19);
    const std::string text = std::string(value) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char hash[SHA_DIGEST_LENGTH], accept[32];
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
    const int size = EVP_EncodeBlock(accept, hash, SHA_DIGEST_LENGTH);
    write(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
                          std::string(reinterpret_cast<const char*>(accept), static_cast<std::size_t>(size)) + "\r\n\r\n");
    connection.role = bytes.starts_with("GET /publish ")     ? Role::publisher
                      : bytes.starts_with("GET /echo ")      ? Role::echo
                      : bytes.starts_with("GET /to-one ")    ? Role::to_one
                      : bytes.starts_with("GET /one/bench") ? Role::one
                                                             : Role::subscriber;
    if (connection.role == Role::one) {
      connection.place = std::strtoul(bytes.data() + std::string_view("GET /one/bench").size(), nullptr, 10) - 1;
      if (ones_.size() <= connection.place) ones_.resize(connection.place + 1);
      ones_[connection.place] = &connection;
    }
    if (connection.role == Role::subscriber) {
      connection.place = subscribers_.size();
      subscribers_.push_back(&connection);
    }
    return bytes.substr(head + 4);
  }

  // How many bytes the first frame takes; 0: it is not whole.
  std::size_t frame(Connection& connection, std::string_view bytes) {
    if (bytes.size() < 6) return 0;
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    std::size_t size = at(1) & 0x7fu, head = 6;
    if (size == 126) {
      head = 8;
      if (bytes.size() < head) return 0;
      size = static_cast<std::size_t>(at(2)) << 8 | at(3);
    }
    if (bytes.size() < head + size) return 0;
    std::string out(1, bytes[0]);
    if (head == 8) {
      out.append({126, bytes[2], bytes[3]});
    } else {
      out += static_cast<char>(size);
    }
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(at(head + i) ^ at(head - 4 + i % 4));
    if ((at(0) & 0x0fu) == 8) {
      write(connection, out);
      closed_ = true;
    } else if (connection.role != Role::echo && out[out.size() - size] == '{') {
      write(connection, kAnswer);
    } else if (connection.role == Role::publisher) {
      turn_ += out;
    } else if (connection.role == Role::to_one) {
      to_one(out, out.size() - size);
    } else if (connection.role == Role::echo) {
      write(connection, out);
    }
    return head + size;
  }

  void to_one(const std::string& out, std::size_t head) {
    const std::string channel = out.substr(head + 2, 8);
    const std::size_t place = std::strtoul(channel.c_str(), nullptr, 16);
    Connection* one = place < ones_.size() ? ones_[place] : nullptr;
    if (!one) return;
    if (one->turn.empty()) dirty_.push_back(one);
    one->turn += out;
  }

  // What the turn brought, to everybody, in one send() each.
  void flush() {
    for (Connection* one : dirty_) {
      write(*one, one->turn);
      one->turn.clear();
    }
    dirty_.clear();
    if (turn_.empty()) return;
    for (Connection* subscriber : subscribers_) write(*subscriber, turn_);
    turn_.clear();
  }

  void write(Connection& connection, std::string_view bytes) {
    const bool waited = !connection.backlog.empty();
    if (waited) {
      connection.backlog += bytes;
      bytes = connection.backlog;
    }
    const ssize_t sent = ::send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    const std::size_t done = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    connection.backlog = std::string(bytes.substr(done));
    const bool waits = !connection.backlog.empty();
    if (waits != waited) watch(connection.fd, &connection, EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  void end(Connection* connection) {
    if (connection->role == Role::subscriber) {
      subscribers_[connection->place] = subscribers_.back();
      subscribers_[connection->place]->place = connection->place;
      subscribers_.pop_back();
    }
    if (connection->role == Role::one) {
      ones_[connection->place] = nullptr;
      std::erase(dirty_, connection);
    }
    ::close(connection->fd);
    delete connection;
  }

  int epoll_, listener_;
  std::vector<Connection*> subscribers_, ones_, dirty_;
  std::string turn_, buffer_ = std::string(256 * 1024, '\0');
  bool closed_ = false;  // the frame that was read last ended its connection
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: limit PORT\n", stderr);
    return 2;
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  Limit(static_cast<std::uint16_t>(std::atoi(argv[1]))).run();
}
