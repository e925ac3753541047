// SPDX-License-Identifier: Apache-2.0
// ConnCall: what a backend asks to be done to one connection (conn.call), wherever in the cluster that is.
#pragma once

#include <string>
#include <vector>

namespace dunlin {

//        enumerator, arguments
#define DUNLIN_CONN_FUNCTIONS(X)                                                     \
  X(set_context_value, "a key and any value; null removes")                          \
  X(set_context, "an object that takes the place of the whole context")              \
  X(subscribe, "channels")                                                           \
  X(unsubscribe, "channels")                                                         \
  X(close, "a close code (1000, 3000 to 4999) and a reason, or neither")             \
  X(context, "a key, or nothing for the whole context")

struct ConnCall {
  enum class Function {
#define DUNLIN_ENUMERATOR(name, arguments) name,
    DUNLIN_CONN_FUNCTIONS(DUNLIN_ENUMERATOR)
#undef DUNLIN_ENUMERATOR
  };
  Function function = Function::context;
  // Checked: set_context_value: key, JSON; set_context: a JSON object; close: code, reason; the others as texts.
  std::vector<std::string> arguments;
};

struct CallOutcome {
  bool done = false;
  std::string text;  // done: JSON, what `context` gives, otherwise empty; else why not
};

}  // namespace dunlin
