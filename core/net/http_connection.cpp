// SPDX-License-Identifier: Apache-2.0
// The life of a connection and its output half: reading, answers in order, deadlines, the end.
#include "core/net/http_connection.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/check.h"

namespace dunlin {
namespace {

constexpr Millis kGrace{500};    // for a request that is on its way when the server drains
constexpr Millis kLinger{2000};           // after our last word, for the peer to hear it before the socket goes
constexpr std::size_t kKeep = 64 * 1024;  // a buffer that grew beyond is given back

void empty(std::string& buffer) {
  if (buffer.capacity() > kKeep) buffer = {};
  buffer.clear();
}

const char* status_text(int status) {
  switch (status) {
#define DUNLIN_STATUS(number, name, text) \
  case number: return #text;
    HTTP_STATUS_MAP(DUNLIN_STATUS)
#undef DUNLIN_STATUS
    default: return "Unknown";
  }
}

}  // namespace

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
  const bool wanted = !end_of_input_ && held_.empty() && !behind();
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
  if (read == UV_EOF) return socket_ ? close() : on_end_of_input();
  if (read < 0) return close();
  if (read == 0) return;  // libuv found nothing; the parser would take it for the end of the input
  if (ending_) return;  // only drained, so that our last answer is not lost to a reset
  if (socket_) {
    socket_->on_input(server_.input_.data(), static_cast<std::size_t>(read));
    return regulate();
  }
  parse({server_.input_.data(), static_cast<std::size_t>(read)});
}

// A peer may close its half when it has asked all; the answers that are due still go out.
void HttpConnection::on_end_of_input() {
  reading_ = false;
  end_of_input_ = ending_ = true;
  if (!busy()) close();
}

// Behind the answers that are still due, the last one.
void HttpConnection::refuse(int status, std::string_view why) {
  slots_.push_back({.bytes = {}});
  ending_ = true;
  receiving_ = false;
  forget_body();
  answer(first_ + slots_.size() - 1, {.status = status, .body = server_.error_body_(status, why), .headers = {}});
}

void HttpConnection::answer(std::uint64_t number, HttpAnswer answer) {
  if (number < first_ || number - first_ >= slots_.size()) return;
  Slot& slot = slots_[static_cast<std::size_t>(number - first_)];
  if (std::exchange(slot.answered, true)) return;
  if (&slot == &slots_.back()) upgrading_ = false;
  if (answer.user) {
    slot.user = std::move(answer.user);
  } else if (server_.draining_ && &slot == &slots_.back()) {
    slot.keep_alive = false;
    ending_ = true;
  }
  write_head(number == first_ ? out_ : slot.bytes, slot, answer);
  if (!slot.head) (number == first_ ? out_ : slot.bytes) += answer.body;
  stored_ += slot.bytes.size();
  release_answers();
  mark_dirty();
}

void HttpConnection::write_head(std::string& to, const Slot& slot, const HttpAnswer& answer) {
  if (slot.user) {
    fmt::format_to(std::back_inserter(to), "HTTP/1.1 101 Switching Protocols\r\n{}\r\n", answer.headers);
    return;
  }
  // Piece by piece: each call of the API is answered, and a format would be looked through each time.
  to.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(1, ' ').append(status_text(answer.status));
  to.append("\r\nContent-Type: ").append(answer.type);
  to.append("\r\nContent-Length: ").append(std::to_string(answer.body.size())).append("\r\n");
  if (!slot.keep_alive) to += "Connection: close\r\n";
  else if (slot.old) to += "Connection: keep-alive\r\n";
  to.append(answer.headers).append("\r\n");
}

void HttpConnection::release_answers() {
  while (!slots_.empty() && slots_.front().answered) {
    out_ += slots_.front().bytes;
    stored_ -= slots_.front().bytes.size();
    auto user = std::move(slots_.front().user);
    slots_.pop_front();
    ++first_;
    if (user) return become_socket(std::move(user));  // nothing behind it was taken
  }
  say_continue();
}

void HttpConnection::become_socket(std::shared_ptr<WebSocketUser> user) {
  socket_ = std::make_unique<HttpWebSocket>(*this, server_, std::move(user));
  socket_->open();
}

std::uint64_t HttpConnection::written() const {
  return tcp_ ? handed_ - uv_stream_get_write_queue_size(reinterpret_cast<uv_stream_t*>(tcp_)) : written_;
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
    handed_ += static_cast<std::uint64_t>(std::max(wrote, 0));
    if (!out_.empty()) return write_rest();
    empty(out_);
  }
  if (socket_) socket_->on_flushed();
  if (ending_ && slots_.empty() && out_.empty()) return end_of_input_ ? close() : half_close();
  resume();
  regulate();
}

void HttpConnection::write_rest() {
  struct Write {
    uv_write_t request{};
    std::shared_ptr<HttpConnection> connection;
  };
  writing_ = std::exchange(out_, {});
  handed_ += writing_.size();
  auto* write = new Write{.connection = shared_from_this()};
  write->request.data = write;
  const uv_buf_t buffer = uv_buf_init(writing_.data(), static_cast<unsigned>(writing_.size()));
  uv_write(&write->request, reinterpret_cast<uv_stream_t*>(tcp_), &buffer, 1, [](uv_write_t* request, int status) {
    const std::unique_ptr<Write> done(static_cast<Write*>(request->data));
    HttpConnection& self = *done->connection;
    empty(self.writing_);
    if (!self.tcp_) return;
    if (status < 0) return self.close();
    if (!self.receiving_) self.arm(self.socket_ ? self.server_.settings_.idle / 2 : self.server_.settings_.idle);
    self.flush();
  });
  regulate();
  arm(server_.settings_.request);  // a peer that never reads is cut
}

// Says that nothing follows, and waits a little for the peer to have read it: closing at once would reset the
// connection while unread input is there, and the answer with it.
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
  if (socket_ && !shut_) return socket_->on_deadline();
  if (receiving_ && !ending_ && !busy())
    return refuse(408, fmt::format("the request did not arrive within {} ms", server_.settings_.request.count()));
  if (!slots_.empty() && !shut_ && writing_.empty()) return arm(server_.settings_.idle);  // it is we who are slow
  close();
}

void HttpConnection::drain() {
  if (socket_) {
    socket_->drain();
  } else if (!busy() && !receiving_) {
    arm(kGrace);
  }
}

void HttpConnection::close() {
  if (!tcp_) return;
  written_ = written();
  uv_tcp_t* tcp = std::exchange(tcp_, nullptr);
  deadline_.stop();
  forget_body();
  const auto self = shared_from_this();
  if (socket_) socket_->gone();
  uv_close(reinterpret_cast<uv_handle_t*>(tcp),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
  auto& all = server_.connections_;
  all[place] = all.back();
  all[place]->place = place;
  all.pop_back();
}

}  // namespace dunlin
