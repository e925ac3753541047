// SPDX-License-Identifier: Apache-2.0
#include "core/net/http_connection.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "core/base/check.h"

namespace dunlin {
namespace {

constexpr Millis kLinger{2000};  // after our last word, for the peer to hear it before the socket goes

const char* status_text(int status) {
  switch (status) {
#define DUNLIN_STATUS(number, name, text) \
  case number: return #text;
    HTTP_STATUS_MAP(DUNLIN_STATUS)
#undef DUNLIN_STATUS
    default: return "Unknown";
  }
}

HttpConnection& of(http_parser* parser) { return *static_cast<HttpConnection*>(parser->data); }

}  // namespace

const http_parser_settings HttpConnection::kParser = {
    .on_message_begin = nullptr,
    .on_url = [](http_parser* parser, const char* at, std::size_t size) { return of(parser).on_url({at, size}); },
    .on_status = nullptr,
    .on_header_field = [](http_parser* parser, const char* at,
                          std::size_t size) { return of(parser).on_header({at, size}, false); },
    .on_header_value = [](http_parser* parser, const char* at,
                          std::size_t size) { return of(parser).on_header({at, size}, true); },
    .on_headers_complete = [](http_parser* parser) { return of(parser).on_headers_complete(); },
    .on_body = [](http_parser* parser, const char* at, std::size_t size) { return of(parser).on_body({at, size}); },
    .on_message_complete = [](http_parser* parser) { return of(parser).on_complete(); },
    .on_chunk_header = nullptr,
    .on_chunk_complete = nullptr,
};

HttpConnection::HttpConnection(HttpServer& server, int fd, std::string peer)
    : server_(server), tcp_(new uv_tcp_t{}), peer_(std::move(peer)), deadline_([this] { on_deadline(); }) {
  uv_tcp_init(server.loop_.uv(), tcp_);
  CHECK(uv_tcp_open(tcp_, fd) == 0);
  http_parser_init(&parser_, HTTP_REQUEST);
  parser_.data = this;
}

HttpConnection::~HttpConnection() { CHECK(tcp_ == nullptr); }

void HttpConnection::start() {
  tcp_->data = this;
  arm(server_.settings_.request);
  regulate();
}

// Reads while the peer takes its answers and does not run too far ahead of them.
void HttpConnection::regulate() {
  const HttpServer::Settings& limits = server_.settings_;
  const bool wanted = out_.size() + writing_.size() <= limits.max_waiting && slots_.size() <= limits.max_pipelined;
  if (!tcp_ || wanted == reading_) return;
  reading_ = wanted;
  auto* stream = reinterpret_cast<uv_stream_t*>(tcp_);
  if (!wanted) {
    uv_read_stop(stream);
    return;
  }
  uv_read_start(
      stream,
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        std::string& input = static_cast<HttpConnection*>(handle->data)->server_.input_;
        *buffer = uv_buf_init(input.data(), static_cast<unsigned>(input.size()));
      },
      [](uv_stream_t* handle, ssize_t read, const uv_buf_t*) {
        const auto self = static_cast<HttpConnection*>(handle->data)->shared_from_this();  // it may close itself
        self->on_read(read);
      });
}

void HttpConnection::on_read(ssize_t read) {
  if (read < 0) return close();
  if (ending_) return;  // only drained, so that our last answer is not lost to a reset
  if (!std::exchange(receiving_, true)) arm(server_.settings_.request);
  const std::size_t parsed =
      http_parser_execute(&parser_, &kParser, server_.input_.data(), static_cast<std::size_t>(read));
  if (ending_ || !tcp_) return;
  if (HTTP_PARSER_ERRNO(&parser_) != HPE_OK) return on_parse_error();
  if (parser_.upgrade || parsed != static_cast<std::size_t>(read)) refuse(400, "no upgrade is served here");
  regulate();
}

void HttpConnection::on_parse_error() {
  if (refused_ == 413) return refuse(413, fmt::format("the body is longer than {} bytes", server_.settings_.max_body));
  if (refused_ == 431) return refuse(431, fmt::format("the headers are longer than {} bytes", server_.settings_.max_headers));
  refuse(400, http_errno_description(HTTP_PARSER_ERRNO(&parser_)));
}

int HttpConnection::on_url(std::string_view part) {
  url_ += part;
  header_bytes_ += part.size();
  return header_bytes_ > server_.settings_.max_headers ? refused_ = 431 : 0;
}

int HttpConnection::on_body(std::string_view part) {
  if (body_.size() + part.size() > server_.settings_.max_body) return refused_ = 413;
  body_ += part;
  return 0;
}

