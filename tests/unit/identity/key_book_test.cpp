#include "identity/key_book.hpp"

#include "base/sha256.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace tollgate::identity {
namespace {

namespace fs = std::filesystem;
using Refused = KeyBook::Refused;

class KeyBookTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/tollgate-keys-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string keys() const { return folder_ + "/keys.json"; }
  std::string audit() const { return folder_ + "/audit.jsonl"; }
  static std::string text_of(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  KeyBook::Changed add(KeyBook& book) { return book.add("127.0.0.1", "payments", {}, {}, now_); }

  std::string folder_;
  WallTime now_ = WallTime() + std::chrono::hours(500'000);
};

TEST_F(KeyBookTest, KeepsKeysOverARestartAsHashesAlone) {
  KeyBook book(keys(), audit());
  Validity validity;
  validity.not_before = now_ + std::chrono::hours(1);
  validity.expires = now_ + std::chrono::hours(2);
  const auto made = book.add("127.0.0.1", "payments", validity, {}, now_);
  ASSERT_EQ(made.refused, Refused::none);
  ASSERT_TRUE(made.key.starts_with("tg-"));
  EXPECT_EQ(made.entry.digest, base::sha256(made.key));
  EXPECT_EQ(text_of(keys()).find(made.key), std::string::npos);
  EXPECT_EQ(text_of(audit()).find(made.key), std::string::npos);

  const KeyBook again(keys(), audit());
  ASSERT_EQ(again.current()->keys.size(), 1u);
  EXPECT_EQ(again.current()->keys[0].digest, made.entry.digest);
  EXPECT_EQ(again.current()->keys[0].id, made.entry.id);
  EXPECT_EQ(again.current()->keys[0].validity, validity);
  EXPECT_EQ(again.current()->keys[0].created, now_);
}

TEST_F(KeyBookTest, IsReadableByItsOwnerAlone) {
  KeyBook book(keys(), audit());
  add(book);
  for (const auto& path : {keys(), audit()}) {
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << path;
  }
}

TEST_F(KeyBookTest, TellsWhoDidWhatAndWhen) {
  KeyBook book(keys(), audit());
  const auto made = add(book);
  book.suspend("10.0.0.9", "payments", now_);
  book.resume("10.0.0.9", "payments", now_);
  book.remove("10.0.0.9", made.entry.id, now_);
  std::stringstream lines(text_of(audit()));
  std::vector<std::string> told;
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line);
    EXPECT_EQ(entry["subscription"], "payments");
    EXPECT_EQ(entry["time"], "2027-01-15T08:00:00Z");
    told.push_back(entry["who"].get<std::string>() + " " + entry["action"].get<std::string>() + " " +
                   entry["outcome"].get<std::string>());
  }
  EXPECT_EQ(told, (std::vector<std::string>{
                      "127.0.0.1 key.create begun", "127.0.0.1 key.create done",
                      "10.0.0.9 subscription.suspend begun", "10.0.0.9 subscription.suspend done",
                      "10.0.0.9 subscription.resume begun", "10.0.0.9 subscription.resume done",
                      "10.0.0.9 key.delete begun", "10.0.0.9 key.delete done"}));
}

TEST_F(KeyBookTest, RemovesAKeyForGood) {
  KeyBook book(keys(), audit());
  const auto made = add(book);
  EXPECT_EQ(book.remove("127.0.0.1", "00000000", now_).refused, Refused::not_found);
  EXPECT_EQ(book.remove("127.0.0.1", made.entry.id, now_).refused, Refused::none);
  EXPECT_TRUE(book.current()->keys.empty());
  EXPECT_TRUE(KeyBook(keys(), audit()).current()->keys.empty());
}

TEST_F(KeyBookTest, SnapshotsDoNotChangeUnderTheirReaders) {
  KeyBook book(keys(), audit());
  const auto before = book.current();
  add(book);
  EXPECT_TRUE(before->keys.empty());
  EXPECT_EQ(book.current()->keys.size(), 1u);
}

TEST_F(KeyBookTest, ChangesNothingThatCannotBeAudited) {
  KeyBook book(keys(), folder_ + "/missing/audit.jsonl");
  EXPECT_EQ(add(book).refused, Refused::not_stored);
  EXPECT_TRUE(book.current()->keys.empty());
  EXPECT_FALSE(fs::exists(keys()));
}

TEST_F(KeyBookTest, ChangesNothingThatCannotBeStored) {
  KeyBook book(folder_ + "/missing/keys.json", audit());
  EXPECT_EQ(add(book).refused, Refused::not_stored);
  EXPECT_TRUE(book.current()->keys.empty());
  EXPECT_NE(text_of(audit()).find("\"failed\""), std::string::npos);
}

TEST_F(KeyBookTest, RefusesToStartOnADamagedFile) {
  for (const char* text : {"", "{}", "[]", R"({"version":2,"keys":[],"suspended":[]})",
                           R"({"version":1,"keys":[{"subscription":"a","sha256":"zz"}],"suspended":[]})"}) {
    std::ofstream(keys()) << text;
    EXPECT_THROW(KeyBook(keys(), audit()), std::runtime_error) << text;
  }
}

TEST_F(KeyBookTest, HasABoundOnTheKeysOfOneSubscription) {
  KeyBook book(keys(), audit());
  for (std::size_t i = 0; i < KeyBook::max_keys_each; ++i) ASSERT_EQ(add(book).refused, Refused::none);
  EXPECT_EQ(add(book).refused, Refused::conflict);
}

}  // namespace
}  // namespace tollgate::identity
