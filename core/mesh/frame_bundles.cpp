// SPDX-License-Identifier: Apache-2.0
#include "core/mesh/frame_bundles.h"

#include <algorithm>

#include "core/mesh/cluster_wire.h"

namespace dunlin {
namespace {

constexpr char kBundle = 0;                // no version of a frame
constexpr std::size_t kBefore = 1, kEach = 8;  // bytes before the first frame; before each

}  // namespace

void FrameBundles::add(std::uint64_t boot, bool asks, std::string_view frame, std::size_t most) {
  Bundle& bundle = of(boot);
  if (bundle.frames > 0 && bundle.bytes.size() + kEach + frame.size() > most) send(bundle);
  if (bundle.frames++ == 0) bundle.bytes.assign(kBefore, kBundle);
  bundle.asks |= asks;
  wire::put(bundle.bytes, frame);
}

FrameBundles::Bundle& FrameBundles::of(std::uint64_t boot) {
  const auto found = std::find_if(bundles_.begin(), bundles_.end(), [boot](const Bundle& one) { return one.boot == boot; });
  return found != bundles_.end() ? *found : bundles_.emplace_back(Bundle{.boot = boot, .bytes = {}});
}

void FrameBundles::flush() {
  std::erase_if(bundles_, [](const Bundle& bundle) { return bundle.frames == 0; });  // not spoken to for a whole turn
  for (Bundle& bundle : bundles_) send(bundle);
}

void FrameBundles::send(Bundle& bundle) {
  const std::string_view bytes = bundle.bytes;
  send_(bundle.boot, bundle.asks, bundle.frames == 1 ? bytes.substr(kBefore + kEach) : bytes);
  bundle.frames = 0;
  bundle.asks = false;
}

void FrameBundles::split(std::string_view message, const std::function<void(std::string_view)>& take) {
  if (message.empty() || message.front() != kBundle) return take(message);
  message.remove_prefix(kBefore);
  while (!message.empty()) {
    wire::Reader reader(message);
    std::string_view frame;
    reader(frame);
    if (!reader.good()) return take(message);
    take(frame);
    message.remove_prefix(kEach + frame.size());
  }
}

}  // namespace dunlin
