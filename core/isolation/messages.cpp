// SPDX-License-Identifier: Apache-2.0
#include "core/isolation/messages.h"

namespace dunlin {
namespace {

constexpr std::uint32_t kInfo[] = {DUNLIN_CONN_METHOD, DUNLIN_CONN_URI, DUNLIN_CONN_PROTOCOL, DUNLIN_CONN_HOST,
                                   DUNLIN_CONN_TLS_SUBJECT};
constexpr std::string_view kNames[] = {Handshake::kMethod, Handshake::kUri, Handshake::kProtocol, Handshake::kHost,
                                       Handshake::kTlsSubject, Handshake::kTlsCertificate};

dunlin_str str(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

void put(std::string& out, const Start& start) {
  WireWriter frame(out, FrameKind::start);
  frame.text(start.plugin_directory).text(start.config_file).text(start.config_directory);
  frame.number(start.log_level).number(start.log_format).number(start.worker);
  frame.text(start.use.module).text(start.use.settings);
  frame.number(start.use.place.line).number(start.use.place.column);
  frame.number(static_cast<std::uint32_t>(start.use.places->size()));
  for (const auto& [pointer, place] : *start.use.places) frame.text(pointer).number(place.line).number(place.column);
}

bool get(WireReader& in, Start& start) {
  start.plugin_directory = in.text(), start.config_file = in.text(), start.config_directory = in.text();
  start.log_level = in.number<Level>(), start.log_format = in.number<LogFormat>();
  start.worker = in.number<std::uint32_t>();
  start.use.module = in.text(), start.use.settings = in.text();
  start.use.place.line = in.number<int>(), start.use.place.column = in.number<int>();
  auto places = std::make_shared<Places>();
  for (auto count = in.number<std::uint32_t>(); in.ok() && count > 0; --count) {
    Place& place = (*places)[std::string(in.text())];
    place.line = in.number<int>(), place.column = in.number<int>();
  }
  start.use.places = places;
  return in.ok() && in.ended();
}

void put(std::string& out, const Configured& configured) {
  WireWriter(out, FrameKind::configured)
      .text(configured.why).text(configured.version).text(configured.summary)
      .number<std::uint8_t>(configured.is_auth);
}

bool get(WireReader& in, Configured& configured) {
  configured.why = in.text(), configured.version = in.text(), configured.summary = in.text();
  configured.is_auth = in.flag();
  return in.ok() && in.ended();
}

void put_visit(WireWriter& out, Services& services, ClientId id) {
  std::string_view name, value;
  const auto given = [&](dunlin_status status) { return status == DUNLIN_OK ? value : std::string_view{}; };
  out.text(given(services.conn_info(id, DUNLIN_CONN_REMOTE_ADDR, value)));
  out.text(given(services.conn_info(id, DUNLIN_CONN_PATH, value)));
  out.text(given(services.conn_options(id, value)));
  std::uint32_t kind = DUNLIN_UID_NONE;
  const bool known = services.conn_uid(id, value, kind) == DUNLIN_OK;
  out.number<std::uint32_t>(known ? kind : DUNLIN_UID_NONE).text(known ? value : std::string_view{});
  for (const std::uint32_t what : kInfo) out.text(given(services.conn_info(id, what, value)));
  out.text(given(services.conn_certificate(id, value)));
  for (std::size_t i = 0; services.conn_header_at(id, i, name, value) == DUNLIN_OK; ++i)
    out.number<std::uint8_t>(1).text(name).text(value);
  out.number<std::uint8_t>(0);
}

bool get(WireReader& in, Visit& visit) {
  visit.peer = in.text(), visit.path = in.text(), visit.options = in.text();
  visit.uid_kind = in.number<std::uint32_t>();
  visit.uid = in.text();
  for (const std::string_view name : kNames)
    if (const std::string_view value = in.text(); !value.empty()) visit.handshake.add(name, value);
  while (in.flag()) {
    const std::string_view name = in.text();
    visit.handshake.add(name, in.text());
  }
  return in.ok();
}

void put(WireWriter& out, const Answer& answer) {
  const Identity& identity = answer.identity;
  out.number(answer.verdict).number<std::uint8_t>(answer.fault).text(answer.reason);
  out.number(identity.uid_kind).text(identity.uid).number(identity.expires_at_ms);
  out.number(static_cast<std::uint32_t>(identity.context.size()));
  for (const auto& [name, json] : identity.context) out.text(name).text(json);
  out.number(static_cast<std::uint32_t>(identity.channels.size()));
  for (const std::string& channel : identity.channels) out.text(channel);
}

bool get(WireReader& in, Said& said) {
  said.verdict = in.number<dunlin_verdict>();
  said.fault = in.flag();
  said.reason = in.text();
  said.uid.kind = in.number<std::uint32_t>();
  said.uid.text = str(in.text());
  said.expires_at_ms = in.number<std::int64_t>();
  for (auto count = in.number<std::uint32_t>(); in.ok() && count > 0; --count) {
    const std::string_view name = in.text();
    said.context.push_back({str(name), str(in.text())});
  }
  for (auto count = in.number<std::uint32_t>(); in.ok() && count > 0; --count) said.channels.push_back(str(in.text()));
  return in.ok() && in.ended();
}

void put(std::string& out, const InstanceMetrics::Figure& figure) {
  WireWriter frame(out, FrameKind::define);
  frame.number(figure.kind).text(figure.name).text(figure.help);
  frame.number(static_cast<std::uint32_t>(figure.labels.size()));
  for (const auto& [name, value] : figure.labels) frame.text(name).text(value);
}

bool get(WireReader& in, InstanceMetrics::Figure& figure) {
  figure.kind = in.number<std::uint32_t>();
  figure.name = in.text(), figure.help = in.text();
  for (auto count = in.number<std::uint32_t>(); in.ok() && count > 0; --count) {
    const std::string_view name = in.text();
    figure.labels.emplace_back(name, in.text());
  }
  return in.ok() && in.ended();
}

}  // namespace dunlin
