// SPDX-License-Identifier: Apache-2.0
// LocalCluster: a NATS server and nodes of this program on this machine, for one run of the load client. They end with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "core/base/result.h"

namespace dunlin::bench {

class LocalCluster {
 public:
  LocalCluster() = default;
  ~LocalCluster();
  LocalCluster(const LocalCluster&) = delete;
  LocalCluster& operator=(const LocalCluster&) = delete;

  // Starts them, and waits until each node sees all. `plugins`: the folder with lua.so.
  Status start(unsigned nodes, const std::string& plugins);

  std::size_t size() const { return nodes_.size(); }
  std::string client_url(std::size_t node) const;
  std::string publish_url(std::size_t node) const;
  // A figure of a node's /metrics, its samples added up; 0 where it is not.
  double metric(std::size_t node, std::string_view name) const;

 private:
  struct Node {
    std::uint16_t client = 0, api = 0;
    pid_t pid = 0;
  };

  Status start_nats();
  Status start_node(unsigned index, const std::string& plugins);
  bool complete(std::size_t node) const;

  std::string folder_;
  std::uint16_t nats_port_ = 0;
  pid_t nats_ = 0;
  std::vector<Node> nodes_;
};

}  // namespace dunlin::bench
