// SPDX-License-Identifier: Apache-2.0
#include "plugins/http-auth/template.h"

#include <algorithm>
#include <array>

#include "plugins/http-auth/exact_json.h"

namespace dunlin::http_auth {
namespace {

struct Word {
  std::string_view text;
  Source source;
  bool named;  // "header." is followed by the name of one
};

constexpr std::array<Word, 12> kWords{{
    {"token", Source::token, false},
    {"remote_addr", Source::remote_addr, false},
    {"remote_ip", Source::remote_ip, false},
    {"path", Source::path, false},
    {"method", Source::method, false},
    {"uri", Source::uri, false},
    {"host", Source::host, false},
    {"tls_subject", Source::tls_subject, false},
    {"tls_certificate", Source::tls_certificate, false},
    {"header.", Source::header, true},
    {"query.", Source::query, true},
    {"cookie.", Source::cookie, true},
}};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string known_words() {
  std::string out;
  for (const Word& word : kWords) {
    out += out.empty() ? "" : ", ";
    out += "{{" + std::string(word.text) + (word.named ? "NAME" : "") + "}}";
  }
  return out;
}

const Word* find_word(std::string_view text) {
  const auto* found = std::find_if(kWords.begin(), kWords.end(), [&](const Word& word) {
    return word.named ? text.starts_with(word.text) && text.size() > word.text.size() : text == word.text;
  });
  return found == kWords.end() ? nullptr : found;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void percent_encode(std::string_view value, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : value) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
}

// False: it cannot be written there.
bool write(std::optional<std::string_view> value, Place place, std::string& out) {
  switch (place) {
    case Place::json:
      if (value && !is_utf8(*value)) return false;
      out += value ? quote(*value) : "null";
      return true;
    case Place::percent:
      percent_encode(value.value_or(""), out);
      return true;
    case Place::header:
      if (value && std::any_of(value->begin(), value->end(), is_control)) return false;
      out += value.value_or("");
      return true;
  }
  return false;
}

}  // namespace

std::optional<Template> Template::parse(std::string_view text, Place place, std::string& error) {
  Template result;
  result.place_ = place;
  for (auto open = text.find("{{"); open != std::string_view::npos; open = text.find("{{")) {
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos) {
      error = "a placeholder is opened by {{ and never closed by }}";
      return std::nullopt;
    }
    const std::string_view inside = trimmed(text.substr(open + 2, close - open - 2));
    const Word* word = find_word(inside);
    if (word == nullptr) {
      error = "there is no placeholder {{" + std::string(inside) + "}}; there are " + known_words();
      return std::nullopt;
    }
    const std::string_view name = word->named ? inside.substr(word->text.size()) : std::string_view();
    result.parts_.push_back({std::string(text.substr(0, open)), word->source,
                             word->source == Source::header ? lower(name) : std::string(name)});
    text.remove_prefix(close + 2);
  }
  result.tail_ = text;
  return result;
}

std::optional<std::string> Template::expand(const Values& values) const {
  std::string out;
  for (const Part& part : parts_) {
    out += part.before;
    if (!write(values.get(part.source, part.name), place_, out)) return std::nullopt;
  }
  out += tail_;
  return out;
}

bool Template::uses(Source source) const {
  return std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) { return part.source == source; });
}

}  // namespace dunlin::http_auth
