// SPDX-License-Identifier: Apache-2.0
#include "core/net/http_client.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <uv.h>

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/net/public_address.h"

namespace dunlin {
namespace {

constexpr long kRedirects = 5;
constexpr unsigned kMaxConnections = 1024;  // to one host, whatever is asked for
constexpr Millis kMaxTimeout = std::chrono::hours(24);
constexpr long kIdleConnections = 64;
constexpr std::size_t kMaxHeaders = 256 * 1024;  // bytes of an answer's headers: libcurl bounds each line only

std::string lower(std::string_view text) {
  std::string out(text);
  const auto lowered = [](unsigned char c) { return static_cast<char>(std::tolower(c)); };
  std::transform(out.begin(), out.end(), out.begin(), lowered);
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// What libcurl would take for more than one line, or refuse to take at all.
bool fit_to_send(const HttpRequest& request) {
  constexpr std::size_t kMaxUrl = 1024 * 1024;
  constexpr std::string_view kBreaks("\r\n\0", 3);
  const auto one_line = [&](std::string_view text) { return text.find_first_of(kBreaks) == std::string_view::npos; };
  const std::string& method = request.method;
  if (method.empty() || method.find(' ') != std::string::npos || !one_line(method)) return false;
  if (request.url.size() > kMaxUrl || !one_line(request.url)) return false;
  return std::all_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
    return !header.first.empty() && one_line(header.first) && one_line(header.second);
  });
}

HttpOutcome outcome_of(CURLcode code, bool too_big) {
  if (too_big) return HttpOutcome::too_big;
  return code == CURLE_OK                   ? HttpOutcome::answered
         : code == CURLE_OPERATION_TIMEDOUT ? HttpOutcome::timeout
                                            : HttpOutcome::unavailable;
}

}  // namespace

