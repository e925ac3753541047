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
constexpr std::size_t kKeep = 64 * 1024;  // a buffer that grew beyond is given back
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Of a character of a header's name (RFC 7230, 3.2.6: a token); 0: it is none. http_parser as Debian builds it lets
// spaces through: "Content-Length : 1" would be one header to us and another to whoever stands before us.
char lower_of_name(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return c;
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos ? c : '\0';
}

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

HttpConnection& of(http_parser* parser) { return *static_cast<HttpConnection*>(parser->data); }

}  // namespace

const http_parser_settings HttpConnection::kParser = {
    .on_message_begin = [](http_parser* parser) { return of(parser).on_begin(); },
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
  if (read == UV_EOF) return on_end_of_input();
  if (read < 0) return close();
  if (ending_) return;  // only drained, so that our last answer is not lost to a reset
  parse({server_.input_.data(), static_cast<std::size_t>(read)});
}

// A peer may close its half when it has asked all; the answers that are due still go out.
void HttpConnection::on_end_of_input() {
  reading_ = false;
  end_of_input_ = ending_ = true;
  if (!busy()) close();
}

void HttpConnection::parse(std::string_view input) {
  const std::size_t parsed = http_parser_execute(&parser_, &kParser, input.data(), input.size());
  if (ending_ || !tcp_) return;
  if (HTTP_PARSER_ERRNO(&parser_) == HPE_PAUSED) {
    http_parser_pause(&parser_, 0);
    held_ = input.substr(parsed);
    mark_dirty();
  } else if (HTTP_PARSER_ERRNO(&parser_) != HPE_OK) {
    return on_parse_error();
  }
  regulate();
}

// Takes up what the parser rested before.
void HttpConnection::resume() {
  if (ending_) held_.clear();
  if (!held_.empty() && !behind()) parse(std::exchange(held_, {}));
}

void HttpConnection::on_parse_error() {
  if (refused_ != 0) return refuse(refused_, why_);
  const http_errno error = HTTP_PARSER_ERRNO(&parser_);
  refuse(error == HPE_HEADER_OVERFLOW ? 431 : 400, http_errno_description(error));
}

int HttpConnection::stop_parsing(int status, std::string why) {
  refused_ = status;
  why_ = std::move(why);
  return -1;
}

int HttpConnection::on_begin() {
  receiving_ = true;
  past_headers_ = in_value_ = false;
  header_bytes_ = 0;
  arm(server_.settings_.request);
  return 0;
}

int HttpConnection::on_url(std::string_view part) {
  header_bytes_ += part.size();
  if (header_bytes_ > server_.settings_.max_headers) return stop_parsing(431, "the URL is too long");
  url_ += part;
  return 0;
}

int HttpConnection::on_header(std::string_view part, bool value) {
  header_bytes_ += part.size();
  if (header_bytes_ > server_.settings_.max_headers)
    return stop_parsing(431, fmt::format("the headers are longer than {} bytes", server_.settings_.max_headers));
  if (past_headers_) return 0;
  if (value) {
    headers_.back().second += part;
  } else {
    if (headers_.empty() || in_value_) headers_.emplace_back();
    for (const char c : part) {
      const char lower = lower_of_name(c);
      if (lower == '\0') return stop_parsing(400, "a header's name has a character that no name has");
      headers_.back().first += lower;
    }
  }
  in_value_ = value;
  return 0;
}

int HttpConnection::on_headers_complete() {
  past_headers_ = true;
  if (parser_.http_major != 1) return stop_parsing(505, "HTTP/1.1 is served");
  const std::size_t most = server_.settings_.max_body;
  if (parser_.content_length != ULLONG_MAX && parser_.content_length > most)
    return stop_parsing(413, fmt::format("the body is longer than {} bytes", most));
  // An offer to change the protocol (h2c, say) may be passed over; only CONNECT makes no sense without.
  if (parser_.method != HTTP_CONNECT) parser_.upgrade = 0;
  if (const int bad = check_host()) return bad;
  return check_expectation();
}

// RFC 7230, 5.4: two of them would be read differently by whoever stands before us.
int HttpConnection::check_host() {
  const auto hosts = std::count_if(headers_.begin(), headers_.end(), [](const auto& h) { return h.first == "host"; });
  if (hosts > 1 || (hosts == 0 && parser_.http_minor > 0)) return stop_parsing(400, "one Host header is needed");
  return 0;
}

