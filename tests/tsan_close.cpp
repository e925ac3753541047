// SPDX-License-Identifier: Apache-2.0
// libuv closes a descriptor by syscall(SYS_close), which ThreadSanitizer does not watch: it believes the old descriptor
// to be open, and takes the next use of its number by another thread for a race. Here the call becomes close(), which it
// watches. Only a build with ThreadSanitizer has this file.
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>

extern "C" __attribute__((visibility("default"))) long syscall(long number, ...) {
  using Call = long (*)(long, ...);
  static std::atomic<Call> next = nullptr;  // no guard of a static: its lock would wait by syscall()

  long argument[6];
  va_list list;
  va_start(list, number);
  for (long& value : argument) value = va_arg(list, long);
  va_end(list);
  if (number == SYS_close) return close(static_cast<int>(argument[0]));

  Call call = next.load(std::memory_order_relaxed);
  if (!call) next.store(call = reinterpret_cast<Call>(dlsym(RTLD_NEXT, "syscall")), std::memory_order_relaxed);
  return call(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}
