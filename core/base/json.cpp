// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.h"

#include <cstring>

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace dunlin::json {
namespace {

constexpr unsigned kFlags = rapidjson::kParseIterativeFlag;
constexpr unsigned kInsituFlags = kFlags | rapidjson::kParseInsituFlag;
constexpr std::size_t kPadding = 32;  // RapidJSON looks at 16 bytes at a time, and so past the end
// Checks each character of each string on its way: three times the work of a look at the whole text before. Only for
// text that has failed that look, to say where.
constexpr unsigned kCheckingFlags = kFlags | rapidjson::kParseValidateEncodingFlag;

// How many bytes of valid UTF-8 begin at text[0]; 0: none.
std::size_t sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto tail = [&](std::size_t i) { return (at(i) & 0xc0u) == 0x80u; };
  const unsigned a = at(0), b = at(1);
  if (a < 0x80) return 1;
  if (a >= 0xc2 && a <= 0xdf) return tail(1) ? 2 : 0;
  if (a >= 0xe0 && a <= 0xef) {
    const bool second = a == 0xe0 ? b >= 0xa0 && b <= 0xbf : a == 0xed ? b >= 0x80 && b <= 0x9f : tail(1);
    return second && tail(2) ? 3 : 0;
  }
  if (a >= 0xf0 && a <= 0xf4) {
    const bool second = a == 0xf0 ? b >= 0x90 && b <= 0xbf : a == 0xf4 ? b >= 0x80 && b <= 0x8f : tail(1);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

std::string repaired(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t n = sequence(text);
    if (n == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
    } else {
      out += text.substr(0, n);
      text.remove_prefix(n);
    }
  }
  return out;
}

// RapidJSON takes a NUL byte for the end of the text; JSON has none outside of an escape.
bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

Result<Document> parse(std::string_view text) {
  if (has_nul(text)) return fail(Errc::bad_input, fmt::format("a NUL byte at byte {}", text.find('\0')));
  Document document;
  if (is_utf8(text)) {
    // In a copy of the document's own, where strings stay that have no escapes: nothing is copied or allocated for each.
    auto* copy = static_cast<char*>(document.GetAllocator().Malloc(text.size() + kPadding));
    std::memcpy(copy, text.data() ? text.data() : "", text.size());
    std::memset(copy + text.size(), 0, kPadding);
    document.ParseInsitu<kInsituFlags>(copy);
  } else {
    document.Parse<kCheckingFlags>(text.data(), text.size());
  }
  if (document.HasParseError())
    return fail(Errc::bad_input, fmt::format("{} at byte {}", rapidjson::GetParseError_En(document.GetParseError()),
                                             document.GetErrorOffset()));
  return document;
}

bool valid(std::string_view text) {
  if (has_nul(text) || !is_utf8(text)) return false;
  rapidjson::MemoryStream memory(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(memory);
  rapidjson::Reader reader;
  rapidjson::BaseReaderHandler<> ignore;
  return !reader.Parse<kFlags>(stream, ignore).IsError();
}

std::string print(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string quote(std::string_view text) {
  if (!is_utf8(text)) return quote(repaired(text));
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data() ? text.data() : "", static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

const Value* member(const Value& object, std::string_view name) {
  const auto found =
      object.FindMember(Value(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size()))));
  return found == object.MemberEnd() ? nullptr : &found->value;
}

}  // namespace dunlin::json

namespace dunlin {

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    // Eight ASCII bytes at a time: most text is nothing else.
    if (text.size() >= 8) {
      std::uint64_t word;
      std::memcpy(&word, text.data(), 8);
      if ((word & 0x8080808080808080u) == 0) {
        text.remove_prefix(8);
        continue;
      }
    }
    const std::size_t n = json::sequence(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

}  // namespace dunlin
