// SPDX-License-Identifier: Apache-2.0
// Isolator: runs a module in processes of its own (core/isolation implements it). What it gives is a module like any other,
// whose hooks hand the questions on: tickets, deadlines, chains, canaries and swaps know of no difference.
#pragma once

#include <memory>

#include "core/base/result.h"
#include "core/plugin/module.h"

namespace dunlin {

class IsolatedModule {
 public:
  virtual ~IsolatedModule() = default;  // [setup] returns when every process of it has ended
  // `create` is to be given settings(); `configure` has run, and `discard` is its own affair.
  virtual const dunlin_module& module() const = 0;
  virtual dunlin_settings* settings() = 0;
};

class Isolator {
 public:
  // [setup] The error is lines, as of Selection::configure.
  virtual Result<std::unique_ptr<IsolatedModule>> start(const ModuleEnvironment& environment, const ModuleUse& use) = 0;

 protected:
  ~Isolator() = default;
};

}  // namespace dunlin
