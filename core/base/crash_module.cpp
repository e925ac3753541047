// SPDX-License-Identifier: Apache-2.0
#include "core/base/crash_module.h"

#include <execinfo.h>
#include <fcntl.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dunlin {
namespace {

constexpr std::string_view kCopy = "/memfd:";
constexpr int kDepth = 64;

// The lines of /proc/self/maps, without a byte of the heap. A line that is longer than a mapping of ours has is cut.
class Mappings {
 public:
  Mappings() : fd_(::open("/proc/self/maps", O_RDONLY | O_CLOEXEC)) {}
  ~Mappings() {
    if (fd_ >= 0) ::close(fd_);
  }
  Mappings(const Mappings&) = delete;
  Mappings& operator=(const Mappings&) = delete;

  bool next(std::string_view& line) {
    std::size_t size = 0;
    for (char c; read_one(c);) {
      if (c == '\n') {
        line = {line_, size};
        return true;
      }
      if (size < sizeof line_) line_[size++] = c;
    }
    return false;
  }

 private:
  bool read_one(char& c) {
    if (at_ == filled_) {
      ssize_t got;
      do got = fd_ < 0 ? 0 : ::read(fd_, part_, sizeof part_);
      while (got < 0 && errno == EINTR);
      at_ = 0;
      filled_ = got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    if (at_ == filled_) return false;
    c = part_[at_++];
    return true;
  }

  int fd_;
  char part_[4096], line_[256];
  std::size_t at_ = 0, filled_ = 0;
};

// Takes a hexadecimal number off the front.
std::uintptr_t take_number(std::string_view& text) {
  std::uintptr_t value = 0;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) break;
    value = value * 16 + static_cast<std::uintptr_t>(digit);
  }
  return value;
}

// The module that the first of these addresses lies in that lies in one.
ModuleText module_of(void* const* addresses, int count) {
  ModuleText found;
  int nearest = count;
  Mappings mappings;
  for (std::string_view line; mappings.next(line);) {
    const std::size_t path = line.find(kCopy);
    if (path == std::string_view::npos) continue;
    std::string_view rest = line.substr(path + kCopy.size());
    const std::uintptr_t begin = take_number(line);
    if (line.empty()) continue;
    line.remove_prefix(1);
    const std::uintptr_t end = take_number(line);
    if (line.size() < 5 || line[3] != 'x') continue;  // " r-xp": code
    for (int i = 0; i < nearest; ++i) {
      const auto address = reinterpret_cast<std::uintptr_t>(addresses[i]);
      if (address < begin || address >= end) continue;
      nearest = i;
      rest = rest.substr(0, rest.find(' '));  // " (deleted)"
      const std::size_t size = std::min(rest.size(), sizeof found.name - 1);
      std::memcpy(found.name, rest.data(), size);
      found.name[size] = '\0';
    }
  }
  return found;
}

ModuleText module_in_calls() {
  void* addresses[kDepth];
  return module_of(addresses, ::backtrace(addresses, kDepth));
}

// Where the mapping ends that this address lies in.
std::uintptr_t end_of_mapping(std::uintptr_t address) {
  Mappings mappings;
  for (std::string_view line; mappings.next(line);) {
    const std::uintptr_t begin = take_number(line);
    if (line.empty()) continue;
    line.remove_prefix(1);
    const std::uintptr_t end = take_number(line);
    if (address >= begin && address < end) return end;
  }
  return address;
}

// A sanitizer guards the stacks of others, which are looked at here as they lie there.
__attribute__((no_sanitize("address"))) __attribute__((no_sanitize("thread"))) void copy_words(std::uintptr_t from, void** to, int count) {
  for (int i = 0; i < count; ++i) to[i] = reinterpret_cast<void* volatile*>(from)[i];
}

// What a thread was started with lies at the base of its stack, also when the last call of its function replaced the frame
// of that. Only for threads that are not ours: on those, what lies there may be old.
ModuleText module_in_words(const void* stack) {
  constexpr int kPart = 512, kParts = 32;
  constexpr std::uintptr_t kWord = sizeof(void*);
  void* words[kPart];
  std::uintptr_t at = reinterpret_cast<std::uintptr_t>(stack) & ~(kWord - 1);
  const std::uintptr_t end = end_of_mapping(at);
  for (int part = 0; part < kParts && at < end; ++part) {
    const int count = static_cast<int>(std::min<std::uintptr_t>((end - at) / kWord, kPart));
    copy_words(at, words, count);
    if (const ModuleText found = module_of(words, count)) return found;
    at += static_cast<std::uintptr_t>(kPart) * kWord;
  }
  return {};
}

struct Place {
  void *instruction = nullptr, *stack = nullptr;
};

Place place_of(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return {reinterpret_cast<void*>(machine.gregs[REG_RIP]), reinterpret_cast<void*>(machine.gregs[REG_RSP])};
#elif defined(__aarch64__)
  return {reinterpret_cast<void*>(machine.pc), nullptr};
#else
  return (void)machine, Place{};
#endif
}

}  // namespace

void prepare_stack_walk() {
  void* address[1];
  (void)::backtrace(address, 1);
}

ModuleText module_at_fault(const siginfo_t& info, const void* context, bool ours) {
  const Place place = place_of(context);
  void* addresses[2] = {place.instruction, nullptr};
  int count = 1;
  // A call of what is no code: its caller is on the stack, where the unwinder does not find it.
  if (place.stack && info.si_signo == SIGSEGV && info.si_addr == place.instruction)
    addresses[count++] = *static_cast<void**>(place.stack);
  if (const ModuleText found = module_of(addresses, count)) return found;
  if (const ModuleText found = module_in_calls(); found || ours || !place.stack) return found;
  return module_in_words(place.stack);
}

ModuleText module_on_stack() { return module_in_calls(); }

}  // namespace dunlin
