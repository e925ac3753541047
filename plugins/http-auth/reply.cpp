// SPDX-License-Identifier: Apache-2.0
#include "plugins/http-auth/reply.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace dunlin::http_auth {
namespace {

using Value = ExactJson::Value;

// A channel "user:UID" must be a channel's name: at most 255 bytes, none a control character.
constexpr std::size_t kMaxUid = 250;
constexpr std::size_t kMaxChannel = 255;

Outcome denied(std::string reason) { return {Result::deny, {}, std::move(reason)}; }
Outcome unusable(std::string reason) { return {Result::unavailable, {}, std::move(reason)}; }

bool is_name(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// From 1 to 2^64-1, which is what the host takes for a number.
bool is_positive(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size() && value != 0;
}

// Backends say "nobody" in many ways, also under 200: no field, null, 0, -1, "", false. None of them is a user.
bool read_uid(const Value* value, Identity& out) {
  if (value == nullptr) return false;
  const Kind kind = ExactJson::kind(*value);
  if (kind != Kind::number && kind != Kind::string) return false;
  const std::string_view text = ExactJson::text(*value);
  out.number = kind == Kind::number;
  out.uid = text;
  return is_name(text, kMaxUid) && (kind == Kind::string || is_positive(text));
}

bool read_channels(const Value* value, std::vector<std::string>& out) {
  if (value == nullptr || value->IsNull()) return true;
  if (!value->IsArray()) return false;
  for (const Value& item : value->GetArray()) {
    if (ExactJson::kind(item) != Kind::string || !is_name(ExactJson::text(item), kMaxChannel)) return false;
    out.emplace_back(ExactJson::text(item));
  }
  return true;
}

// Seconds of Unix time, as a number or as its digits in a string; a fraction is cut off.
bool read_expiry(const Value* value, std::int64_t& out_ms) {
  if (value == nullptr || value->IsNull()) return true;
  const Kind kind = ExactJson::kind(*value);
  if (kind != Kind::number && kind != Kind::string) return false;
  std::string_view text = ExactJson::text(*value);
  text = text.substr(0, text.find('.'));
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  // 0 would mean "never"; 1 ms after the epoch is as long ago.
  out_ms = seconds <= 0 ? 1 : std::min(seconds, std::numeric_limits<std::int64_t>::max() / 1000) * 1000;
  return true;
}

std::string joined(const Path& path) {
  std::string out;
  for (const std::string& name : path) out += (out.empty() ? "" : ".") + name;
  return out;
}

Outcome read_body(const Settings& settings, std::string_view body, std::int64_t unix_ms) {
  const auto json = ExactJson::parse(body);
  if (!json) return unusable("the backend's reply is not JSON");
  const auto field = [&](const std::optional<Path>& path) { return path ? json->find(*path) : nullptr; };
  Outcome outcome{Result::allow, {}, {}};
  Identity& identity = outcome.identity;
  if (!read_uid(json->find(settings.uid), identity))
    return denied("the backend's reply names no user: " + joined(settings.uid) +
                  " is no number from 1 to 2^64-1 and no name");
  if (!read_channels(field(settings.channels), identity.channels))
    return unusable("the backend's reply has in " + joined(*settings.channels) + " no list of channel names");
  if (!read_expiry(field(settings.expires), identity.expires_at_ms))
    return unusable("the backend's reply has in " + joined(*settings.expires) + " no time in seconds");
  if (identity.expires_at_ms != 0 && identity.expires_at_ms <= unix_ms)
    return denied("the backend's reply names a session that has ended");
  for (const auto& [name, path] : settings.context)
    if (const Value* value = json->find(path)) identity.context.emplace_back(name, ExactJson::print(*value));
  return outcome;
}

}  // namespace

Reply judge(const Settings& settings, int code, std::string_view body, std::int64_t unix_ms) {
  const auto status = static_cast<std::size_t>(std::clamp(code, 0, 599));
  const std::string answered = "the backend answered " + std::to_string(code);
  if (settings.deny[status]) return {denied(answered), false, true};
  if (settings.allow[status]) {
    Outcome outcome = read_body(settings, body, unix_ms);
    const bool healthy = outcome.result != Result::unavailable;
    return {std::move(outcome), false, healthy};
  }
  // A 4xx or 3xx that nobody expected is no sign of a dead backend; strangers could provoke it with odd tokens, and
  // must not be able to open the breaker for everybody.
  return {unusable(answered), code >= 500, code < 500};
}

}  // namespace dunlin::http_auth
