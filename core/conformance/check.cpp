// SPDX-License-Identifier: Apache-2.0
#include "core/conformance/check.h"

#include <signal.h>

#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "core/base/crash.h"
#include "core/conformance/child.h"
#include "core/conformance/suite.h"

namespace dunlin {
namespace {

// What the author may do about it.
const char* advice(const ChildEnd& end) {
  if (end.forked) return ". A process that a plugin forks must call exec or _exit, and never return into the host";
  if (end.silent) return ". A hook must return at once: answer the ticket later";
  if (end.signal == SIGABRT) return ". SIGABRT: an exception that leaves a hook, abort(), or a failed assertion";
  if (end.signal || end.finished) return end.signal ? "" : ": a report of it stands above";
  return ". A plugin must not call exit(): it would end the server";
}

// The report, as the lines of the suite come in.
class Report {
 public:
  void hear(std::string_view line) {
    const std::size_t space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    const std::string text(space == std::string_view::npos ? "" : line.substr(space + 1));
    if (word == "step") {
      step_ = text;
      at_.clear();
    } else if (word == "at") {
      at_ = text;
    } else {
      add(word, text);
    }
  }

  void add(std::string_view word, const std::string& text) {
    const bool failed = word == "fail", warned = word == "warn";
    failures_ += failed;
    warnings_ += warned;
    std::printf("%s\n", fmt::format("{:<5} {:<19} {}", failed ? "FAIL" : word, step_, text).c_str());
  }

  void end_of(const ChildEnd& end, Millis patience) {
    const std::string fault = fault_of(end, patience);
    if (fault.empty()) return;
    const std::string where = end.finished ? " when the process ends, after the suite" : at_.empty() ? "" : " in: " + at_;
    add("fail", fault + where + advice(end));
  }

  int conclude(const std::string& file) const {
    std::printf("%s: %s\n", file.c_str(),
                fmt::format("{}{}", failures_ == 0 ? "passed" : fmt::format("{} failed", failures_),
                            warnings_ == 0 ? "" : fmt::format(", {} warning{}", warnings_, warnings_ == 1 ? "" : "s"))
                    .c_str());
    return failures_ == 0 ? 0 : 1;
  }

 private:
  std::string step_ = "start", at_;
  int failures_ = 0, warnings_ = 0;
};

}  // namespace

int check_plugin(const PluginCheck& request) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(request.file, error)) {
    std::fprintf(stderr, "%s: there is no such file\n", request.file.c_str());
    return 1;
  }
  Report report;
  const auto run = [&](const Say& say) {
    Suite(request, say).run();
    return 0;
  };
  const auto heard = [&](std::string_view line) { report.hear(line); };
  report.end_of(run_in_child(run, heard, request.patience), request.patience);
  return report.conclude(request.file);
}

}  // namespace dunlin
