// SPDX-License-Identifier: Apache-2.0
#include "plugins/http-auth/services.h"

#include <vector>

namespace dunlin::http_auth {
namespace {

template <class Table>
const Table* table(const dunlin_host* host, const char* id) {
  return static_cast<const Table*>(host->get_extension(host, id));
}

void answer_allow(const dunlin_ticket_api* api, const dunlin_host* host, dunlin_ticket ticket, const Identity& found) {
  std::vector<dunlin_pair> context;
  std::vector<dunlin_str> channels;
  for (const auto& [name, json] : found.context) context.push_back({str(name), str(json)});
  for (const std::string& channel : found.channels) channels.push_back(str(channel));
  dunlin_identity identity{};
  identity.uid = {str(found.uid), found.uid_is_number ? DUNLIN_UID_NUMBER : DUNLIN_UID_STRING, 0};
  identity.context = context.data();
  identity.context_count = context.size();
  identity.channels = channels.data();
  identity.channel_count = channels.size();
  identity.expires_at_ms = found.expires_at_ms;
  const dunlin_answer answer{&identity, {}};
  api->answer(host, ticket, DUNLIN_ALLOW, &answer);
}

std::uint32_t info_of(Source source) {
  switch (source) {
    case Source::remote_addr:
    case Source::remote_ip:
      return DUNLIN_CONN_REMOTE_ADDR;
    case Source::method:
      return DUNLIN_CONN_METHOD;
    case Source::uri:
      return DUNLIN_CONN_URI;
    case Source::host:
      return DUNLIN_CONN_HOST;
    case Source::tls_subject:
      return DUNLIN_CONN_TLS_SUBJECT;
    default:
      return DUNLIN_CONN_PATH;
  }
}

}  // namespace

Services::Services(const dunlin_host* from)
    : host(from),
      http(table<dunlin_http>(from, DUNLIN_EXT_HTTP)),
      timer(table<dunlin_timer>(from, DUNLIN_EXT_TIMER)),
      conn(table<dunlin_conn_api>(from, DUNLIN_EXT_CONN)),
      tls(table<dunlin_tls>(from, DUNLIN_EXT_TLS)),
      ticket_(table<dunlin_ticket_api>(from, DUNLIN_EXT_TICKET)),
      log_(table<dunlin_log>(from, DUNLIN_EXT_LOG)) {}

void Services::answer(dunlin_ticket ticket, const Outcome& outcome) const {
  if (outcome.result == Result::allow) return answer_allow(ticket_, host, ticket, outcome.identity);
  const dunlin_answer answer{nullptr, str(outcome.reason)};
  ticket_->answer(host, ticket, outcome.result == Result::deny ? DUNLIN_DENY : kUnavailable, &answer);
}

void Services::log(std::uint32_t level, std::string_view text) const { log_->write(host, level, 0, str(text)); }

std::string_view without_port(std::string_view address) {
  if (address.starts_with('[')) return address.substr(1, address.find(']') - 1);
  return address.substr(0, address.rfind(':'));
}

std::string base64_of(std::string_view pem) {
  const std::size_t begin = pem.find("-----BEGIN "), text = pem.find('\n', begin);
  const std::size_t end = pem.find("-----END ", text);
  std::string out;
  if (begin == std::string_view::npos || end == std::string_view::npos) return out;
  for (const char c : pem.substr(text, end - text))
    if (c != '\n' && c != '\r') out += c;
  return out;
}

std::optional<std::string_view> ConnValues::certificate() const {
  dunlin_str pem{};
  if (!services_.tls || services_.tls->certificate(services_.host, conn_, &pem) != DUNLIN_OK) return std::nullopt;
  certificate_ = base64_of({pem.data, pem.size});
  return certificate_;
}

std::optional<std::string_view> ConnValues::get(Source source, const std::string& name) const {
  if (source == Source::token) return std::string_view(token_.data, token_.size);
  if (source == Source::tls_certificate) return certificate();
  dunlin_str found{};
  dunlin_status status = DUNLIN_OK;
  switch (source) {
    case Source::header:
      status = services_.conn->header(services_.host, conn_, str(name), &found);
      break;
    case Source::query:
      status = services_.conn->query(services_.host, conn_, str(name), &found);
      break;
    case Source::cookie:
      status = services_.conn->cookie(services_.host, conn_, str(name), &found);
      break;
    default:
      status = services_.conn->info(services_.host, conn_, info_of(source), &found);
  }
  if (status != DUNLIN_OK) return std::nullopt;
  const std::string_view text(found.data, found.size);
  return source == Source::remote_ip ? without_port(text) : text;
}

}  // namespace dunlin::http_auth
