// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/process_state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cfenv>
#include <clocale>
#include <filesystem>
#include <fstream>
#include <functional>
#include <system_error>

#include "core/base/crash.h"

namespace dunlin {
namespace {

// Read, not set: to set it is the only other way to ask.
std::string umask_now() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Umask:")) return line;
  return {};
}

std::size_t environment_now() {
  std::string all;
  for (char** one = environ; one && *one; ++one) all.append(*one).push_back('\n');
  return std::hash<std::string>()(all);
}

}  // namespace

void plug_standard_descriptors() {
  for (int fd = 0; fd < 3; ++fd)
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);  // it is the lowest that is free
}

ProcessState ProcessState::now() {
  ProcessState state;
  for (int number = 1; number < kSignals; ++number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == 0) state.handlers_[static_cast<std::size_t>(number)] = action.sa_handler;
  }
  ::pthread_sigmask(SIG_BLOCK, nullptr, &state.mask_);
  const char* locale = std::setlocale(LC_ALL, nullptr);
  state.locale_ = locale ? locale : "";
  std::error_code error;
  state.directory_ = std::filesystem::current_path(error).string();
  state.umask_ = umask_now();
  state.environment_ = environment_now();
  for (int fd = 0; fd < 3; ++fd) {
    struct stat file {};
    if (::fstat(fd, &file) == 0) state.standard_[static_cast<std::size_t>(fd)] = {file.st_dev, file.st_ino};
  }
  state.rounding_ = std::fegetround();
  return state;
}

std::vector<std::string> ProcessState::changes_since(const ProcessState& before) const {
  std::vector<std::string> changes;
  const auto look = [&](bool same, std::string what) {
    if (!same) changes.push_back(std::move(what));
  };
  for (int number = 1; number < kSignals; ++number) {
    const auto at = static_cast<std::size_t>(number);
    look(handlers_[at] == before.handlers_[at], "the handler of " + signal_name(number));
    look(sigismember(&mask_, number) == sigismember(&before.mask_, number), "whether " + signal_name(number) + " is blocked");
  }
  look(locale_ == before.locale_, "the locale");
  look(directory_ == before.directory_, "the working directory");
  look(umask_ == before.umask_, "the umask");
  look(environment_ == before.environment_, "the environment");
  for (std::size_t fd = 0; fd < standard_.size(); ++fd)
    look(before.standard_[fd] == std::pair<dev_t, ino_t>() || standard_[fd] == before.standard_[fd], "descriptor " + std::to_string(fd));
  look(rounding_ == before.rounding_, "how numbers are rounded");
  return changes;
}

}  // namespace dunlin
