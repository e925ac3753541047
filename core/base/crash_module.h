// SPDX-License-Identifier: Apache-2.0
// Which module's code is at work on a thread that carries no note of it: one that the module started itself, or a worker's
// in a callback of libuv that it brought.
//
// Plugins run from private copies in memory, which the kernel lists as "/memfd:NAME" (plugin/libraries.h): its own list of
// mappings says whose an address is, so that we need no table of ours, and it holds also when the heap is in ruins. Only
// open, read and the unwinder are used, which look nothing up by a lock; that one is loaded beforehand.
#pragma once

#include <cstddef>

#include <signal.h>

namespace dunlin {

// The module's name; empty: none was found.
struct ModuleText {
  char name[65] = "";
  explicit operator bool() const { return name[0] != '\0'; }
};

// Loads what walking a stack needs. Once, before there is a handler.
void prepare_stack_walk();

// [handler] Where the fault came, as the handler was told, or else who called that, or else, on a thread that is not `ours`,
// what it was started with.
ModuleText module_at_fault(const siginfo_t& info, const void* context, bool ours);

// Who called the function that calls this, on this thread's stack.
ModuleText module_on_stack();

}  // namespace dunlin
