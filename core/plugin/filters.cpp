// SPDX-License-Identifier: Apache-2.0
// The publish filters: each sees a message once, on the worker where it is published, and lets it pass, changes it or
// drops it.
#include <utility>

#include "core/plugin/abi_text.h"
#include "core/plugin/runtime_impl.h"

namespace dunlin {
namespace {

// What is wrong with a replacement; empty: nothing.
std::string flaw_in(const dunlin_message& instead) {
  if (!sound(instead.data)) return "its replacement has a size and no data";
  if (instead.kind != DUNLIN_TEXT && instead.kind != DUNLIN_BINARY) return "its replacement is neither text nor binary";
  return instead.kind == DUNLIN_TEXT && !is_utf8(view(instead.data)) ? "its replacement is not UTF-8" : "";
}

}  // namespace

FilterOutcome ModuleRuntime::Impl::filter(const std::string& channel, Kind& kind, std::string& data) {
  for (const ModuleSet::ChainStep& step : filters_) {
    Instance& instance = *instances_[step.slot];
    Answer answer = filter_by(instance, channel, kind, data);
    const Outcome outcome = outcome_of(answer);
    instance.count(Asking::filter, outcome);
    if (outcome == Outcome::deny) return FilterOutcome::drop;
    if (!answer.fault) continue;
    instance.log_fault(Hook::filter, ClientId(), answer.reason);
    if (!step.on_error_pass) return FilterOutcome::fault;
  }
  return FilterOutcome::pass;
}

Answer ModuleRuntime::Impl::filter_by(Instance& instance, const std::string& channel, Kind& kind, std::string& data) {
  const dunlin_message message{lend(data), kind == Kind::text ? DUNLIN_TEXT : DUNLIN_BINARY, 0};
  dunlin_message instead{};
  dunlin_verdict verdict;
  {
    HookScope scope(instance, Hook::filter);
    verdict = instance.filter()->filter(instance.raw(), lend(channel), &message, &instead);
  }
  if (verdict == DUNLIN_PENDING) return fault_answer("a filter must answer at once");
  Answer answer = copy_answer(verdict, nullptr);
  if (answer.fault || answer.verdict == DUNLIN_DENY || (!instead.kind && !instead.data.data)) return answer;
  if (std::string flaw = flaw_in(instead); !flaw.empty()) return fault_answer(std::move(flaw));
  kind = instead.kind == DUNLIN_TEXT ? Kind::text : Kind::binary;
  data = std::string(view(instead.data));  // it may lie in what it replaces
  return answer;
}

}  // namespace dunlin
