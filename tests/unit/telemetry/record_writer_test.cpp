#include "telemetry/record_writer.hpp"

#include "ended_exchange.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace tollgate::telemetry {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class RecordWriterTest : public testing::Test {
 protected:
  RecordWriterTest() {
    std::string name = (fs::temp_directory_path() / "tollgate-records-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~RecordWriterTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name = "records.jsonl") const { return folder_ / name; }

  // The request ids in the file, in order; every line has to be a record.
  static std::vector<std::string> ids_in(const std::string& file) {
    std::vector<std::string> ids;
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);)
      ids.push_back(nlohmann::json::parse(line).at("request_id"));
    return ids;
  }

  void append(RecordWriter::Lane& lane, int id) {
    ended_.ex.id = std::to_string(id);
    lane.append(ended_.ex, ended_.outcome);
  }

  template <class Condition>
  static bool eventually(Condition condition) {
    for (auto until = Clock::now() + 10s; Clock::now() < until; std::this_thread::sleep_for(1ms))
      if (condition()) return true;
    return false;
  }

  fs::path folder_;
  EndedExchange ended_;
};

TEST_F(RecordWriterTest, WritesEverythingByItsEnd) {
  {
    RecordWriter writer({path(), 8 << 20});
    auto& lane = writer.add_lane();
    EXPECT_FALSE(lane.has_pending());
    for (int i = 0; i < 1'000; ++i) append(lane, i);
    EXPECT_TRUE(lane.has_pending());
  }
  auto ids = ids_in(path());
  ASSERT_EQ(ids.size(), 1'000u);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(ids[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_F(RecordWriterTest, AFlushBringsAFewRecordsOut) {
  RecordWriter writer({path(), 8 << 20});
  auto& lane = writer.add_lane();
  append(lane, 1);
  lane.flush();
  EXPECT_FALSE(lane.has_pending());
  EXPECT_TRUE(eventually([&] { return writer.written() == 1; }));
  EXPECT_EQ(ids_in(path()).size(), 1u);
}

TEST_F(RecordWriterTest, TheFileIsNotForEveryone) {
  auto before = ::umask(0);
  RecordWriter writer({path(), 8 << 20});
  ::umask(before);
  struct stat found {};
  ASSERT_EQ(::stat(path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0640u);
}

TEST_F(RecordWriterTest, AppendsToWhatIsThere) {
  for (int i = 0; i < 2; ++i) {
    RecordWriter writer({path(), 8 << 20});
    append(writer.add_lane(), i);
  }
  EXPECT_EQ(ids_in(path()), (std::vector<std::string>{"0", "1"}));
}

TEST_F(RecordWriterTest, ARecordThatWasCutOffCostsNoOther) {
  std::ofstream(path()) << R"({"request_id":"whole"})" << '\n' << R"({"request_id":"cu)";
  {
    RecordWriter writer({.path = path()});
    append(writer.add_lane(), 1);
  }
  std::ifstream lines(path());
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);) found.push_back(line);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[1], R"({"request_id":"cu)");
  EXPECT_EQ(nlohmann::json::parse(found[2]).at("request_id"), "1");
}

TEST_F(RecordWriterTest, LosesNothingWhenTheFileIsRotated) {
  constexpr int rotations = 10;
  std::atomic<int> next_id{0};
  {
    RecordWriter writer({path(), 64 << 20});
    std::atomic<bool> is_over{false};
    auto work = [&](RecordWriter::Lane& lane) {
      EndedExchange ended;
      while (!is_over) {
        for (int i = 0; i < 50; ++i) {
          ended.ex.id = std::to_string(next_id++);
          lane.append(ended.ex, ended.outcome);
        }
        lane.flush();
        std::this_thread::sleep_for(200us);  // leaves the writer time, so that none are dropped
      }
    };
    std::thread one(work, std::ref(writer.add_lane()));
    std::thread two(work, std::ref(writer.add_lane()));
    for (int i = 0; i < rotations; ++i) {
      EXPECT_TRUE(eventually([&] { return fs::exists(path()) && fs::file_size(path()) > 0; }));
      fs::rename(path(), path("old-" + std::to_string(i)));
      writer.reopen();
    }
    is_over = true;
    one.join();
    two.join();
    EXPECT_EQ(writer.dropped(), 0u);
  }
  std::vector<int> times_seen(static_cast<std::size_t>(next_id));
  for (const auto& file : fs::directory_iterator(folder_))
    for (const auto& id : ids_in(file.path())) ++times_seen.at(std::stoul(id));
  EXPECT_EQ(std::count(times_seen.begin(), times_seen.end(), 1), next_id);
  EXPECT_TRUE(fs::exists(path("old-" + std::to_string(rotations - 1))));
}

