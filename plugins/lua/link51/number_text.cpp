// SPDX-License-Identifier: Apache-2.0
// Numbers as text, as Lua 5.1 wrote them: 10 / 2 is "5", where Lua 5.4 writes "5.0". A script of old says "user:" .. n / 2.
//
// Lua 5.4 offers nothing to change that: neither an option nor a metamethod is asked when a number becomes text. It asks
// strspn, though, whether what it has printed looks like an integer, and then appends ".0". The linker leads that question
// here (--wrap, see CMakeLists.txt), and the answer is no. math.type still tells the two apart.
//
// Debian's static library is made for executables: it reaches the C library's streams as data of its own object, which a
// shared object cannot have of another. So they are led here, too. They are written once, before anything else runs.
#include <cstdio>
#include <cstring>

extern "C" {
extern std::FILE *__real_stdin, *__real_stdout, *__real_stderr;  // NOLINT: the linker's names
std::FILE *__wrap_stdin, *__wrap_stdout, *__wrap_stderr;         // NOLINT

std::size_t __real_strspn(const char* text, const char* accepted) noexcept;  // NOLINT
std::size_t __wrap_strspn(const char* text, const char* accepted) noexcept;  // NOLINT

std::size_t __wrap_strspn(const char* text, const char* accepted) noexcept {
  return std::strcmp(accepted, "-0123456789") == 0 ? 0 : __real_strspn(text, accepted);
}

__attribute__((constructor)) static void take_streams() {
  __wrap_stdin = __real_stdin;
  __wrap_stdout = __real_stdout;
  __wrap_stderr = __real_stderr;
}
}