// One request and what has come back so far.
class HttpClient::Exchange {
 public:
  Exchange(std::uint64_t id, HttpRequest request, Done done)
      : request_(std::move(request)), done_(std::move(done)), easy_(curl_easy_init()), id_(id) {
    CHECK(easy_ != nullptr);
  }
  ~Exchange() {
    curl_slist_free_all(headers_);
    curl_easy_cleanup(easy_);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  CURL* easy() const { return easy_; }
  std::uint64_t id() const { return id_; }
  Pool* pool = nullptr;

  // REQUIRES: fit_to_send(). The options point into this object.
  void set_up() {
    option(CURLOPT_PRIVATE, static_cast<void*>(this));
    option(CURLOPT_URL, request_.url.c_str());
    option(CURLOPT_PROTOCOLS_STR, "http,https");
    option(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    option(CURLOPT_FOLLOWLOCATION, request_.follow ? 1L : 0L);
    option(CURLOPT_MAXREDIRS, kRedirects);
    option(CURLOPT_TIMEOUT_MS, static_cast<long>(std::clamp(request_.timeout, Millis{1}, kMaxTimeout).count()));
    option(CURLOPT_NOSIGNAL, 1L);
    option(CURLOPT_QUICK_EXIT, 1L);  // ending a request does not wait for the thread that looks its name up
    option(CURLOPT_NOPROXY, "*");  // a proxy of the environment is no part of the configuration
    option(CURLOPT_TCP_NODELAY, 1L);
    option(CURLOPT_SSL_VERIFYPEER, request_.verify ? 1L : 0L);
    option(CURLOPT_SSL_VERIFYHOST, request_.verify ? 2L : 0L);
    if (!request_.ca_file.empty()) option(CURLOPT_CAINFO, request_.ca_file.c_str());
    if (request_.public_only) {
      option(CURLOPT_OPENSOCKETFUNCTION, &Exchange::open_socket);
      option(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
    }
    option(CURLOPT_ERRORBUFFER, error_);
    option(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
    option(CURLOPT_WRITEDATA, static_cast<void*>(this));
    option(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
    option(CURLOPT_HEADERDATA, static_cast<void*>(this));
    set_up_method();
    for (const auto& [name, value] : request_.headers) add_header(name + (value.empty() ? ";" : ": " + value));
    option(CURLOPT_HTTPHEADER, headers_);
  }

  // Tells of a request that cannot be sent.
  void refuse() {
    response_.outcome = HttpOutcome::unavailable;
    response_.error = "the method, the URL or a header is empty, too long or more than one line";
    done_(response_);
  }

  void complete(CURLcode code) {
    response_.outcome = outcome_of(code, too_big_);
    if (response_.outcome == HttpOutcome::answered) {
      long status = 0;
      char* url = nullptr;
      curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
      curl_easy_getinfo(easy_, CURLINFO_EFFECTIVE_URL, &url);
      response_.code = static_cast<int>(status);
      response_.url = url ? url : "";
    } else {
      response_ = HttpResponse{.outcome = response_.outcome, .error = {}, .body = {}, .url = {}, .headers = {}};
      response_.error = too_big_           ? "the answer is longer than " + std::to_string(limit_) + " bytes"
                        : private_address_ ? "its address is not public, and private ones are denied"
                        : error_[0]        ? error_
                                           : curl_easy_strerror(code);
    }
    done_(response_);
  }

 private:
  template <class Value>
  void option(CURLoption name, Value value) {
    CHECK(curl_easy_setopt(easy_, name, value) == CURLE_OK);
  }

  // GET, HEAD and POST are libcurl's own, so that it knows what a redirect makes of them; others are only a word to it.
  void set_up_method() {
    const std::string& method = request_.method;
    const bool post = method == "POST";
    if (method == "HEAD") option(CURLOPT_NOBODY, 1L);
    if (!request_.body.empty() || post) {
      option(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
      option(CURLOPT_POSTFIELDS, request_.body.data());
      add_header("Expect:");  // no round trip to ask whether the body may come
    }
    if (method != "HEAD" && !post && (method != "GET" || !request_.body.empty()))
      option(CURLOPT_CUSTOMREQUEST, method.c_str());
  }

  void add_header(const std::string& line) { headers_ = curl_slist_append(headers_, line.c_str()); }

  // Asked with the address itself, whatever name it came from and wherever a redirect led.
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto& exchange = *static_cast<Exchange*>(self);
    exchange.private_address_ = !is_public_address(address->addr);
    if (exchange.private_address_) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    if (exchange.response_.body.size() + size * count > exchange.request_.max_body)
      return exchange.too_big(exchange.request_.max_body);
    exchange.response_.body.append(data, size * count);
    return size * count;
  }

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    const std::string_view line(data, size * count);
    exchange.header_bytes_ += line.size();
    if (exchange.header_bytes_ > kMaxHeaders) return exchange.too_big(kMaxHeaders);
    const std::size_t colon = line.find(':');
    if (line.starts_with("HTTP/")) {
      exchange.response_.headers.clear();  // of an answer before this one: a redirect, 100 Continue
    } else if (colon != std::string_view::npos) {
      exchange.response_.headers.emplace_back(lower(trimmed(line.substr(0, colon))), trimmed(line.substr(colon + 1)));
    }
    return size * count;
  }

  // Ends the exchange: libcurl takes a callback that took fewer bytes than it was given for a failure.
  std::size_t too_big(std::size_t limit) {
    too_big_ = true;
    limit_ = limit;
    return 0;
  }

  HttpRequest request_;
  Done done_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  HttpResponse response_;
  std::uint64_t id_;
  std::size_t header_bytes_ = 0;
  std::size_t limit_ = 0;  // that was passed, where too_big_
  bool too_big_ = false;
  bool private_address_ = false;
  char error_[CURL_ERROR_SIZE] = "";
};

// One multi handle, watched by the loop.
class HttpClient::Pool {
 public:
  Pool(HttpClient& client, unsigned per_host) : client_(client), multi_(curl_multi_init()), timer_(new uv_timer_t{}) {
    CHECK(multi_ != nullptr);
    uv_timer_init(client.loop_.uv(), timer_);
    timer_->data = this;
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Pool::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Pool::on_timeout);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(per_host));
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, std::max<long>(kIdleConnections, per_host));
  }
  ~Pool() {
    curl_multi_cleanup(multi_);
    timer_->data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(timer_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Asks libcurl to begin: it does so by a timer of 0, so nothing is called back from in here.
  void add(Exchange& exchange) {
    exchange.pool = this;
    exchange.set_up();
    CHECK(curl_multi_add_handle(multi_, exchange.easy()) == CURLM_OK);
  }
  void remove(Exchange& exchange) { curl_multi_remove_handle(multi_, exchange.easy()); }

 private:
  struct Watch {
    uv_poll_t poll{};
    Pool* pool = nullptr;
    curl_socket_t socket{};
  };

  static int on_timeout(CURLM*, long ms, void* self) {
    auto& pool = *static_cast<Pool*>(self);
    if (ms < 0) {
      uv_timer_stop(pool.timer_);
    } else {
      uv_timer_start(
          pool.timer_,
          [](uv_timer_t* timer) {
            if (timer->data) static_cast<Pool*>(timer->data)->act(CURL_SOCKET_TIMEOUT, 0);
          },
          static_cast<std::uint64_t>(ms), 0);
    }
    return 0;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    auto& pool = *static_cast<Pool*>(self);
    auto* watch = static_cast<Watch*>(known);
    if (what == CURL_POLL_REMOVE) {
      if (watch) pool.unwatch(watch);
      return 0;
    }
    if (!watch) {
      watch = new Watch{.pool = &pool, .socket = socket};
      watch->poll.data = watch;
      uv_poll_init(pool.client_.loop_.uv(), &watch->poll, socket);
      curl_multi_assign(pool.multi_, socket, watch);
    }
    const int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    uv_poll_start(&watch->poll, events, [](uv_poll_t* poll, int status, int ready) {
      const auto& readable = *static_cast<Watch*>(poll->data);
      int action = (ready & UV_READABLE ? CURL_CSELECT_IN : 0) | (ready & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
      if (status < 0) action = CURL_CSELECT_ERR;
      readable.pool->act(readable.socket, action);
    });
    return 0;
  }

  void unwatch(Watch* watch) {
    curl_multi_assign(multi_, watch->socket, nullptr);
    uv_poll_stop(&watch->poll);
    uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll),
             [](uv_handle_t* handle) { delete static_cast<Watch*>(handle->data); });
  }

  void act(curl_socket_t socket, int action) {
    int running = 0;
    curl_multi_socket_action(multi_, socket, action, &running);
    std::vector<std::pair<Exchange*, CURLcode>> finished;
    int waiting = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &waiting)) {
      if (message->msg != CURLMSG_DONE) continue;
      char* exchange = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
      finished.emplace_back(reinterpret_cast<Exchange*>(exchange), message->data.result);
    }
    // Told at the end of the turn: whoever is told may ask again, or cancel what is finished here too.
    for (const auto& [exchange, code] : finished)
      client_.loop_.defer([&client = client_, id = exchange->id(), code = code] {
        if (const auto done = client.take(id)) done->complete(code);
      });
  }

