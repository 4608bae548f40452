// Tells when files of the configuration have changed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tollgate::config {

// Watches files, and directories for the *.yaml and *.yml files in them. It watches the containing
// folders by inotify, because editors replace files instead of writing into them and Kubernetes
// swaps a symlink (`..data`) above them; a folder that goes away is watched again when it is back.
//
// Thread safety: `on_change` runs on the watcher's own thread, never twice at a time, once per
// burst of changes (200 ms of quiet, 2 s at the latest). It must not throw and must not destroy the
// watcher. The destructor returns when the thread has ended and no call is running.
class FileWatcher {
 public:
  // Throws std::system_error when the system gives no inotify instance.
  FileWatcher(std::vector<std::string> paths, std::function<void()> on_change);
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;
  ~FileWatcher();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tollgate::config