int HttpConnection::check_expectation() {
  const auto expect = std::find_if(headers_.begin(), headers_.end(), [](const auto& h) { return h.first == "expect"; });
  if (expect == headers_.end() || parser_.http_minor == 0) return 0;
  const auto alike = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  constexpr std::string_view kKnown = "100-continue";
  if (!std::equal(expect->second.begin(), expect->second.end(), kKnown.begin(), kKnown.end(), alike))
    return stop_parsing(417, "the only expectation that is met is 100-continue");
  continue_due_ = true;
  say_continue();
  return 0;
}

// In its turn: behind every answer that is due before it.
void HttpConnection::say_continue() {
  if (!slots_.empty() || !std::exchange(continue_due_, false)) return;
  out_ += kContinue;
  mark_dirty();
}

int HttpConnection::on_body(std::string_view part) {
  if (body_.size() + part.size() > server_.settings_.max_body)
    return stop_parsing(413, fmt::format("the body is longer than {} bytes", server_.settings_.max_body));
  body_ += part;
  return 0;
}

int HttpConnection::on_complete() {
  receiving_ = continue_due_ = false;
  arm(server_.settings_.idle);
  const bool keep_alive = http_should_keep_alive(&parser_) != 0 && !parser_.upgrade;
  hand_over(keep_alive);
  url_.clear();
  empty(body_);
  headers_.clear();
  if (!keep_alive) ending_ = true;
  if (ending_) return -1;  // nothing behind it is read
  if (behind()) http_parser_pause(&parser_, 1);
  return 0;
}

void HttpConnection::hand_over(bool keep_alive) {
  const std::uint64_t number = first_ + slots_.size();
  slots_.push_back({.head = parser_.method == HTTP_HEAD, .keep_alive = keep_alive, .old = parser_.http_minor == 0,
                    .bytes = {}});
  const std::string_view url = url_;
  const std::size_t mark = std::min(url.find('?'), url.size());
  const HttpCall call{.method = http_method_str(static_cast<http_method>(parser_.method)),
                      .path = url.substr(0, mark), .query = url.substr(std::min(mark + 1, url.size())),
                      .body = body_, .peer = peer_, .headers = headers_};
  server_.handler_(call, HttpResponder(weak_from_this(), number));
}

// Behind the answers that are still due, the last one.
void HttpConnection::refuse(int status, std::string_view why) {
  slots_.push_back({.bytes = {}});
  ending_ = true;
  receiving_ = false;
  answer(first_ + slots_.size() - 1, {.status = status, .body = server_.error_body_(status, why), .headers = {}});
}

void HttpConnection::answer(std::uint64_t number, HttpAnswer answer) {
  if (number < first_ || number - first_ >= slots_.size()) return;
  Slot& slot = slots_[static_cast<std::size_t>(number - first_)];
  if (std::exchange(slot.answered, true)) return;
  if (server_.draining_ && &slot == &slots_.back()) {
    slot.keep_alive = false;
    ending_ = true;
  }
  std::string& to = number == first_ ? out_ : slot.bytes;
  fmt::format_to(std::back_inserter(to), "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}{}\r\n",
                 answer.status, status_text(answer.status), answer.type, answer.body.size(),
                 !slot.keep_alive ? "Connection: close\r\n" : slot.old ? "Connection: keep-alive\r\n" : "",
                 answer.headers);
  if (!slot.head) to += answer.body;
  stored_ += slot.bytes.size();
  release_answers();
  mark_dirty();
}

void HttpConnection::release_answers() {
  while (!slots_.empty() && slots_.front().answered) {
    out_ += slots_.front().bytes;
    stored_ -= slots_.front().bytes.size();
    slots_.pop_front();
    ++first_;
  }
  say_continue();
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
    empty(out_);
  }
  if (ending_ && slots_.empty()) return end_of_input_ ? close() : half_close();
  resume();
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
    empty(self.writing_);
    if (!self.tcp_) return;
    if (status < 0) return self.close();
    if (!self.receiving_) self.arm(self.server_.settings_.idle);
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
  if (receiving_ && !ending_ && !busy())
    return refuse(408, fmt::format("the request did not arrive within {} ms", server_.settings_.request.count()));
  if (!slots_.empty() && !shut_ && writing_.empty()) return arm(server_.settings_.idle);  // it is we who are slow
  close();
}

void HttpConnection::close() {
  uv_tcp_t* tcp = std::exchange(tcp_, nullptr);
  if (!tcp) return;
  deadline_.stop();
  const auto self = shared_from_this();
  uv_close(reinterpret_cast<uv_handle_t*>(tcp),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_tcp_t*>(handle); });
  auto& all = server_.connections_;
  all[place] = all.back();
  all[place]->place = place;
  all.pop_back();
}

}  // namespace dunlin
