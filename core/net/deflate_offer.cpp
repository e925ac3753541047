// SPDX-License-Identifier: Apache-2.0
#include "core/net/deflate_offer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/deflate.h"

namespace dunlin {
namespace {

struct Parameter {
  std::string_view name;
  std::optional<std::string_view> value;
};

// RFC 7230, 3.2.6
bool is_token(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.find(c) != std::string_view::npos;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) { skip_space(); }

  bool done() const { return text_.empty(); }
  bool take(char c) {
    if (done() || text_.front() != c) return false;
    text_.remove_prefix(1);
    skip_space();
    return true;
  }
  std::string_view token() {
    const auto end = std::find_if_not(text_.begin(), text_.end(), is_token);
    return cut(static_cast<std::size_t>(end - text_.begin()), 0);
  }
  // A quoted value has to be a token when it is taken out of its quotes (RFC 6455, 9.1): no escapes to undo.
  std::string_view quoted() {
    const std::size_t end = text_.find('"');
    return end == std::string_view::npos ? std::string_view() : cut(end, 1);
  }

 private:
  std::string_view cut(std::size_t size, std::size_t more) {
    const std::string_view part = text_.substr(0, size);
    text_.remove_prefix(size + more);
    skip_space();
    return part;
  }
  void skip_space() {
    while (!done() && (text_.front() == ' ' || text_.front() == '\t')) text_.remove_prefix(1);
  }
  std::string_view text_;
};

// A window's size; 0: it is none.
unsigned bits_of(std::string_view text) {
  if (text.size() == 1 && (text[0] == '8' || text[0] == '9')) return static_cast<unsigned>(text[0] - '0');
  if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') return 10u + static_cast<unsigned>(text[1] - '0');
  return 0;
}

class Offer {
 public:
  // False: the offer cannot be agreed to.
  bool take(const Parameter& parameter) {
    for (const Row& row : kRows)
      if (parameter.name == row.name) return !std::exchange(this->*row.seen, true) && (this->*row.read)(parameter.value);
    return false;
  }
  // 0: no size was asked for.
  unsigned server_bits() const { return server_bits_; }

 private:
  using Value = std::optional<std::string_view>;
  struct Row {
    const char* name;
    bool Offer::*seen;
    bool (Offer::*read)(const Value& value);
  };
  static const Row kRows[4];

  bool read_flag(const Value& value) { return !value; }
  bool read_server_bits(const Value& value) {
    server_bits_ = value ? bits_of(*value) : 0;
    return server_bits_ >= kMinWindowBits;
  }
  // A hint of what the client may use; whatever it is can be inflated.
  bool read_client_bits(const Value& value) { return !value || bits_of(*value) != 0; }

  bool server_fresh_ = false, client_fresh_ = false, server_sized_ = false, client_sized_ = false;
  unsigned server_bits_ = 0;
};

const Offer::Row Offer::kRows[4] = {
    {"server_no_context_takeover", &Offer::server_fresh_, &Offer::read_flag},
    {"client_no_context_takeover", &Offer::client_fresh_, &Offer::read_flag},
    {"server_max_window_bits", &Offer::server_sized_, &Offer::read_server_bits},
    {"client_max_window_bits", &Offer::client_sized_, &Offer::read_client_bits},
};

// One parameter; nothing: that is no parameter.
std::optional<Parameter> read_parameter(Scanner& scanner) {
  Parameter parameter{scanner.token(), {}};
  if (parameter.name.empty()) return {};
  if (scanner.take('=')) {
    parameter.value = scanner.take('"') ? scanner.quoted() : scanner.token();
    if (parameter.value->empty()) return {};
  }
  return parameter;
}

}  // namespace

std::string DeflateAgreement::parameters() const {
  std::string out = "; server_no_context_takeover; client_no_context_takeover";
  if (bits_asked || window_bits < kMaxWindowBits) out += "; server_max_window_bits=" + std::to_string(window_bits);
  return out;
}

DeflateAgreement agree_on_deflate(std::string_view offers, unsigned most_bits) {
  DeflateAgreement agreed;
  for (Scanner scanner(offers); !scanner.done();) {
    if (scanner.take(',')) continue;  // a list may have empty elements (RFC 7230, 7)
    const std::string_view name = scanner.token();
    if (name.empty()) return {};
    const bool ours = name == "permessage-deflate";
    bool good = ours;
    Offer offer;
    while (scanner.take(';')) {
      const auto parameter = read_parameter(scanner);
      if (!parameter) return {};
      if (ours) good = offer.take(*parameter) && good;
    }
    if (!scanner.done() && !scanner.take(',')) return {};
    if (ours) ++agreed.offers;
    if (!good || agreed.window_bits != 0) continue;
    agreed.bits_asked = offer.server_bits() != 0;
    agreed.window_bits = agreed.bits_asked ? std::min(offer.server_bits(), most_bits) : most_bits;
  }
  return agreed;
}

}  // namespace dunlin
