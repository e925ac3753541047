// SPDX-License-Identifier: Apache-2.0
// HttpConnection: one connection of an HttpServer. [worker]
#pragma once

#include <http_parser.h>
#include <uv.h>

#include <deque>
#include <memory>
#include <string>

#include "core/net/http_server.h"
#include "core/net/http_websocket.h"

namespace dunlin {

class HttpConnection final : public HttpAnswerer, public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(HttpServer& server, int fd, std::string peer);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void start();
  void answer(std::uint64_t number, HttpAnswer answer) override;
  void flush();
  // The server stops: tells a WebSocket; closes what is idle in a moment unless a request comes, since one may be on its
  // way, and is answered rather than reset.
  void drain();
  void close();
  // Is there a request that waits for its answer, an answer that is not out yet, or a WebSocket that is not closed?
  bool busy() const { return !slots_.empty() || backlog() > 0 || (socket_ && !shut_); }
  bool receiving() const { return receiving_; }

  std::size_t place = 0;  // in the server's list

 private:
  friend class HttpWebSocket;
  struct Slot {  // a request's place in the order of answers
    bool head = false;
    bool keep_alive = false;
    bool old = false;  // HTTP/1.0, which takes silence about the connection for its end
    bool answered = false;
    std::string bytes;  // of an answer that others must precede
    std::shared_ptr<WebSocketUser> user = nullptr;  // of the answer that makes this connection a WebSocket
  };
  static const http_parser_settings kParser;

  // The parser's callbacks, in the order of a request's life; what is not 0 stops the parser.
  int on_begin();
  int on_url(std::string_view part);
  int on_header(std::string_view part, bool value);
  int on_headers_complete();
  int on_body(std::string_view part);
  int on_complete();

  int stop_parsing(int status, std::string why);
  int check_host();
  int check_expectation();
  void hand_over(bool keep_alive);
  void forget_body();
  void on_read(ssize_t read);
  void on_end_of_input();
  void parse(std::string_view input);
  void on_parse_error();
  void refuse(int status, std::string_view why);
  static void write_head(std::string& to, const Slot& slot, const HttpAnswer& answer);
  void release_answers();
  void become_socket(std::shared_ptr<WebSocketUser> user);
  void leave() {  // closes when what there is to say is said
    ending_ = true;
    mark_dirty();
  }
  std::uint64_t written() const;
  void say_continue();
  void write_rest();
  void half_close();
  void mark_dirty();
  void resume();
  void regulate();
  void on_deadline();
  void arm(Millis after) { server_.wheel_.start(deadline_, after); }
  std::size_t backlog() const { return out_.size() + writing_.size() + stored_; }
  bool behind() const {
    if (socket_) return socket_->resting() || backlog() > server_.settings_.max_socket_waiting / 2;
    return upgrading_ || backlog() > server_.settings_.max_waiting ||
           slots_.size() >= server_.settings_.max_pipelined;
  }

  HttpServer& server_;
  uv_tcp_t* tcp_;  // deleted by its close callback
  http_parser parser_{};
  std::string peer_;

  std::string url_, body_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::size_t header_bytes_ = 0;
  bool in_value_ = false;      // the last piece of a header was of its value
  bool past_headers_ = false;  // what comes as a header now is a trailer, which nobody reads
  bool receiving_ = false;     // a request has begun to arrive
  int refused_ = 0;            // the status that the parser's stop means, and why; 0: the parser knows
  std::string why_;
  std::string held_;  // input behind a request after which the parser rests, until answers are out

  std::deque<Slot> slots_;
  std::uint64_t first_ = 0;  // the number of slots_.front()
  std::size_t stored_ = 0;   // bytes in the slots
  std::string out_;          // in order, ready
  std::string writing_;      // handed to uv
  std::uint64_t handed_ = 0;  // bytes that left out_ so far, and …
  std::uint64_t written_ = 0;  // … after the end: those of them that the kernel took
  std::unique_ptr<HttpWebSocket> socket_;  // from 101 to the end
  Timer deadline_;
  bool upgrading_ = false;  // the last request may make it a WebSocket: what follows is not read before the answer
  bool continue_due_ = false;  // "100 Continue", behind the answers before it
  bool dirty_ = false;
  bool reading_ = false;
  bool end_of_input_ = false;
  bool ending_ = false;  // no request is taken any more; closes when what there is to say is said
  bool shut_ = false;    // our half is closed
};

}  // namespace dunlin
