// SPDX-License-Identifier: Apache-2.0
// TcpStream: a connected, non-blocking socket as a pair of byte streams, with TLS or without. It waits for nothing: who
// uses it watches the descriptor. [worker]
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;

namespace dunlin {

class TcpStream {
 public:
  using Tls = std::unique_ptr<ssl_st, void (*)(ssl_st*)>;
  static Tls no_tls() { return {nullptr, nullptr}; }

  // Takes `fd` over. `tls` has been told whether it is the client or the server; empty: plain bytes.
  TcpStream(int fd, Tls tls);
  ~TcpStream();
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;

  enum class Io {
    done,
    wait_read,   // nothing more before the descriptor is readable …
    wait_write,  // … or writable
    ended,       // the peer sends nothing more
    failed,
  };
  struct Outcome {
    Io io;
    std::size_t bytes = 0;  // moved, whatever `io` is
  };

  // done: the connection is there, and TLS has been agreed on.
  Io handshake();
  // At most one piece of what has arrived; done: there may be more.
  Outcome read(char* into, std::size_t size);
  // As much as is taken; done: all.
  Outcome write(std::string_view bytes);
  // Says goodbye: the peer reads the end of the stream behind what was written.
  void shut_down();

  // Has the descriptor been emptied into TLS, and TLS not been read?
  bool has_decrypted() const;
  int fd() const { return fd_; }
  bool secure() const { return tls_ != nullptr; }
  std::string peer_pem() const;      // a verified client's certificate, or ""
  std::string peer_subject() const;  // the common name of a verified client's certificate, or ""
  std::string failure() const;       // of the TLS handshake, in words

 private:
  Io judge(int result);

  int fd_;
  Tls tls_;
  std::string failure_;
  bool agreed_ = false;
};

}  // namespace dunlin
