// SPDX-License-Identifier: Apache-2.0
// The framer of a raw TCP endpoint. Both hooks answer at once: a packet's length is asked while its bytes are at hand.
#include <fmt/format.h>

#include "core/plugin/abi_text.h"
#include "core/plugin/runtime_impl.h"

namespace dunlin {
namespace {

void emit(void* to, dunlin_str data) {
  if (to && sound(data)) static_cast<std::string*>(to)->append(view(data));
}

}  // namespace

std::int64_t ModuleRuntime::Impl::input(const EndpointModules& endpoint, ClientId id, std::string_view unread) {
  Instance& instance = router_of(endpoint);
  std::int64_t length;
  {
    HookScope scope(instance, Hook::input);
    length = instance.framer()->input(instance.raw(), id.value(), lend(unread));
  }
  if (length < DUNLIN_FRAMER_FAULT) instance.log_fault(Hook::input, id, fmt::format("{} is no length", length));
  return length;
}

Encoded ModuleRuntime::Impl::encode(const EndpointModules& endpoint, ClientId id, const Message& message) {
  Instance& instance = router_of(endpoint);
  if (!instance.framer()->encode) return {Encoded::Outcome::done, Message::raw(message.payload())};
  // A message's bytes end with no NUL, and what a module is handed does.
  const std::string data(message.payload());
  const dunlin_message given{lend(data), message.kind() == Kind::text ? DUNLIN_TEXT : DUNLIN_BINARY, 0};
  std::string bytes;
  dunlin_status status;
  {
    HookScope scope(instance, Hook::encode);
    status = instance.framer()->encode(instance.raw(), id.value(), &given, emit, &bytes);
  }
  if (status == DUNLIN_FRAMER_EACH && !id) return {Encoded::Outcome::each, {}};
  if (status == DUNLIN_OK && !bytes.empty()) return {Encoded::Outcome::done, Message::raw(bytes)};
  instance.log_fault(Hook::encode, id, status == DUNLIN_OK ? "nothing was emitted" : status_name(status));
  return {};
}

}  // namespace dunlin
