// SPDX-License-Identifier: Apache-2.0
// The input half of an HttpConnection: from bytes to a call, by http_parser and by what it leaves to its user.
#include <algorithm>
#include <array>
#include <cctype>
#include <climits>
#include <utility>

#include <fmt/format.h>

#include "core/net/http_connection.h"

namespace dunlin {
namespace {

constexpr std::size_t kKeep = 64 * 1024;  // a body's buffer that grew beyond is given back
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Of a character of a header's name (RFC 7230, 3.2.6: a token); 0: it is none. http_parser as Debian builds it lets
// spaces through: "Content-Length : 1" would be one header to us and another to whoever stands before us.
constexpr std::array<char, 256> kLowerOfName = [] {
  std::array<char, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")) table[static_cast<unsigned char>(c)] = c;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = static_cast<char>(c - 'A' + 'a');
  return table;
}();

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

void HttpConnection::parse(std::string_view input) {
  const std::size_t parsed = http_parser_execute(&parser_, &kParser, input.data(), input.size());
  if (ending_ || !tcp_) return;
  if (HTTP_PARSER_ERRNO(&parser_) == HPE_PAUSED) {
    http_parser_pause(&parser_, 0);
    held_ = input.substr(parsed);
    mark_dirty();
    if (socket_) return resume();
  } else if (HTTP_PARSER_ERRNO(&parser_) != HPE_OK) {
    return on_parse_error();
  }
  regulate();
}

// Takes up what the parser rested before.
void HttpConnection::resume() {
  if (ending_) held_.clear();
  if (behind()) return;
  if (socket_) {
    std::string held = std::exchange(held_, {});  // what came behind the request that made it a WebSocket
    if (!held.empty()) socket_->on_input(held.data(), held.size());
    else if (socket_->holds_input()) socket_->resume();
  } else if (!held_.empty()) {
    parse(std::exchange(held_, {}));
  }
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
    std::string& name = headers_.back().first;
    name += part;
    for (std::size_t i = name.size() - part.size(); i < name.size(); ++i) {
      name[i] = kLowerOfName[static_cast<unsigned char>(name[i])];
      if (name[i] == '\0') return stop_parsing(400, "a header's name has a character that no name has");
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
  if (server_.bodies_ + part.size() > server_.settings_.max_bodies)
    return stop_parsing(503, "too many callers are sending too much");
  body_ += part;
  server_.bodies_ += part.size();
  return 0;
}

void HttpConnection::forget_body() {
  server_.bodies_ -= body_.size();
  if (body_.capacity() > kKeep) body_ = {};
  body_.clear();
}

int HttpConnection::on_complete() {
  receiving_ = continue_due_ = false;
  arm(server_.settings_.idle);
  const bool keep_alive = http_should_keep_alive(&parser_) != 0 && !parser_.upgrade;
  upgrading_ = parser_.http_minor > 0 && std::any_of(headers_.begin(), headers_.end(), [](const auto& header) {
    return header.first == "upgrade" && !header.second.empty();
  });
  hand_over(keep_alive);
  url_.clear();
  forget_body();
  headers_.clear();
  if (!keep_alive) ending_ = true;
  if (ending_) return -1;  // nothing behind it is read
  if (behind() || socket_) http_parser_pause(&parser_, 1);
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

}  // namespace dunlin
