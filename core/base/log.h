// SPDX-License-Identifier: Apache-2.0
// Log: one line an event, `key=value` for people or JSON for machines, written whole with one write(2) to stderr.
// May be used from any thread. Put no token and no secret into it.
//
//   log.info("connection refused", {{"reason", "too_many_connections"}, {"peer", peer}});
#pragma once

#include <atomic>
#include <initializer_list>
#include <string>
#include <string_view>

namespace dunlin {

enum class Level : int { debug, info, warn, error };
enum class LogFormat : int { text, json };

struct Field {
  Field(std::string_view name, std::string_view value) : key(name), text(value) {}
  Field(std::string_view name, const char* value) : key(name), text(value) {}
  Field(std::string_view name, const std::string& value) : key(name), text(value) {}
  template <class Number>
    requires std::is_integral_v<Number>
  Field(std::string_view name, Number value) : key(name), text(std::to_string(value)), number(true) {}

  std::string_view key;
  std::string text;
  bool number = false;
};

class Log {
 public:
  explicit Log(int fd = 2) : fd_(fd) {}
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void configure(Level level, LogFormat format) {
    level_.store(level, std::memory_order_relaxed);
    format_.store(format, std::memory_order_relaxed);
  }
  LogFormat format() const { return format_.load(std::memory_order_relaxed); }
  bool enabled(Level level) const { return level >= level_.load(std::memory_order_relaxed); }

  void write(Level level, std::string_view what, std::initializer_list<Field> fields = {});
  void debug(std::string_view what, std::initializer_list<Field> fields = {}) { write(Level::debug, what, fields); }
  void info(std::string_view what, std::initializer_list<Field> fields = {}) { write(Level::info, what, fields); }
  void warn(std::string_view what, std::initializer_list<Field> fields = {}) { write(Level::warn, what, fields); }
  void error(std::string_view what, std::initializer_list<Field> fields = {}) { write(Level::error, what, fields); }

 private:
  int fd_;
  std::atomic<Level> level_{Level::info};
  std::atomic<LogFormat> format_{LogFormat::text};
};

// The line as it is written, newline included. `at_ms` is Unix time.
std::string format_line(LogFormat format, Level level, std::string_view what, std::initializer_list<Field> fields,
                        std::int64_t at_ms);

}  // namespace dunlin