TEST_F(RecordWriterTest, KeepsTheOldFileWhenItCannotReopen) {
  fs::create_directory(folder_ / "in");
  RecordWriter writer({path("in/records"), 8 << 20});
  auto& lane = writer.add_lane();
  fs::rename(path("in"), path("out"));
  writer.reopen();
  append(lane, 7);
  lane.flush();
  EXPECT_TRUE(eventually([&] { return writer.written() == 1; }));
  EXPECT_EQ(ids_in(path("out/records")), std::vector<std::string>{"7"});
}

TEST_F(RecordWriterTest, AFullDeviceIsRetriedAndTheRestIsBoundedAndCounted) {
  constexpr std::size_t bound = 128 * 1024;
  constexpr int total = 2'000;
  auto began = Clock::now();
  std::uint64_t dropped_before_end = 0;
  {
    RecordWriter writer({"/dev/full", bound});
    auto& lane = writer.add_lane();
    for (int i = 0; i < total; ++i) append(lane, i);
    EXPECT_LT(Clock::now() - began, 1s) << "a worker never waits";
    EXPECT_TRUE(eventually([&] { return writer.write_failures() >= 2; }));
    EXPECT_EQ(writer.written(), 0u);
    dropped_before_end = writer.dropped();
  }
  // What may wait is the bound and one lane, a record takes more than 600 bytes.
  EXPECT_GT(dropped_before_end, total - (bound + RecordWriter::lane_bytes) / 600 - 100);
  EXPECT_LT(dropped_before_end, static_cast<std::uint64_t>(total));
  EXPECT_LT(Clock::now() - began, 8s) << "the end does not wait for a device that takes nothing";
}

TEST_F(RecordWriterTest, GoesOnWhereItStoppedWhenThereIsRoomAgain) {
  fs::create_symlink("/dev/full", path());
  RecordWriter writer({path(), 8 << 20});
  auto& lane = writer.add_lane();
  for (int i = 0; i < 500; ++i) append(lane, i);
  lane.flush();
  ASSERT_TRUE(eventually([&] { return writer.write_failures() > 0; }));
  fs::remove(path());
  writer.reopen();
  EXPECT_TRUE(eventually([&] { return writer.written() == 500; }));
  EXPECT_EQ(writer.dropped(), 0u);
  EXPECT_EQ(ids_in(path()).size(), 500u);
}

TEST_F(RecordWriterTest, AReaderThatHasStoppedNeitherBlocksWorkersNorTheEnd) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  int reader = ::open(path().c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto began = Clock::now();
  std::uint64_t dropped = 0;
  {
    RecordWriter writer({path(), 256 * 1024});  // a pipe holds 64 KiB
    auto& lane = writer.add_lane();
    for (int i = 0; i < 2'000; ++i) append(lane, i);
    dropped = writer.dropped();
  }
  EXPECT_GT(dropped, 0u);
  EXPECT_LT(Clock::now() - began, 8s);
  ::close(reader);
}

TEST_F(RecordWriterTest, AReaderThatHasGoneDoesNotEndTheProcess) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  int reader = ::open(path().c_str(), O_RDONLY | O_NONBLOCK);
  RecordWriter writer({path(), 64 * 1024});
  ::close(reader);
  auto& lane = writer.add_lane();
  append(lane, 1);
  lane.flush();
  EXPECT_TRUE(eventually([&] { return writer.write_failures() > 0; }));
}

TEST_F(RecordWriterTest, OffWritesNothing) {
  RecordWriter writer({"off", 8 << 20});
  auto& lane = writer.add_lane();
  append(lane, 1);
  EXPECT_FALSE(lane.has_pending());
  lane.flush();
  EXPECT_EQ(writer.written() + writer.dropped(), 0u);
}

TEST_F(RecordWriterTest, RefusesAFileThatCannotBeOpened) {
  try {
    RecordWriter writer({path("missing/records"), 8 << 20});
    FAIL() << "opened a file in a folder that is not there";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("missing/records"), std::string::npos);
  }
}

}  // namespace
}  // namespace tollgate::telemetry
