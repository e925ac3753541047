// SPDX-License-Identifier: Apache-2.0
// Questions to the interfaces: garbage, and answers that come late, after a departure, or never.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/conformance/suite.h"

namespace dunlin {
namespace {

struct Garbage {
  const char* what;
  std::string text;
};

std::vector<Garbage> garbage() {
  return {
      {"nothing", ""},
      {"one NUL byte", std::string(1, '\0')},
      {"a NUL in the middle", std::string("a\0b", 3)},
      {"bytes that are not UTF-8", "\xff\xfe\xc0\x80"},
      {"a line break and quotes", "\"'\\\r\nX: y"},
      {"directives of printf", "%s%n%x%999999d"},
      {"a JSON object", R"({"op":"auth","token":{"a":[1,null,true]},"id":1463786910324359168})"},
      {"half a JSON object", R"({"op":"auth)"},
      {"deeply nested JSON", std::string(5000, '[') + std::string(5000, ']')},
      {"a JWT with no signature", "eyJhbGciOiJub25lIn0.eyJ1aWQiOjF9."},
      {"dots", "..."},
      {"a number of 40 digits", "1234567890123456789012345678901234567890"},
      {"a colon and digits", "1001:x"},
      {"64 KiB of one letter", std::string(64 * 1024, 'A')},
  };
}

// What the host said of an answer that no module may give; a negative verdict, with or without words, is one that it may.
bool is_nonsense(std::string_view reason) {
  return (reason.ends_with(" is no verdict") && !reason.starts_with('-')) || reason.starts_with("ALLOW without") ||
         reason.starts_with("the uid ");
}

}  // namespace

void Suite::garbage_tokens() {
  const auto rig = this->rig();
  if (!rig) return;
  const std::vector<Garbage> kinds = garbage();
  std::vector<std::string> allowed, silent, nonsense;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const ClientId id(i + 1);
    at(fmt::format("check with a token of {}", kinds[i].what));
    Rig::Login login = rig->login(id, kinds[i].text);
    if (login == Rig::Login::waits) {
      if (!await(*rig)) silent.emplace_back(kinds[i].what);
      login = rig->login_answer(id).value_or(Rig::Login::unavailable);
    }
    if (login == Rig::Login::allowed) allowed.emplace_back(kinds[i].what);
    if (login == Rig::Login::unavailable && is_nonsense(rig->reason()))
      nonsense.push_back(fmt::format("{} ({})", kinds[i].what, rig->reason()));
  }
  if (!nonsense.empty())
    return fail(fmt::format("it answers nonsense to {} of {} tokens, such as {}: each is refused with \"try later\"", nonsense.size(),
                            kinds.size(), nonsense[0]));
  if (!allowed.empty()) warn(fmt::format("it lets a token of {} in: is that meant?", fmt::join(allowed, ", of ")));
  if (!silent.empty())
    warn(fmt::format("it did not answer to a token of {} within {} s: each such log-in waits that long and is refused",
                     fmt::join(silent, ", of "), Rig::kDeadline.count() / 1000));
  const double faults = rig->figure("dunlin_auth_outcomes_total", "fault");
  if (const double repeated = rig->figure("dunlin_late_answers_total"); repeated > 0 && silent.empty())
    warn(fmt::format("it answered {} tickets that were answered already", static_cast<int>(repeated)));
  if (allowed.empty() && silent.empty())
    ok(fmt::format("{} tokens were answered{}", kinds.size(),
                   faults > 0 ? fmt::format(", {} with \"try later\"", static_cast<int>(faults)) : ""));
  note_hooks(*rig);
}

// Every question is let run into its deadline; what the module waited for comes after it.
void Suite::late_answers() {
  const auto rig = this->rig();
  if (!rig) return;
  int waiting = 0;
  for (std::uint64_t i = 1; i <= 8; ++i) {
    at("check, and no answer from outside before the deadline");
    waiting += rig->login(ClientId(i), fmt::format("late-{}", i)) == Rig::Login::waits;
  }
  if (waiting == 0) return ok("it answers at once");
  at("cancel at the deadline");
  rig->advance(Rig::kDeadline);
  at("what it waited for comes after the deadline");
  rig->settle(200, R"({"uid":1001})");
  rig->advance(Rig::kDeadline);
  ok(fmt::format("{} questions ran into their deadline; {} late answers did no harm", waiting,
                 static_cast<int>(rig->figure("dunlin_late_answers_total"))));
  note_hooks(*rig);
}

void Suite::leaving() {
  const auto rig = this->rig();
  if (!rig) return;
  for (std::uint64_t i = 1; i <= 32; ++i) {
    at("check, and the connection leaves");
    if (rig->login(ClientId(i), fmt::format("leaves-{}", i)) != Rig::Login::waits) continue;
    if (i % 2 == 0) rig->services().turn();
    at("cancel because the connection left");
    rig->leave(ClientId(i));
  }
  at("what it waited for comes after the connections left");
  rig->settle(200, R"({"uid":1001})");
  if (rig->pending()) return fail("tickets stay open after the connections left");
  ok("32 connections left in the middle of their log-in");
  note_hooks(*rig);
}