  HttpClient& client_;
  CURLM* multi_;
  uv_timer_t* timer_;
};

HttpClient::HttpClient(Loop& loop) : loop_(loop) {}

HttpClient::~HttpClient() { CHECK(pools_.empty()); }

std::uint64_t HttpClient::request(HttpRequest request, Done done) {
  const std::uint64_t id = next_++;
  const bool fit = fit_to_send(request), public_only = request.public_only;
  const unsigned limit = std::clamp(request.max_connections, 1u, kMaxConnections);
  auto& exchange = exchanges_[id] = std::make_unique<Exchange>(id, std::move(request), std::move(done));
  if (!fit) {
    loop_.defer([this, id] {
      if (const auto refused = take(id)) refused->refuse();
    });
    return id;
  }
  std::unique_ptr<Pool>& pool = pools_[{limit, public_only}];
  if (!pool) pool = std::make_unique<Pool>(*this, limit);
  pool->add(*exchange);
  return id;
}

// Out of the list and out of libcurl's hands; nullptr: there is none of that id.
std::unique_ptr<HttpClient::Exchange> HttpClient::take(std::uint64_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return nullptr;
  std::unique_ptr<Exchange> exchange = std::move(found->second);
  exchanges_.erase(found);
  if (exchange->pool) exchange->pool->remove(*exchange);
  return exchange;
}

bool HttpClient::cancel(std::uint64_t id) { return take(id) != nullptr; }

void HttpClient::close() {
  while (!exchanges_.empty()) cancel(exchanges_.begin()->first);
  pools_.clear();
}

}  // namespace dunlin
