#include "affinity/directory.hpp"

#include "sqlite/sqlite.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace tollgate::affinity {
namespace {

using namespace std::chrono_literals;

const Owner web{"https://east.openai.azure.com", "gpt-east", "web"};
const Owner payroll{"https://west.openai.azure.com", "gpt-west", "payroll"};
constexpr auto month = 32 * 24h;

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() {
    std::string name = (std::filesystem::temp_directory_path() / "tollgate-affinity-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    config_.path = folder_ / "affinity.db";
  }
  ~DirectoryTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Directory> open() {
    return std::make_unique<Directory>(config_, [this] { return now_; });
  }
  std::int64_t in_file(const char* sql) const { return sqlite::Database(config_.path, sqlite::Database::Mode::read).number(sql); }

  template <class Condition>
  static bool eventually(Condition condition) {
    for (auto until = Clock::now() + 10s; Clock::now() < until; std::this_thread::sleep_for(2ms))
      if (condition()) return true;
    return false;
  }

  std::filesystem::path folder_;
  AffinityConfig config_;
  WallTime now_ = WallTime(1'800'000'000s);
};

TEST_F(DirectoryTest, RemembersOverARestart) {
  {
    auto directory = open();
    directory->note(key_of("resp_1"), web, month, true);
    directory->note(key_of("file-1"), payroll, month, true);
    directory->note(key_of("file-2"), payroll, month, true);
    directory->forget(key_of("file-2"));
    ASSERT_TRUE(directory->find(key_of("resp_1")));
  }
  auto directory = open();
  ASSERT_TRUE(directory->find(key_of("resp_1")));
  EXPECT_EQ(*directory->find(key_of("resp_1")), web);
  EXPECT_EQ(*directory->find(key_of("file-1")), payroll);
  EXPECT_FALSE(directory->find(key_of("file-2")));
  EXPECT_EQ(directory->numbers().restored, 2u);
}

TEST_F(DirectoryTest, ForgetsWhenTheTimeIsOver) {
  auto directory = open();
  directory->note(key_of("resp_1"), web, month, true);
  now_ += month - 1h;
  EXPECT_TRUE(directory->find(key_of("resp_1")));
  now_ += 2h;
  EXPECT_FALSE(directory->find(key_of("resp_1")));
  directory.reset();
  EXPECT_EQ(open()->numbers().restored, 0u);
}

TEST_F(DirectoryTest, KeepsWhatIsUsed) {
  {
    auto directory = open();
    directory->note(key_of("file-1"), web, month, true);
    now_ += month - 1h;
    EXPECT_TRUE(directory->find(key_of("file-1"), month));
  }
  now_ += month - 1h;
  EXPECT_TRUE(open()->find(key_of("file-1")));
}

TEST_F(DirectoryTest, HoldsNoIdsInItsFile) {
  open()->note(key_of("resp_very_secret_id"), web, month, true);
  std::ifstream file(config_.path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(bytes.find("web"), bytes.npos);
  EXPECT_EQ(bytes.find("very_secret"), bytes.npos);
  const auto rights = std::filesystem::status(config_.path).permissions();
  EXPECT_EQ(rights & std::filesystem::perms::others_all, std::filesystem::perms::none);
}

TEST_F(DirectoryTest, WritesWithoutBeingTold) {
  auto directory = open();
  directory->note(key_of("resp_1"), web, month, true);
  EXPECT_TRUE(eventually([&] { return in_file("SELECT count(*) FROM objects") == 1; }));
  directory->forget(key_of("resp_1"));
  EXPECT_TRUE(eventually([&] { return in_file("SELECT count(*) FROM objects") == 0; }));
}

TEST_F(DirectoryTest, SurvivesKill9) {
  const pid_t child = ::fork();
  if (child == 0) {
    Directory directory(config_, [this] { return now_; });
    for (int i = 0; i < 100; ++i) directory.note(key_of("resp_" + std::to_string(i)), web, month, true);
    std::this_thread::sleep_for(1s);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(open()->numbers().restored, 100u);
}

TEST_F(DirectoryTest, IsBoundedInMemoryAndInTheFile) {
  config_.entries = 1'000;
  {
    auto directory = open();
    for (int i = 0; i < 3'000; ++i) directory->note(key_of("resp_" + std::to_string(i)), web, month, true);
    const Numbers numbers = directory->numbers();
    EXPECT_LE(numbers.entries, 1'000u);
    EXPECT_EQ(numbers.entries + numbers.evictions, 3'000u);
  }
  EXPECT_LE(in_file("SELECT count(*) FROM objects"), 1'000);
}

TEST_F(DirectoryTest, MovesADamagedFileAside) {
  { std::ofstream(config_.path) << std::string(8192, 'x'); }
  auto directory = open();
  directory->note(key_of("resp_1"), web, month, true);
  directory.reset();
  EXPECT_TRUE(open()->find(key_of("resp_1")));
  int aside = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder_))
    aside += file.path().filename().string().starts_with("affinity.db.corrupt-");
  EXPECT_EQ(aside, 1);
}

TEST_F(DirectoryTest, GoesOnWithoutAFileItCannotWrite) {
  config_.path = folder_ / "nowhere" / "affinity.db";
  auto directory = open();
  EXPECT_TRUE(directory->numbers().is_failing);
  directory->note(key_of("resp_1"), web, month, true);
  EXPECT_TRUE(directory->find(key_of("resp_1")));
}

TEST_F(DirectoryTest, RefusesADatabaseOfSomethingElse) {
  sqlite::Database(config_.path, sqlite::Database::Mode::write).run("CREATE TABLE accounts (id INTEGER)");
  EXPECT_THROW(open(), std::runtime_error);
}

TEST_F(DirectoryTest, KeepsNothingWhenOff) {
  config_.path = "off";
  open()->note(key_of("resp_1"), web, month, true);
  EXPECT_FALSE(open()->find(key_of("resp_1")));
  EXPECT_FALSE(std::filesystem::exists("off"));
}

// Two gateways on one file: each keeps what it has seen itself, the next start finds all.
TEST_F(DirectoryTest, SharesItsFile) {
  {
    auto one = open();
    auto other = open();
    one->note(key_of("resp_1"), web, month, true);
    other->note(key_of("resp_2"), payroll, month, true);
  }
  EXPECT_EQ(open()->numbers().restored, 2u);
}

}  // namespace
}  // namespace tollgate::affinity
