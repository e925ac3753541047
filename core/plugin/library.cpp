// SPDX-License-Identifier: Apache-2.0
// Opens a plugin and looks at everything that can be looked at before one of its functions is called.
#include "core/plugin/library.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "core/plugin/abi_text.h"
#include "core/plugin/module.h"

namespace dunlin {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargest = std::size_t{1} << 30;

// It becomes a file's name and a part of figures' names.
bool valid_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), plain);
}

std::string modules_in(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
    if (entry->path().extension() == ".so") names.push_back(entry->path().stem().string());
  if (error) return fmt::format("the plugin directory cannot be read: {}", error.message());
  if (names.empty()) return "there is no module in the plugin directory";
  std::sort(names.begin(), names.end());
  return fmt::format("there are: {}", fmt::join(names, ", "));
}

// What the module's table lacks; empty: nothing.
std::string flaw_in(const dunlin_module& module, const std::string& name) {
  if (!module.name) return "its module has no name";
  if (name != module.name)
    return fmt::format("its module calls itself \"{}\"; the file's stem must be the module's name",
                       one_line(module.name));
  struct Hook {
    bool there;
    const char* name;
  };
  const Hook hooks[] = {{module.configure != nullptr, "configure"},
                        {module.discard != nullptr, "discard"},
                        {module.create != nullptr, "create"},
                        {module.destroy != nullptr, "destroy"},
                        {module.get_interface != nullptr, "get_interface"}};
  for (const Hook& hook : hooks)
    if (!hook.there) return fmt::format("its module lacks the hook {}", hook.name);
  if (module.get_interface("dunlin.no-such-interface/0"))
    return "its get_interface gives a table for every id: it must compare the id, and return NULL for one that it does not know";
  return Tables::of(module).flaw();
}

std::string flaw_in(const dunlin_plugin& plugin, const std::string& name) {
  if (plugin.magic != DUNLIN_MAGIC)
    return fmt::format("its {} does not begin with the magic number: no plugin for Dunlin", DUNLIN_ENTRY_SYMBOL);
  if (plugin.abi_major != DUNLIN_ABI_MAJOR)
    return fmt::format("it was built for version {}.{} of the plugin ABI; this server loads version {}.x",
                       plugin.abi_major, plugin.abi_minor, DUNLIN_ABI_MAJOR);
  if (!plugin.module) return "it names no module";
  return flaw_in(*plugin.module, name);
}

Error refused(const std::string& file, const std::string& why) {
  return fail(Errc::bad_input, fmt::format("{}: {}", file, why));
}

Result<std::string> read_file(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe of that name would keep us waiting
  if (fd < 0) return refused(file, fmt::format("cannot be opened: {}", std::strerror(errno)));
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    return refused(file, S_ISDIR(status.st_mode) ? "it is a folder" : "it is no regular file");
  }
  std::string bytes;
  char part[64 * 1024];
  ssize_t got;
  while ((got = ::read(fd, part, sizeof part)) > 0 && bytes.size() < kLargest)
    bytes.append(part, static_cast<std::size_t>(got));
  const int error = errno;
  ::close(fd);
  errno = error;
  if (got < 0) return refused(file, fmt::format("cannot be read: {}", std::strerror(errno)));
  if (got > 0) return refused(file, "is larger than a plugin can be");
  return bytes;
}

#if defined(__x86_64__)
constexpr unsigned kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = EM_AARCH64;
#else
constexpr unsigned kMachine = EM_NONE;  // unknown: the loader tells
#endif

std::string machine_name(unsigned machine) {
  struct Name {
    unsigned machine;
    const char* name;
  };
  constexpr Name kNames[] = {{EM_X86_64, "x86-64"}, {EM_AARCH64, "AArch64"}, {EM_386, "x86"},  {EM_ARM, "ARM"},
                             {EM_RISCV, "RISC-V"},  {EM_PPC64, "POWER"},     {EM_S390, "S/390"}};
  for (const Name& row : kNames)
    if (row.machine == machine) return row.name;
  return fmt::format("machine {}", machine);
}

