// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>

#include <fmt/format.h>

#include "core/base/clock.h"
#include "core/base/json.h"

namespace dunlin {
namespace {

constexpr const char* kLevels[] = {"debug", "info", "warn", "error"};

std::string timestamp(std::int64_t at_ms) {
  // Not gmtime_r(), which takes the C library's lock of the time zone for every line.
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds(at_ms)};
  const auto midnight = floor<days>(at);
  const year_month_day date(midnight);
  const hh_mm_ss time(at - midnight);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

bool plain(std::string_view value) {
  if (value.empty()) return false;
  for (const char c : value)
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return false;
  return true;
}

std::string text_line(Level level, std::string_view what, std::initializer_list<Field> fields, std::int64_t at_ms) {
  std::string line = fmt::format("{} {:<5} {}", timestamp(at_ms), kLevels[static_cast<std::size_t>(level)], what);
  for (const Field& field : fields)
    line += fmt::format(" {}={}", field.key, plain(field.text) ? field.text : json::quote(field.text));
  return line + "\n";
}

std::string json_line(Level level, std::string_view what, std::initializer_list<Field> fields, std::int64_t at_ms) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","msg":{})", timestamp(at_ms),
                                 kLevels[static_cast<std::size_t>(level)], json::quote(what));
  for (const Field& field : fields)
    line += fmt::format(",{}:{}", json::quote(field.key), field.number ? field.text : json::quote(field.text));
  return line + "}\n";
}

}  // namespace

std::string format_line(LogFormat format, Level level, std::string_view what, std::initializer_list<Field> fields,
                        std::int64_t at_ms) {
  return (format == LogFormat::json ? json_line : text_line)(level, what, fields, at_ms);
}

void Log::write(Level level, std::string_view what, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  const std::string line = format_line(format_.load(std::memory_order_relaxed), level, what, fields, unix_ms());
  // A log that cannot be written must not stop the server: what does not fit is lost.
  while (::write(fd_, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

}  // namespace dunlin
