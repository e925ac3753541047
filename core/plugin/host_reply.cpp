// SPDX-License-Identifier: Apache-2.0
// dunlin.reply/1
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "core/plugin/abi_text.h"
#include "core/plugin/host_call.h"

namespace dunlin {
namespace {

constexpr std::size_t kMaxHeaders = 64;

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || kMarks.find(c) != std::string_view::npos;
  });
}

bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
  });
}

// Those that say how the answer is framed are the server's.
bool is_reserved(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array kReserved = {"content-length", "content-type", "connection", "transfer-encoding"};
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

// Empty: it cannot be sent.
std::optional<Reply> copy(const dunlin_reply& given) {
  if (given.status < 200 || given.status > 599 || !sound(given.body)) return std::nullopt;
  if (!sound(given.content_type) || !is_value(view(given.content_type))) return std::nullopt;
  if (given.header_count > kMaxHeaders || (given.header_count > 0 && !given.headers)) return std::nullopt;
  Reply reply{.status = given.status, .body = std::string(view(given.body)), .headers = {}};
  if (given.content_type.size > 0) reply.type = view(given.content_type);
  for (std::size_t i = 0; i < given.header_count; ++i) {
    const dunlin_pair& header = given.headers[i];
    if (!sound(header.name) || !sound(header.value) || !is_token(view(header.name)) || !is_value(view(header.value)) ||
        is_reserved(std::string(view(header.name))))
      return std::nullopt;
    reply.headers += fmt::format("{}: {}\r\n", view(header.name), view(header.value));
  }
  return reply;
}

dunlin_status send(const dunlin_host* host, dunlin_ticket ticket, const dunlin_reply* given) noexcept {
  return on_any_thread(host, [&](Instance& instance) {
    if (!given) return DUNLIN_E_INVALID;
    auto reply = copy(*given);
    if (!reply) return DUNLIN_E_INVALID;
    Answer answer = fault_answer("an HTTP reply to what is no HTTP request");  // unless it is one: routes look at the reply first
    answer.reply = std::make_shared<const Reply>(std::move(*reply));
    return instance.answer(ticket, std::move(answer));
  });
}

}  // namespace

const dunlin_reply_api kReplyTable = {send};

}  // namespace dunlin
