// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/libraries.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/plugin/library.h"

namespace dunlin {
namespace {

bool has_bytes(int fd, std::string_view bytes) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || static_cast<std::size_t>(status.st_size) != bytes.size()) return false;
  void* mapped = ::mmap(nullptr, bytes.size(), PROT_READ, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return false;
  const bool same = std::memcmp(mapped, bytes.data(), bytes.size()) == 0;
  ::munmap(mapped, bytes.size());
  return same;
}

}  // namespace

const Libraries::Version* Libraries::find(const std::string& file, std::string_view bytes) const {
  for (const Version& version : versions_)
    if (version.file == file && has_bytes(version.copy, bytes)) return &version;
  return nullptr;
}

void Libraries::begins(std::string what) {
  const std::lock_guard lock(mutex_);
  latest_ = std::move(what);
}

std::string Libraries::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

Result<const dunlin_module*> Libraries::open(const std::string& directory, const std::string& name) {
  const auto file = library_file(directory, name);
  if (!file) return file.error();
  const auto bytes = read_library(*file);
  if (!bytes) return bytes.error();
  if (const Version* known = find(*file, *bytes)) return known->module;
  const auto copy = private_copy(*bytes, *file, name);
  if (!copy) return copy.error();
  // By the process's number, so that debuggers and symbolizers find the file, too.
  const auto module = load_library(fmt::format("/proc/{}/fd/{}", ::getpid(), *copy), *file, name);
  // Also one that is refused may be open: its name must not come again.
  versions_.push_back({*file, *copy, module});
  return module;
}

}  // namespace dunlin
