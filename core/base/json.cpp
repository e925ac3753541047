// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace dunlin::json {
namespace {

constexpr int kDeepest = 512;
constexpr std::size_t kPadding = 32;  // RapidJSON looks at 16 bytes at a time, and so past the end
// Checks each character of each string on its way: three times the work of a look at the whole text before. Only for
// text that has failed that look, to say where.
constexpr unsigned kCheckingFlags = rapidjson::kParseValidateEncodingFlag;

// Where RapidJSON keeps the two stacks of a run, of values and of states: in an array, on our own stack, as long as they
// fit. Nothing is freed before the end of the run.
class Stacks {
 public:
  static const bool kNeedFree = true;
  Stacks() = default;
  Stacks(const Stacks&) = delete;
  Stacks& operator=(const Stacks&) = delete;
  ~Stacks() {
    for (void* block : grown_) std::free(block);
  }

  void* Realloc(void* old, std::size_t had, std::size_t size) {
    if (const auto grown = std::find(grown_.begin(), grown_.end(), old); old && grown != grown_.end())
      return *grown = sound(std::realloc(old, size));
    if (!old && size <= room_.size() - used_) return room_.data() + std::exchange(used_, used_ + (size + 15) / 16 * 16);
    const auto place = std::find(grown_.begin(), grown_.end(), nullptr);
    CHECK(place != grown_.end());
    *place = sound(std::malloc(size));
    if (had > 0) std::memcpy(*place, old, had);
    return *place;
  }
  static void Free(void*) {}

 private:
  static void* sound(void* memory) {
    if (!memory) throw std::bad_alloc();
    return memory;
  }

  alignas(16) std::array<char, 2048> room_;
  std::size_t used_ = 0;
  std::array<void*, 2> grown_{};  // what has outgrown it
};

using RawBuilder = rapidjson::GenericDocument<rapidjson::UTF8<>, Document::Allocator, Stacks>;

// Wants no more of a text that nests too deeply: to read, print or validate it recurses for each level.
class Builder : public RawBuilder {
 public:
  using RawBuilder::RawBuilder;
  bool StartObject() { return ++depth_ <= kDeepest && RawBuilder::StartObject(); }
  bool StartArray() { return ++depth_ <= kDeepest && RawBuilder::StartArray(); }
  bool EndObject(rapidjson::SizeType members) { return --depth_, RawBuilder::EndObject(members); }
  bool EndArray(rapidjson::SizeType elements) { return --depth_, RawBuilder::EndArray(elements); }

 private:
  int depth_ = 0;
};

template <unsigned kHow, class Stream>
rapidjson::ParseResult build(Document& document, Stream stream) {
  constexpr std::size_t kStackOfValues = 1024;  // to begin with
  Stacks stacks;
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, Stacks> reader(&stacks);
  Builder builder(&document.allocator(), kStackOfValues, &stacks);
  rapidjson::ParseResult result;
  auto run = [&](RawBuilder&) {
    result = reader.template Parse<kHow>(stream, builder);
    return !result.IsError();
  };
  builder.Populate(run);
  static_cast<Value&>(document).Swap(builder);
  return result;
}

// In a copy of the document's own, where its strings stay: nothing is copied or allocated for each.
rapidjson::ParseResult build_in_place(Document& document, std::string_view text) {
  auto* copy = static_cast<char*>(document.allocator().Malloc(text.size() + kPadding));
  std::memcpy(copy, text.data() ? text.data() : "", text.size());
  std::memset(copy + text.size(), 0, kPadding);
  return build<rapidjson::kParseInsituFlag>(document, rapidjson::InsituStringStream(copy));
}

rapidjson::ParseResult build_checking(Document& document, std::string_view text) {
  return build<kCheckingFlags>(document, rapidjson::MemoryStream(text.data(), text.size()));
}

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

// What JSON has nowhere but in an escape. RapidJSON takes NUL for the end of the text, and where it looks at sixteen bytes
// at a time it passes over 1A to 1F.
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r'; }

bool has_control(std::string_view text) {
  std::uint64_t suspects = 0;
  std::size_t at = 0;
  for (; text.size() - at >= 8; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    suspects |= (word - 0x2020202020202020u) & ~word & 0x8080808080808080u;  // a byte below 0x20
  }
  if (suspects == 0) text.remove_prefix(at);
  return std::any_of(text.begin(), text.end(), is_control);
}

}  // namespace

Document::Document(std::size_t text) {
  // What the values of most texts take, for its strings stay in its copy; the next blocks are as large as the text at least.
  const std::size_t size = text + kPadding + text / 2 + 384;
  void* block = ::operator new(sizeof(Allocator) + size);
  memory_.reset(new (block) Allocator(static_cast<char*>(block) + sizeof(Allocator), size,
                                      std::clamp<std::size_t>(text, 1024, std::size_t{64} * 1024)));
}

void Document::Release::operator()(Allocator* memory) const noexcept {
  memory->~Allocator();
  ::operator delete(memory);
}

Result<Document> parse(std::string_view text) {
  if (has_control(text)) {
    const auto first = std::find_if(text.begin(), text.end(), is_control);
    return fail(Errc::bad_input, fmt::format("The control character \\u{:04x}, which must be escaped, at byte {}",
                                             static_cast<unsigned>(*first), first - text.begin()));
  }
  Document document(text.size());
  const auto result = is_utf8(text) ? build_in_place(document, text) : build_checking(document, text);
  if (!result.IsError()) return document;
  const bool deep = result.Code() == rapidjson::kParseErrorTermination;
  return fail(Errc::bad_input, fmt::format("{} at byte {}", deep ? fmt::format("Nested deeper than {} levels", kDeepest)
                                                                 : rapidjson::GetParseError_En(result.Code()), result.Offset()));
}

bool valid(std::string_view text) {
  if (has_control(text) || !is_utf8(text)) return false;
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  rapidjson::BaseReaderHandler<> ignore;
  return !reader.Parse<rapidjson::kParseIterativeFlag>(stream, ignore).IsError();
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
  for (const auto& member : object.GetObject())
    if (text_of(member.name) == name) return &member.value;
  return nullptr;
}

}  // namespace dunlin::json

namespace dunlin {

bool is_utf8(std::string_view text) {
  constexpr std::uint64_t kNoAscii = 0x8080808080808080u;
  const auto word = [&](std::size_t at) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    return bytes;
  };
  const auto ascii = [&](std::size_t at) { return static_cast<unsigned char>(text[at]) < 0x80; };
  for (std::size_t at = 0;;) {
    // Most text is ASCII and nothing else, or for a long while.
    while (text.size() - at >= 32 && ((word(at) | word(at + 8) | word(at + 16) | word(at + 24)) & kNoAscii) == 0) at += 32;
    while (text.size() - at >= 8 && (word(at) & kNoAscii) == 0) at += 8;
    while (at < text.size() && ascii(at)) ++at;
    if (at == text.size()) return true;
    do {
      const std::size_t n = json::sequence(text.substr(at));
      if (n == 0) return false;
      at += n;
    } while (at < text.size() && !ascii(at));
  }
}

}  // namespace dunlin
