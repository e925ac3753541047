// SPDX-License-Identifier: Apache-2.0
// HttpConnection: one connection of an HttpServer. [worker]
#pragma once

#include <http_parser.h>
#include <uv.h>

#include <deque>
#include <memory>
#include <string>

#include "core/net/http_server.h"

namespace dunlin {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(HttpServer& server, int fd, std::string peer);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void start();
  void answer(std::uint64_t number, HttpAnswer answer);
  void flush();
  void close();

  std::size_t place = 0;  // in the server's list

 private:
  struct Slot {  // a request's place in the order of answers
    bool head, keep_alive;
    bool answered = false;
    std::string bytes;
  };
  static const http_parser_settings kParser;

  void on_read(ssize_t read);
  int on_url(std::string_view part);
  int on_body(std::string_view part);
  int on_header(std::string_view part, bool value);
  int on_headers_complete();
  int on_complete();
  void refuse(int status, std::string_view why);
  void on_parse_error();
  void release_answers();
  void write_rest();
  void half_close();
  void mark_dirty();
  void regulate();
  void on_deadline();
  void arm(Millis after) { server_.wheel_.start(deadline_, after); }

  HttpServer& server_;
  uv_tcp_t* tcp_;  // deleted by its close callback
  http_parser parser_{};
  std::string peer_;

  std::string url_, body_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::size_t header_bytes_ = 0;
  bool in_value_ = false;
  bool receiving_ = false;  // a request has begun to arrive
  int refused_ = 0;         // the status that the parser's end means, where it is not a plain 400

  std::deque<Slot> slots_;
  std::uint64_t first_ = 0;  // the number of slots_.front()
  std::string out_;          // in order, ready
  std::string writing_;      // handed to uv
  Timer deadline_;
  bool dirty_ = false;
  bool reading_ = false;
  bool ending_ = false;  // no request is taken any more; closes when what there is to say is said
  bool shut_ = false;    // our half is closed
};

}  // namespace dunlin
