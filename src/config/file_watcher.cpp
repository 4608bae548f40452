#include "config/file_watcher.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <thread>

namespace tollgate::config {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto quiet_time = 200ms;
constexpr auto longest_burst = 2s;
constexpr auto retry_time = 1s;  // for a folder that is not there

class Descriptor {
 public:
  Descriptor(int descriptor, const char* what) : descriptor_(descriptor) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), what);
  }
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() { ::close(descriptor_); }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// What is of interest in one folder.
struct Folder {
  std::set<std::string> names;
  bool takes_all_yaml = false;
  int watch = -1;  // inotify's number, -1: not watched now

  bool is_ours(std::string_view name) const {
    if (name == "..data" || names.contains(std::string(name))) return true;
    return takes_all_yaml && (name.ends_with(".yaml") || name.ends_with(".yml"));
  }
};

std::map<std::string, Folder> folders_of(const std::vector<std::string>& paths) {
  std::map<std::string, Folder> folders;
  auto add_file = [&](const fs::path& path) {
    fs::path parent = path.parent_path();
    folders[parent.empty() ? "." : parent.string()].names.insert(path.filename().string());
  };
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      folders[path].takes_all_yaml = true;
      continue;
    }
    add_file(path);
    // Through a symlink the file that changes lies elsewhere.
    fs::path target = fs::canonical(path, error);
    if (!error && fs::is_symlink(path, error)) add_file(target);
  }
  return folders;
}

}  // namespace

class FileWatcher::Impl {
 public:
  Impl(std::vector<std::string> paths, std::function<void()> on_change)
      : on_change_(std::move(on_change)),
        folders_(folders_of(paths)),
        inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC), "inotify_init1"),
        stop_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd") {
    watch_folders();
    thread_ = std::thread([this] { run(); });
  }

  ~Impl() {
    eventfd_write(stop_.get(), 1);
    thread_.join();
  }

 private:
  struct Burst {
    Clock::time_point first, last;
    Clock::time_point end() const { return std::min(last + quiet_time, first + longest_burst); }
  };

  void run() {
    std::optional<Burst> burst;  // the one that is going on
    while (wait(burst)) {
      bool has_change = read_events();
      if (is_lacking_ && watch_folders()) has_change = true;
      Clock::time_point now = Clock::now();
      if (has_change) burst = Burst{burst ? burst->first : now, now};
      if (!burst || now < burst->end()) continue;
      burst.reset();
      on_change_();
    }
  }

  // Until something happens or the burst is over; false when the watcher is to end.
  bool wait(const std::optional<Burst>& burst) {
    using std::chrono::milliseconds;
    int timeout = is_lacking_ ? static_cast<int>(milliseconds(retry_time).count()) : -1;
    if (burst) {
      auto left = std::chrono::ceil<milliseconds>(burst->end() - Clock::now());
      timeout = static_cast<int>(std::max<milliseconds::rep>(0, left.count()));
    }
    std::array<pollfd, 2> fds{{{inotify_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), timeout);
    return (fds[1].revents & POLLIN) == 0;
  }

  // True when one of the events concerns a file of ours.
  bool read_events() {
    bool has_change = false;
    alignas(inotify_event) std::array<char, 8192> buffer;
    while (true) {
      ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
      if (size <= 0) return has_change;
      for (const char* at = buffer.data(); at < buffer.data() + size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        at += sizeof(inotify_event) + event->len;
        has_change = handle(*event) || has_change;
      }
    }
  }

  bool handle(const inotify_event& event) {
    if (event.mask & IN_Q_OVERFLOW) return true;
    bool has_change = false;
    for (auto& [path, folder] : folders_) {
      if (folder.watch != event.wd) continue;
      if (event.mask & IN_MOVE_SELF) inotify_rm_watch(inotify_.get(), event.wd);
      if (event.mask & (IN_IGNORED | IN_MOVE_SELF)) {
        folder.watch = -1;
        is_lacking_ = true;
      } else if (event.len > 0 && folder.is_ours(event.name)) {
        has_change = true;
      }
    }
    return has_change;
  }

  // True when a folder is watched that was not. Files may have changed while it was not.
  bool watch_folders() {
    bool has_new = false;
    is_lacking_ = false;
    for (auto& [path, folder] : folders_) {
      if (folder.watch >= 0) continue;
      folder.watch = inotify_add_watch(inotify_.get(), path.c_str(),
                                       IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                           IN_MOVED_TO | IN_MOVE_SELF | IN_ONLYDIR);
      folder.watch >= 0 ? has_new = true : is_lacking_ = true;
    }
    return has_new;
  }

  std::function<void()> on_change_;
  std::map<std::string, Folder> folders_;
  Descriptor inotify_;
  Descriptor stop_;
  bool is_lacking_ = false;  // a folder is not watched
  std::thread thread_;
};

FileWatcher::FileWatcher(std::vector<std::string> paths, std::function<void()> on_change)
    : impl_(std::make_unique<Impl>(std::move(paths), std::move(on_change))) {}

FileWatcher::~FileWatcher() = default;

}  // namespace tollgate::config
