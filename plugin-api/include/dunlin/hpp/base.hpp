// SPDX-License-Identifier: Apache-2.0
// Words: text, identities, verdicts, and the host with what it offers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dunlin/dunlin.h"

namespace dunlin::plugin {

inline dunlin_str str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(const dunlin_str& text) {
  return text.data ? std::string_view(text.data, text.size) : std::string_view();
}

// A status of the host that is no DUNLIN_OK, where there is nothing else to return.
struct StatusError : std::runtime_error {
  StatusError(const char* what, dunlin_status code)
      : std::runtime_error(std::string(what) + ": status " + std::to_string(code)), status(code) {}
  dunlin_status status;
};

// Extension ids, nullptr-ended; or none. (Under UBSan g++ cannot compare an address with nullptr when it compiles.)
struct Required {
  constexpr Required(std::nullptr_t = nullptr) : ids(nullptr), given(false) {}
  constexpr Required(const char* const* list) : ids(list), given(true) {}
  const char* const* ids;
  bool given;
};

struct Info {
  const char *name, *version, *summary;
  const char* settings_schema;                   // JSON Schema (draft 4), or nullptr
  Required required = nullptr;                   // extension ids; nullptr: ticket, log and config
};

// Who is behind a token.
struct Identity {
  std::string uid;
  bool number = false;                                       // uid is decimal digits, and a number in JSON
  std::vector<std::pair<std::string, std::string>> context;  // values are JSON text
  std::vector<std::string> channels;                         // joined at once
  std::int64_t expires_at_ms = 0;                            // Unix time; 0: never

  static Identity of_number(std::string digits) { return {std::move(digits), true, {}, {}, 0}; }
  static Identity of_string(std::string text) { return {std::move(text), false, {}, {}, 0}; }
};

// What a member decides at once.
class Verdict {
 public:
  static Verdict pass(std::string reason = {}) { return Verdict(DUNLIN_PASS, std::move(reason)); }  // not mine: ask the next
  static Verdict allow() { return Verdict(DUNLIN_ALLOW, {}); }                           // a router, a guard
  static Verdict allow(Identity who) { return Verdict(DUNLIN_ALLOW, {}, std::make_unique<Identity>(std::move(who))); }
  static Verdict deny(std::string reason = {}) { return Verdict(DUNLIN_DENY, std::move(reason)); }
  // Nobody could tell: the host refuses with "try later".
  static Verdict unavailable(std::string reason = {}) { return Verdict(DUNLIN_E_UNAVAILABLE, std::move(reason)); }

  dunlin_verdict code() const { return code_; }
  const std::string& reason() const { return reason_; }
  const Identity* identity() const { return identity_.get(); }

 private:
  Verdict(dunlin_verdict code, std::string reason, std::unique_ptr<Identity> identity = nullptr)
      : code_(code), reason_(std::move(reason)), identity_(std::move(identity)) {}
  dunlin_verdict code_;
  std::string reason_;
  std::unique_ptr<Identity> identity_;
};

// Sends a verdict through a ticket. [any-thread]
inline dunlin_status answer(const dunlin_host* host, const dunlin_ticket_api* tickets, dunlin_ticket ticket,
                            const Verdict& verdict) {
  dunlin_answer out{};
  dunlin_identity who{};
  std::vector<dunlin_pair> context;
  std::vector<dunlin_str> channels;
  out.reason = str(verdict.reason());
  if (const Identity* identity = verdict.identity()) {
    for (const auto& [name, json] : identity->context) context.push_back({str(name), str(json)});
    for (const std::string& channel : identity->channels) channels.push_back(str(channel));
    who.uid = {str(identity->uid), identity->number ? DUNLIN_UID_NUMBER : DUNLIN_UID_STRING, 0};
    who.context = context.data();
    who.context_count = context.size();
    who.channels = channels.data();
    who.channel_count = channels.size();
    who.expires_at_ms = identity->expires_at_ms;
    out.identity = &who;
  }
  return tickets->answer(host, ticket, verdict.code(), &out);
}

// An answer that is owed. Movable; one that is destroyed unanswered answers "try later". [any-thread], one at a time; it
// must not outlive the instance.
class Ticket {
 public:
  Ticket(const dunlin_host* host, const dunlin_ticket_api* tickets, dunlin_ticket id)
      : host_(host), tickets_(tickets), id_(id) {}
  Ticket(Ticket&& other) noexcept : host_(other.host_), tickets_(other.tickets_), id_(std::exchange(other.id_, 0)) {}
  Ticket& operator=(Ticket&& other) noexcept {
    if (this != &other) {
      drop();
      host_ = other.host_;
      tickets_ = other.tickets_;
      id_ = std::exchange(other.id_, 0);
    }
    return *this;
  }
  ~Ticket() { drop(); }

  // DUNLIN_E_GONE: the deadline has passed, or the connection has left; that is no harm.
  dunlin_status answer(const Verdict& verdict) {
    return plugin::answer(host_, tickets_, std::exchange(id_, 0), verdict);
  }
  // From here on the caller answers by the id.
  dunlin_ticket release() { return std::exchange(id_, 0); }
  dunlin_ticket id() const { return id_; }

 private:
  void drop() noexcept {
    if (id_ != 0) tickets_->answer(host_, std::exchange(id_, 0), DUNLIN_E_UNAVAILABLE, nullptr);
  }
  const dunlin_host* host_;
  const dunlin_ticket_api* tickets_;
  dunlin_ticket id_;
};

}  // namespace dunlin::plugin
