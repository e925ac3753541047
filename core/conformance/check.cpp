// SPDX-License-Identifier: Apache-2.0
#include "core/conformance/check.h"

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

constexpr Millis kPatience{20'000};

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

  void end_of(const ChildEnd& end) {
    const std::string where = at_.empty() ? "" : fmt::format(" in: {}", at_);
    if (end.silent)
      add("fail", fmt::format("it hangs (nothing for {} s){}. A hook must return at once: answer the ticket later",
                              kPatience.count() / 1000, where));
    else if (end.signal)
      add("fail", fmt::format("it crashes ({}){}{}", signal_name(end.signal), where,
                              end.signal == 6 ? ". SIGABRT: an exception that leaves a hook, abort(), or a failed assertion" : ""));
    else if (end.code != 0)
      add("fail", fmt::format("the process ended with exit code {}{}: a report of it stands above", end.code, where));
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
  report.end_of(run_in_child(run, [&](std::string_view line) { report.hear(line); }, kPatience));
  return report.conclude(request.file);
}

}  // namespace dunlin