// Said here because the loader only says that there is no such file, or names a number of the format. What is read of the
// header lies at the same place in every kind of ELF file.
std::string flaw_in_header(const Elf64_Ehdr& header) {
  const bool swapped = header.e_ident[EI_DATA] != ELFDATA2LSB, narrow = header.e_ident[EI_CLASS] != ELFCLASS64;
  const unsigned machine = swapped ? static_cast<unsigned>(__builtin_bswap16(header.e_machine)) : header.e_machine;
  if (kMachine != EM_NONE && (swapped || narrow || machine != kMachine))
    return fmt::format("it was built for {}{}{}; this server runs on {}", machine_name(machine), narrow ? ", 32 bits" : "",
                       swapped ? ", big-endian" : "", machine_name(kMachine));
  if (header.e_type == ET_REL) return "it is an object file, and no shared library: link it with -shared";
  if (header.e_type == ET_EXEC) return "it is a program, and no shared library: link it with -shared";
  return {};
}

std::string flaw_in_bytes(std::string_view bytes) {
  Elf64_Ehdr header{};
  if (bytes.size() < sizeof header) return "it is no shared library: file too short";
  if (bytes.substr(0, SELFMAG) != std::string_view(ELFMAG, SELFMAG)) return "it is no shared library";
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::string flaw = flaw_in_header(header); !flaw.empty()) return flaw;
  const auto within = [&](std::uint64_t offset, std::uint64_t size) {
    return offset <= bytes.size() && size <= bytes.size() - offset;
  };
  bool whole = within(header.e_shoff, std::uint64_t{header.e_shnum} * header.e_shentsize) &&
               within(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr));
  for (unsigned i = 0; whole && i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof segment, sizeof segment);
    whole = within(segment.p_offset, segment.p_filesz);
  }
  return whole ? "" : "it is cut short: is it still being written?";
}

// What the loader says, which begins with a path that is ours alone, or has been said.
std::string in_words(std::string why, const std::string& path, const std::string& name) {
  if (why.starts_with(path + ": ")) why.erase(0, path.size() + 2);
  for (std::size_t at; (at = why.find(path)) != std::string::npos;) why.replace(at, path.size(), name);
  if (why.starts_with("undefined symbol")) why += " (link the library that has it; the server has none for plugins)";
  return why;
}

Error failed(const std::string& file, std::string_view what) {
  return fail(Errc::unavailable, fmt::format("{}: {}: {}", file, what, std::strerror(errno)));
}

}  // namespace

Result<std::string> library_file(const std::string& directory, const std::string& name) {
  if (!valid_name(name))
    return fail(Errc::bad_input,
                fmt::format("\"{}\" is no module's name: letters, digits, '-' and '_', at most 64", name));
  std::string file = fmt::format("{}/{}.so", directory, name);
  std::error_code error;
  if (!fs::exists(file, error) && fs::is_symlink(file, error))
    return fail(Errc::not_found, fmt::format("{}: it is a link to what is not there", file));
  if (!fs::exists(file, error))
    return fail(Errc::not_found, fmt::format("{}: no such file; {}", file, modules_in(directory)));
  return file;
}

Result<std::string> read_library(const std::string& file) {
  auto bytes = read_file(file);
  if (!bytes) return bytes;
  if (const std::string flaw = flaw_in_bytes(*bytes); !flaw.empty()) return refused(file, flaw);
  return bytes;
}

Result<int> private_copy(std::string_view bytes, const std::string& file, const std::string& name) {
  const int fd = memfd_create(name.c_str(), MFD_CLOEXEC);
  if (fd < 0) return failed(file, "there can be no private copy of it");
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t put = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      const auto error = failed(file, "its private copy cannot be written");
      ::close(fd);
      return error;
    }
    at += static_cast<std::size_t>(put);
  }
  return fd;
}

Result<const dunlin_module*> load_library(const std::string& path, const std::string& file, const std::string& name) {
  // NODELETE and never closed: a thread or an exit handler of the plugin may outlive every use of it.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) {
    return refused(file, in_words(dlerror(), path, name));
  }
  const void* symbol = dlsym(library, DUNLIN_ENTRY_SYMBOL);
  if (!symbol) return refused(file, fmt::format("it does not export {}: no plugin for Dunlin", DUNLIN_ENTRY_SYMBOL));
  const auto& plugin = *static_cast<const dunlin_plugin*>(symbol);
  if (const std::string flaw = flaw_in(plugin, name); !flaw.empty()) return refused(file, flaw);
  return plugin.module;
}

Result<const dunlin_module*> open_library(const std::string& directory, const std::string& name) {
  const auto file = library_file(directory, name);
  if (!file) return file.error();
  if (const auto bytes = read_library(*file); !bytes) return bytes.error();
  return load_library(*file, *file, name);
}

}  // namespace dunlin
