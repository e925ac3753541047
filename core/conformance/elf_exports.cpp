// SPDX-License-Identifier: Apache-2.0
#include "core/conformance/elf_exports.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace dunlin {
namespace {

// A part of the file as a T; nullptr: it ends before.
template <class T>
const T* part(const std::string& bytes, std::uint64_t at, std::uint64_t count = 1) {
  if (at > bytes.size() || count > (bytes.size() - at) / sizeof(T) || at % alignof(T) != 0) return nullptr;
  return reinterpret_cast<const T*>(bytes.data() + at);
}

bool is_tool(std::string_view name) {
  constexpr std::string_view kTools[] = {"__asan", "__odr_asan", "__tsan", "__ubsan", "__gcov", "__sanitizer"};
  return std::any_of(std::begin(kTools), std::end(kTools), [&](std::string_view tool) { return name.starts_with(tool); });
}

bool is_exported(const Elf64_Sym& symbol) {
  const unsigned binding = ELF64_ST_BIND(symbol.st_info), visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  return symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS && (binding == STB_GLOBAL || binding == STB_WEAK) &&
         (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

struct Symbol {
  std::string name;
  std::uint64_t address;
};

// A whole library in memory. Everything in it may be malformed.
class ElfFile {
 public:
  static Result<ElfFile> open(const std::string& file) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) return fail(Errc::bad_input, fmt::format("{}: no file", file));
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return fail(Errc::not_found, fmt::format("{}: cannot be read", file));
    ElfFile elf;
    elf.bytes_.assign(std::istreambuf_iterator<char>(stream), {});
    const auto* head = elf.head();
    if (head && std::memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 && head->e_ident[EI_CLASS] == ELFCLASS64) return elf;
    return fail(Errc::bad_input, fmt::format("{}: no shared library for this machine", file));
  }

  std::vector<Symbol> exports() const {
    std::vector<Symbol> found;
    const auto* sections = part<Elf64_Shdr>(bytes_, head()->e_shoff, head()->e_shnum);
    for (const Elf64_Shdr* section = sections; sections && section < sections + head()->e_shnum; ++section)
      if (section->sh_type == SHT_DYNSYM && section->sh_link < head()->e_shnum)
        collect(*section, sections[section->sh_link].sh_offset, found);
    return found;
  }

  // What is loaded at an address; nullptr: nothing.
  const char* at(std::uint64_t address, std::size_t size) const {
    const auto* segments = part<Elf64_Phdr>(bytes_, head()->e_phoff, head()->e_phnum);
    for (const Elf64_Phdr* one = segments; segments && one < segments + head()->e_phnum; ++one)
      if (one->p_type == PT_LOAD && address >= one->p_vaddr && address - one->p_vaddr < one->p_filesz)
        return part<char>(bytes_, one->p_offset + (address - one->p_vaddr), size);
    return nullptr;
  }

 private:
  const Elf64_Ehdr* head() const { return part<Elf64_Ehdr>(bytes_, 0); }

  void collect(const Elf64_Shdr& section, std::uint64_t text, std::vector<Symbol>& into) const {
    const std::uint64_t count = section.sh_size / sizeof(Elf64_Sym);
    const auto* symbols = part<Elf64_Sym>(bytes_, section.sh_offset, count);
    for (const Elf64_Sym* symbol = symbols; symbols && symbol < symbols + count; ++symbol) {
      const std::uint64_t name = text + symbol->st_name;
      if (is_exported(*symbol) && name < bytes_.size() && !is_tool(bytes_.c_str() + name))
        into.push_back({bytes_.c_str() + name, symbol->st_value});  // a std::string ends in a NUL, whatever is in it
    }
  }

  std::string bytes_;
};

}  // namespace

Result<std::vector<std::string>> elf_exports(const std::string& file) {
  const auto elf = ElfFile::open(file);
  if (!elf) return elf.error();
  std::vector<std::string> names;
  for (Symbol& symbol : elf->exports()) names.push_back(std::move(symbol.name));
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> elf_data(const std::string& file, std::string_view name, std::size_t size) {
  const auto elf = ElfFile::open(file);
  if (!elf) return elf.error();
  for (const Symbol& symbol : elf->exports())
    if (symbol.name == name)
      if (const char* data = elf->at(symbol.address, size)) return std::string(data, size);
  return fail(Errc::not_found, fmt::format("{}: it does not export {}", file, name));
}

}  // namespace dunlin