int HttpConnection::on_header(std::string_view part, bool value) {
  header_bytes_ += part.size();
  if (header_bytes_ > server_.settings_.max_headers) return refused_ = 431;
  if (value) {
    headers_.back().second += part;
  } else {
    if (headers_.empty() || in_value_) headers_.emplace_back();
    for (const char c : part)
      headers_.back().first += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  in_value_ = value;
  return 0;
}

int HttpConnection::on_headers_complete() {
  if (parser_.content_length != ULLONG_MAX && parser_.content_length > server_.settings_.max_body) return refused_ = 413, -1;
  for (const auto& [name, value] : headers_)
    if (name == "expect" && slots_.empty()) {
      out_ += "HTTP/1.1 100 Continue\r\n\r\n";
      mark_dirty();
    }
  return 0;
}

int HttpConnection::on_complete() {
  const std::uint64_t number = first_ + slots_.size();
  const bool keep_alive = http_should_keep_alive(&parser_) != 0 && !parser_.upgrade;
  slots_.push_back({.head = parser_.method == HTTP_HEAD, .keep_alive = keep_alive, .bytes = {}});
  const std::string_view url = url_;
  const std::size_t mark = std::min(url.find('?'), url.size());
  const HttpCall call{.method = http_method_str(static_cast<http_method>(parser_.method)),
                      .path = url.substr(0, mark), .query = url.substr(std::min(mark + 1, url.size())),
                      .body = body_, .peer = peer_, .headers = headers_};
  receiving_ = false;
  server_.handler_(call, HttpResponder(weak_from_this(), number));
  url_.clear();
  body_.clear();
  headers_.clear();
  header_bytes_ = 0;
  in_value_ = false;
  if (!keep_alive) ending_ = true;
  arm(server_.settings_.idle);
  return keep_alive ? 0 : -1;  // nothing behind it is read
}

// Behind the answers that are still due, the last one.
void HttpConnection::refuse(int status, std::string_view why) {
  slots_.push_back({.head = false, .keep_alive = false, .bytes = {}});
  ending_ = true;
  answer(first_ + slots_.size() - 1, {.status = status, .body = server_.error_body_(status, why), .headers = {}});
}

void HttpConnection::answer(std::uint64_t number, HttpAnswer answer) {
  if (number < first_ || number - first_ >= slots_.size()) return;
  Slot& slot = slots_[static_cast<std::size_t>(number - first_)];
  if (std::exchange(slot.answered, true)) return;
  std::string& to = number == first_ ? out_ : slot.bytes;
  fmt::format_to(std::back_inserter(to), "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}{}\r\n",
                 answer.status, status_text(answer.status), answer.type, answer.body.size(),
                 slot.keep_alive ? "" : "Connection: close\r\n", answer.headers);
  if (!slot.head) to += answer.body;
  release_answers();
  mark_dirty();
}

void HttpConnection::release_answers() {
  while (!slots_.empty() && slots_.front().answered) {
    out_ += slots_.front().bytes;
    slots_.pop_front();
    ++first_;
  }
}

void HttpConnection::mark_dirty() {
  if (std::exchange(dirty_, true)) return;
  server_.dirty_.push_back(shared_from_this());
}

void HttpConnection::flush() {
  dirty_ = false;
  if (!tcp_ || !writing_.empty()) return;
  auto* stream = reinterpret_cast<uv_stream_t*>(tcp_);
  if (!out_.empty()) {
    uv_buf_t buffer = uv_buf_init(out_.data(), static_cast<unsigned>(out_.size()));
    const int wrote = uv_try_write(stream, &buffer, 1);
    if (wrote < 0 && wrote != UV_EAGAIN) return close();
    out_.erase(0, static_cast<std::size_t>(std::max(wrote, 0)));
    if (!out_.empty()) return write_rest();
  }
  if (ending_ && slots_.empty()) half_close();
  regulate();
}

void HttpConnection::write_rest() {
  struct Write {
    uv_write_t request{};
    std::shared_ptr<HttpConnection> connection;
  };
  writing_ = std::exchange(out_, {});
  auto* write = new Write{.connection = shared_from_this()};
  write->request.data = write;
  const uv_buf_t buffer = uv_buf_init(writing_.data(), static_cast<unsigned>(writing_.size()));
  uv_write(&write->request, reinterpret_cast<uv_stream_t*>(tcp_), &buffer, 1, [](uv_write_t* request, int status) {
    const std::unique_ptr<Write> done(static_cast<Write*>(request->data));
    HttpConnection& self = *done->connection;
    self.writing_.clear();
    if (!self.tcp_) return;
    if (status < 0) return self.close();
    self.flush();
  });
  regulate();
  arm(server_.settings_.request);  // a peer that never reads is cut
}

// Says that nothing follows, and waits a little for the peer to have read it: closing at once would reset the connection
// while unread input is there, and the answer with it.
void HttpConnection::half_close() {
  if (std::exchange(shut_, true)) return;
  auto* request = new uv_shutdown_t{};
  if (uv_shutdown(request, reinterpret_cast<uv_stream_t*>(tcp_), [](uv_shutdown_t* done, int) { delete done; }) != 0) {
    delete request;
    return close();
  }
  arm(kLinger);
}

void HttpConnection::on_deadline() {
  const auto self = shared_from_this();
  if (receiving_ && !ending_ && slots_.empty() && writing_.empty()) {
    receiving_ = false;
    return refuse(408, fmt::format("the request did not arrive within {} ms", server_.settings_.request.count()));
  }
  if (!slots_.empty() && !shut_ && writing_.empty()) return arm(server_.settings_.idle);  // it is we who are slow
  close();
}

void HttpConnection::close() {
  uv_tcp_t* tcp = std::exchange(tcp_, nullptr);
  if (!tcp) return;
  deadline_.stop();
  const auto self = shared_from_this();
  uv_close(reinterpret_cast<uv_handle_t*>(tcp), [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
  auto& all = server_.connections_;
  all[place] = all.back();
  all[place]->place = place;
  all.pop_back();
}

}  // namespace dunlin
