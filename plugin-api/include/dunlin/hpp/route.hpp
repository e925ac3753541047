// SPDX-License-Identifier: Apache-2.0
// What a module that serves HTTP routes is asked, and what it answers: dunlin.http-route/1, dunlin.reply/1.
#pragma once

#include <optional>

#include "dunlin/hpp/host.hpp"

namespace dunlin::plugin {

// One request, whole. Views live until the member returns.
class RouteCall {
 public:
  explicit RouteCall(const dunlin_http_call& raw) : raw_(raw) {}
  std::string_view method() const { return view(raw_.method); }
  std::string_view path() const { return view(raw_.path); }    // as sent, without the query
  std::string_view query() const { return view(raw_.query); }  // as sent
  std::string_view body() const { return view(raw_.body); }
  std::string_view peer() const { return view(raw_.peer); }
  // The first of that name, in lower case.
  std::optional<std::string_view> header(std::string_view name) const {
    for (std::size_t i = 0; i < raw_.header_count; ++i)
      if (view(raw_.headers[i].name) == name) return view(raw_.headers[i].value);
    return std::nullopt;
  }
  const dunlin_http_call& raw() const { return raw_; }

 private:
  const dunlin_http_call& raw_;
};

struct Reply {
  int status = 200;
  std::string body;
  std::string content_type = {};  // empty: application/json
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// Sends a reply through a ticket. [any-thread]
inline dunlin_status reply(const Host& host, dunlin_ticket ticket, const Reply& what) {
  std::vector<dunlin_pair> headers;
  for (const auto& [name, value] : what.headers) headers.push_back({str(name), str(value)});
  dunlin_reply raw{};
  raw.status = what.status;
  raw.body = str(what.body);
  raw.content_type = str(what.content_type);
  raw.headers = headers.data();
  raw.header_count = headers.size();
  return host.need<dunlin_reply_api>().send(host.raw(), ticket, &raw);
}

// A reply that is owed. Movable; one that is destroyed unsent is a 500. [any-thread], one at a time; it must not outlive the
// instance.
class OwedReply {
 public:
  OwedReply(const Host& host, Ticket ticket) : host_(host), ticket_(std::move(ticket)) {}
  // DUNLIN_E_INVALID: it cannot be sent, and is still owed. DUNLIN_E_GONE: the deadline has passed, or the caller has left.
  dunlin_status send(const Reply& what) {
    const dunlin_status status = reply(host_, ticket_.id(), what);
    if (status == DUNLIN_OK || status == DUNLIN_E_GONE) ticket_.release();
    return status;
  }
  // What a cancel names.
  dunlin_ticket id() const { return ticket_.id(); }

 private:
  Host host_;
  Ticket ticket_;
};

}  // namespace dunlin::plugin
