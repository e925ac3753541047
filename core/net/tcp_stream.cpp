// SPDX-License-Identifier: Apache-2.0
#include "core/net/tcp_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/net/tls.h"

namespace dunlin {
namespace {

constexpr std::size_t kLargest = 1 << 30;  // OpenSSL counts in int

}  // namespace

TcpStream::TcpStream(int fd, Tls tls) : fd_(fd), tls_(std::move(tls)) {
  if (tls_) SSL_set_fd(tls_.get(), fd_);
}

TcpStream::~TcpStream() {
  tls_.reset();
  ::close(fd_);
}

// What OpenSSL wants; its queue of errors belongs to the thread and is left empty.
TcpStream::Io TcpStream::judge(int result) {
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ) return Io::wait_read;
  if (error == SSL_ERROR_WANT_WRITE) return Io::wait_write;
  if (error == SSL_ERROR_ZERO_RETURN) return Io::ended;
  if (const unsigned long code = ERR_peek_error()) {
    const char* reason = ERR_reason_error_string(code);
    failure_ = reason ? reason : "TLS error";
  } else {
    failure_ = "the peer has gone";
  }
  ERR_clear_error();
  return Io::failed;
}

TcpStream::Io TcpStream::handshake() {
  if (!tls_) {
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return Io::done;
    failure_ = std::strerror(error);
    return Io::failed;
  }
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_.get());
  if (result != 1) return judge(result);
  agreed_ = true;
  return Io::done;
}

TcpStream::Outcome TcpStream::read(char* into, std::size_t size) {
  if (tls_) {
    ERR_clear_error();
    const int read = SSL_read(tls_.get(), into, static_cast<int>(std::min(size, kLargest)));
    if (read > 0) return {Io::done, static_cast<std::size_t>(read)};
    return {judge(read)};
  }
  ssize_t read;
  do read = ::recv(fd_, into, size, 0);
  while (read < 0 && errno == EINTR);
  if (read > 0) return {Io::done, static_cast<std::size_t>(read)};
  if (read == 0) return {Io::ended};
  return {errno == EAGAIN || errno == EWOULDBLOCK ? Io::wait_read : Io::failed};
}

TcpStream::Outcome TcpStream::write(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const std::string_view rest = bytes.substr(sent);
    if (tls_) {
      ERR_clear_error();
      const int wrote = SSL_write(tls_.get(), rest.data(), static_cast<int>(std::min(rest.size(), kLargest)));
      if (wrote <= 0) return {judge(wrote), sent};
      sent += static_cast<std::size_t>(wrote);
      continue;
    }
    const ssize_t wrote = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (wrote >= 0) {
      sent += static_cast<std::size_t>(wrote);
    } else if (errno != EINTR) {
      return {errno == EAGAIN || errno == EWOULDBLOCK ? Io::wait_write : Io::failed, sent};
    }
  }
  return {Io::done, sent};
}

void TcpStream::shut_down() {
  if (agreed_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
    ERR_clear_error();
  }
  ::shutdown(fd_, SHUT_WR);
}

bool TcpStream::has_decrypted() const { return tls_ && SSL_has_pending(tls_.get()) == 1; }

std::string TcpStream::peer_subject() const { return peer_common_name(tls_.get()); }

std::string TcpStream::peer_pem() const { return peer_certificate(tls_.get()); }

std::string TcpStream::failure() const { return failure_; }

}  // namespace dunlin
