// SPDX-License-Identifier: Apache-2.0
#include "core/isolation/guest_services.h"

#include <optional>
#include <tuple>

namespace dunlin {

void GuestServices::begin(ClientId id, Visit visit) {
  Known& known = known_[id];
  if (known.questions++ > 0) return;  // what was lent of it stays
  known.visit = std::move(visit);
}

void GuestServices::end(ClientId id) {
  const auto found = known_.find(id);
  if (found != known_.end() && --found->second.questions == 0) known_.erase(found);
}

GuestServices::Known* GuestServices::find(ClientId id) {
  const auto found = known_.find(id);
  return found == known_.end() ? nullptr : &found->second;
}

dunlin_status GuestServices::lend(Known& known, std::optional<std::string> value, std::string_view& out) {
  if (!value) return DUNLIN_E_NOT_FOUND;
  // To the end of the question, which no hook about it outlasts.
  known.lent.push_back(std::move(*value));
  out = known.lent.back();
  return DUNLIN_OK;
}

dunlin_status GuestServices::conn_info(ClientId id, std::uint32_t what, std::string_view& out) {
  const Known* known = find(id);
  if (!known) return DUNLIN_E_GONE;
  const Visit& visit = known->visit;
  if (what == DUNLIN_CONN_REMOTE_ADDR) out = visit.peer;
  else if (what == DUNLIN_CONN_PATH) out = visit.path;
  else out = visit.handshake.get(handshake_name(what)).value_or(std::string_view{});
  return out.empty() ? DUNLIN_E_NOT_FOUND : DUNLIN_OK;
}

dunlin_status GuestServices::conn_certificate(ClientId id, std::string_view& pem) {
  const Known* known = find(id);
  if (!known) return DUNLIN_E_GONE;
  pem = known->visit.handshake.get(Handshake::kTlsCertificate).value_or(std::string_view{});
  return pem.empty() ? DUNLIN_E_NOT_FOUND : DUNLIN_OK;
}

dunlin_status GuestServices::conn_header(ClientId id, std::string_view name, std::string_view& out) {
  const Known* known = find(id);
  if (!known) return DUNLIN_E_GONE;
  const auto value = name.starts_with(':') ? std::nullopt : known->visit.handshake.get(name);
  if (!value) return DUNLIN_E_NOT_FOUND;
  out = *value;
  return DUNLIN_OK;
}

dunlin_status GuestServices::conn_header_at(ClientId id, std::size_t index, std::string_view& name,
                                            std::string_view& value) {
  const Known* known = find(id);
  if (!known) return DUNLIN_E_GONE;
  const auto header = known->visit.handshake.header_at(index);
  if (!header) return DUNLIN_E_NOT_FOUND;
  std::tie(name, value) = *header;
  return DUNLIN_OK;
}

dunlin_status GuestServices::conn_query(ClientId id, std::string_view name, std::string_view& out) {
  Known* known = find(id);
  if (!known) return DUNLIN_E_GONE;
  const auto uri = known->visit.handshake.get(Handshake::kUri);
  return lend(*known, uri ? query_of(*uri, name) : std::nullopt, out);
}

dunlin_status GuestServices::conn_cookie(ClientId id, std::string_view name, std::string_view& out) {
  Known* known = find(id);
  if (!known) return DUNLIN_E_GONE;
  return lend(*known, cookie_of(known->visit.handshake, name), out);
}

dunlin_status GuestServices::conn_option(ClientId id, std::string_view name, std::string_view& out) {
  Known* known = find(id);
  if (!known) return DUNLIN_E_GONE;
  if (!known->options) known->options = options_of(known->visit.options);
  const auto option = known->options->find(name);
  if (option == known->options->end()) return DUNLIN_E_NOT_FOUND;
  out = option->second;
  return DUNLIN_OK;
}

dunlin_status GuestServices::conn_options(ClientId id, std::string_view& json) {
  const Known* known = find(id);
  if (!known) return DUNLIN_E_GONE;
  json = known->visit.options;
  return DUNLIN_OK;
}

dunlin_status GuestServices::conn_uid(ClientId id, std::string_view& text, std::uint32_t& kind) {
  const Known* known = find(id);
  if (!known) return DUNLIN_E_GONE;
  if (known->visit.uid_kind == DUNLIN_UID_NONE) return DUNLIN_E_NOT_FOUND;
  text = known->visit.uid;
  kind = known->visit.uid_kind;
  return DUNLIN_OK;
}

}  // namespace dunlin