void Suite::stopping() {
  for (int round = 0; round < 20; ++round) {
    const auto rig = this->rig();
    if (!rig) return;
    for (std::uint64_t i = 1; i <= 4; ++i) rig->login(ClientId(i), fmt::format("stops-{}", i));
    at("destroy with questions open");
    rig->stop();
    at("turns after destroy");
    rig->settle_stopped();
  }
  ok("20 instances were destroyed with questions open");
}

void Suite::messages() {
  const auto rig = this->rig();
  if (!rig) return;
  const std::vector<Garbage> kinds = garbage();
  int silent = 0, faults = 0;
  for (std::uint64_t conn = 1; conn <= 4; ++conn) {
    at("open");
    rig->open(ClientId(conn));
    silent += !await(*rig);
    for (const Garbage& one : kinds) {
      at(fmt::format("message of {}", one.what));
      const bool text = conn % 2 == 1 && is_utf8(one.text);
      faults += rig->message(ClientId(conn), text ? Kind::text : Kind::binary, one.text) == RouterOutcome::fault;
      // Every other connection leaves with a message in hand now and then.
      if (conn == 4) break;
      silent += !await(*rig);
    }
    at("close");
    rig->close(ClientId(conn));
    rig->settle(500, "");
  }
  if (silent > 0) warn(fmt::format("{} messages were not answered within the deadline: their connections are closed (1011)", silent));
  if (faults > 0) warn(fmt::format("{} messages were answered with a fault: their connections are closed (1011)", faults));
  if (rig->pending()) return fail("tickets stay open after the connections were closed");
  ok(fmt::format("{} messages of garbage, text and binary", 3 * kinds.size() + 1));
  note_hooks(*rig);
}

// Streams that are no protocol, in one piece and byte by byte; then messages on their way out.
void Suite::framing() {
  if (!selection_->router()) return warn("it is a framer and no router: a listener needs both in one module");
  const auto rig = this->rig();
  if (!rig) return;
  const ClientId kConn(1);
  at("open");
  rig->open(kConn);
  await(*rig);
  int nonsense = 0, lost = 0;
  for (const Garbage& one : garbage()) {
    constexpr std::size_t kBytewise = 64;
    for (std::size_t size = 1; size <= std::min(one.text.size(), kBytewise); ++size) {
      at(fmt::format("input with the first {} bytes of {}", size, one.what));
      nonsense += rig->input(kConn, one.text.substr(0, size)) < DUNLIN_FRAMER_FAULT;
    }
    if (!one.text.empty()) {
      at(fmt::format("input with {}", one.what));
      nonsense += rig->input(kConn, one.text) < DUNLIN_FRAMER_FAULT;
    }
    at(fmt::format("encode with {}", one.what));
    lost += !rig->encode(kConn, one.text);
  }
  at("close");
  rig->close(kConn);
  if (nonsense > 0)
    warn(fmt::format("input answered {} times with a number that means nothing: the connection is closed (1011)", nonsense));
  if (lost > 0) warn(fmt::format("encode made nothing of {} messages: they count as failed", lost));
  ok("streams of every kind, whole and byte by byte, and messages on their way out");
  note_hooks(*rig);
}

void Suite::guards() {
  const auto rig = this->rig();
  if (!rig) return;
  const std::vector<Garbage> kinds = garbage();
  int silent = 0;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    at(fmt::format("guard with a channel of {}", kinds[i].what));
    if (!rig->guard(ClientId(i + 1), kinds[i].text.substr(0, 255)) && !await(*rig)) ++silent;
    rig->guard(ClientId(i + 1), "news");
    rig->leave(ClientId(i + 1));
  }
  if (silent > 0) warn(fmt::format("{} questions were not answered within the deadline", silent));
  if (rig->pending()) return fail("tickets stay open after the connections left");
  ok("channels of every kind were answered");
  note_hooks(*rig);
}

void Suite::filters() {
  const auto rig = this->rig();
  if (!rig) return;
  const std::vector<Garbage> kinds = garbage();
  int faults = 0;
  for (const Garbage& one : kinds) {
    if (!is_utf8(one.text)) continue;
    at(fmt::format("filter with {}", one.what));
    faults += rig->filter(one.text) == FilterOutcome::fault;
  }
  if (faults > 0) return fail(fmt::format("{} messages were answered with a fault: they are lost", faults));
  ok("messages of every kind were answered");
  note_hooks(*rig);
}

void Suite::routes() {
  const auto rig = this->rig();
  if (!rig) return;
  const std::vector<Garbage> kinds = garbage();
  int silent = 0;
  for (std::size_t route = 0; route < rig->routes().size(); ++route)
    for (const Garbage& one : kinds) {
      at(fmt::format("{} {} with a body of {}", rig->routes()[route].method, rig->routes()[route].path, one.what));
      if (!rig->serve(route, one.text) && !await(*rig)) ++silent;
    }
  if (silent > 0) warn(fmt::format("{} requests were not answered within the deadline: their callers get 504", silent));
  ok(fmt::format("{} routes were asked with bodies of every kind", rig->routes().size()));
  note_hooks(*rig);
}

}  // namespace dunlin
