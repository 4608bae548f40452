#include "config/file_watcher.hpp"
#include "environment.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace tollgate::config {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Counts changes; waiting is for an event, with a bound for the case that it never comes.
class Changes {
 public:
  std::function<void()> counter() {
    return [this] {
      std::lock_guard lock(mutex_);
      ++count_;
      changed_.notify_all();
    };
  }
  bool wait_for(int count, std::chrono::milliseconds bound = 5s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, bound, [&] { return count_ >= count; });
  }
  int count() {
    std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

TEST(FileWatcher, SeesAFileWrittenInPlace) {
  test::TemporaryFolder folder;
  std::string file = folder.write("t.yaml", "a");
  Changes changes;
  FileWatcher watcher({file}, changes.counter());
  folder.write("t.yaml", "b");
  EXPECT_TRUE(changes.wait_for(1));
}

TEST(FileWatcher, SeesAFileReplacedAsEditorsDo) {
  test::TemporaryFolder folder;
  std::string file = folder.write("t.yaml", "a");
  Changes changes;
  FileWatcher watcher({file}, changes.counter());
  for (int round = 1; round <= 2; ++round) {
    fs::rename(folder.write("t.yaml.new", "b"), file);
    EXPECT_TRUE(changes.wait_for(round)) << round;
  }
}

TEST(FileWatcher, SeesAConfigMapSwappedByKubernetes) {
  test::TemporaryFolder folder;
  fs::create_directory(folder.path("..2026_1"));
  folder.write("..2026_1/t.yaml", "a");
  fs::create_symlink("..2026_1", folder.path("..data"));
  fs::create_symlink("..data/t.yaml", folder.path("t.yaml"));
  Changes changes;
  FileWatcher watcher({folder.path("t.yaml")}, changes.counter());
  for (int round = 1; round <= 2; ++round) {
    std::string next = "..2026_" + std::to_string(round + 1);
    fs::create_directory(folder.path(next));
    folder.write(next + "/t.yaml", "b");
    fs::create_symlink(next, folder.path("..data_tmp"));
    fs::rename(folder.path("..data_tmp"), folder.path("..data"));
    fs::remove_all(folder.path("..2026_" + std::to_string(round)));
    EXPECT_TRUE(changes.wait_for(round)) << round;
  }
}

TEST(FileWatcher, SeesTheTargetOfASymlinkChange) {
  test::TemporaryFolder folder, other;
  fs::create_symlink(other.write("real.yaml", "a"), folder.path("t.yaml"));
  Changes changes;
  FileWatcher watcher({folder.path("t.yaml")}, changes.counter());
  other.write("real.yaml", "b");
  EXPECT_TRUE(changes.wait_for(1));
}

TEST(FileWatcher, SeesAFileAppearInADirectory) {
  test::TemporaryFolder folder;
  Changes changes;
  FileWatcher watcher({folder.path()}, changes.counter());
  folder.write("new.yaml", "a");
  EXPECT_TRUE(changes.wait_for(1));
}

TEST(FileWatcher, TellsABurstOnce) {
  test::TemporaryFolder folder;
  std::string file = folder.write("t.yaml", "a");
  Changes changes;
  FileWatcher watcher({file}, changes.counter());
  for (int i = 0; i < 50; ++i) folder.write("t.yaml", std::to_string(i));
  EXPECT_TRUE(changes.wait_for(1));
  EXPECT_FALSE(changes.wait_for(2, 400ms));
}

TEST(FileWatcher, CaresForItsOwnFilesOnly) {
  test::TemporaryFolder folder;
  std::string file = folder.write("t.yaml", "a");
  Changes changes;
  FileWatcher watcher({file}, changes.counter());
  folder.write("access.jsonl", "a");
  folder.write("other.yaml", "a");
  EXPECT_FALSE(changes.wait_for(1, 500ms));
}

TEST(FileWatcher, ComesBackWithAFolderThatWasGone) {
  test::TemporaryFolder folder;
  fs::create_directory(folder.path("etc"));
  std::string file = folder.write("etc/t.yaml", "a");
  Changes changes;
  FileWatcher watcher({file}, changes.counter());
  fs::remove_all(folder.path("etc"));
  EXPECT_TRUE(changes.wait_for(1));
  fs::create_directory(folder.path("etc"));
  folder.write("etc/t.yaml", "b");
  EXPECT_TRUE(changes.wait_for(2));
  int before = changes.count();
  folder.write("etc/t.yaml", "c");
  EXPECT_TRUE(changes.wait_for(before + 1));
}

TEST(FileWatcher, EndsAtOnce) {
  test::TemporaryFolder folder;
  auto start = std::chrono::steady_clock::now();
  {
    FileWatcher watcher({folder.path(), folder.path("none/t.yaml"), "relative.yaml"}, [] {});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
}

}  // namespace
}  // namespace tollgate::config
