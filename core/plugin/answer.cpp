// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/answer.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/base/channel_name.h"
#include "core/base/json.h"
#include "core/plugin/abi_text.h"

namespace dunlin {
namespace {

constexpr std::size_t kMaxUid = 250;  // so that "user:<uid>" is a channel's name
constexpr std::size_t kMaxItems = 1024;
constexpr std::size_t kMaxContext = 1024 * 1024;  // what is copied; a connection keeps less

template <class Integer>
bool spells(std::string_view text) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  char canonical[24];  // 20 digits and a sign at most
  const auto written = std::to_chars(canonical, canonical + sizeof canonical, value);
  return text == std::string_view(canonical, static_cast<std::size_t>(written.ptr - canonical));
}

// As JSON writes it and within 64 bits: anything else would not come back from the connection's context as it went in.
bool is_integer(std::string_view text) { return spells<std::int64_t>(text) || spells<std::uint64_t>(text); }

// What is wrong with it; empty: nothing.
std::string flaw_in(const dunlin_uid& uid) {
  if (uid.kind == DUNLIN_UID_NONE) return "ALLOW without a uid";
  if (uid.kind != DUNLIN_UID_NUMBER && uid.kind != DUNLIN_UID_STRING) return fmt::format("uid kind {}", uid.kind);
  if (!sound_text(uid.text) || uid.text.size == 0) return "the uid is empty or not UTF-8";
  const std::string_view text = view(uid.text);
  if (text.size() > kMaxUid) return fmt::format("the uid is over {} bytes", kMaxUid);
  if (!valid_channel(text)) return "the uid has a control character";
  if (uid.kind == DUNLIN_UID_STRING) return {};
  return is_integer(text) ? "" : "the uid is said to be a number and is no decimal integer of 64 bits";
}

std::string flaw_in(const dunlin_pair& entry) {
  if (!sound_text(entry.name) || entry.name.size == 0) return "a context key is empty or not UTF-8";
  if (!sound(entry.value) || !json::valid(view(entry.value)))
    return fmt::format("the context value \"{}\" is not JSON", one_line(view(entry.name)));
  return {};
}

std::string copy(const dunlin_identity& from, Identity& to) {
  if (std::string flaw = flaw_in(from.uid); !flaw.empty()) return flaw;
  if (from.context_count > kMaxItems || (from.context_count > 0 && !from.context)) return "malformed context";
  if (from.channel_count > kMaxItems || (from.channel_count > 0 && !from.channels)) return "malformed channels";
  to.uid = view(from.uid.text);
  to.uid_kind = from.uid.kind;
  to.expires_at_ms = std::max<std::int64_t>(from.expires_at_ms, 0);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < from.context_count; ++i) {
    if (sound(from.context[i].name) && sound(from.context[i].value))
      bytes += from.context[i].name.size + from.context[i].value.size;
    if (bytes > kMaxContext) return "the context is over 1 MiB";
    if (std::string flaw = flaw_in(from.context[i]); !flaw.empty()) return flaw;
    to.context.emplace_back(view(from.context[i].name), view(from.context[i].value));
  }
  for (std::size_t i = 0; i < from.channel_count; ++i) {
    if (!sound(from.channels[i]) || !valid_channel(view(from.channels[i]))) return "a channel's name is not valid";
    to.channels.emplace_back(view(from.channels[i]));
  }
  return {};
}

}  // namespace

Outcome outcome_of(const Answer& answer) {
  if (answer.fault) return answer.late ? Outcome::deadline : Outcome::fault;
  if (answer.verdict == DUNLIN_PASS) return Outcome::pass;
  return answer.verdict == DUNLIN_ALLOW ? Outcome::allow : Outcome::deny;
}

Answer fault_answer(std::string why) {
  Answer answer;
  answer.reason = std::move(why);
  answer.fault = true;
  return answer;
}

Answer with_identity(Answer answer) {
  const bool nobody = !answer.fault && answer.verdict == DUNLIN_ALLOW && answer.identity.uid_kind == DUNLIN_UID_NONE;
  return nobody ? fault_answer("ALLOW without a uid") : std::move(answer);
}

Answer copy_answer(dunlin_verdict verdict, const dunlin_answer* given) {
  if (verdict != DUNLIN_PASS && verdict != DUNLIN_ALLOW && verdict != DUNLIN_DENY) {
    const bool told = given && sound(given->reason) && given->reason.size > 0;
    return fault_answer(told ? one_line(view(given->reason)) : fmt::format("{} is no verdict", verdict));
  }
  Answer answer;
  answer.verdict = verdict;
  if (!given) return answer;
  if (sound(given->reason)) answer.reason = one_line(view(given->reason));
  if (verdict == DUNLIN_ALLOW && given->identity)
    if (std::string flaw = copy(*given->identity, answer.identity); !flaw.empty()) return fault_answer(std::move(flaw));
  return answer;
}

}  // namespace dunlin
