#include "base/sha256.hpp"
#include "config/secrets.hpp"
#include "environment.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace tollgate::config {
namespace {

TEST(KeyDigest, IsSha256) {
  EXPECT_EQ(to_hex(base::sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Secret, ComesFromTheEnvironment) {
  test::Environment environment(test::Variables{{"A_KEY", "value"}});
  std::vector<std::string> files;
  Fault fault;
  auto secret = resolve_secret("env:A_KEY", files, fault);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->reveal(), "value");
  EXPECT_TRUE(files.empty());
}

TEST(Secret, LosesTheLineEndsOfItsFile) {
  test::TemporaryFolder folder;
  std::vector<std::string> files;
  Fault fault;
  auto secret = resolve_secret("file:" + folder.write("key", "value\r\n\n"), files, fault);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->reveal(), "value");
  EXPECT_EQ(files, std::vector<std::string>{folder.path("key")});
}

TEST(Secret, RefusesFilesThatCannotBeOne) {
  test::TemporaryFolder folder;
  ::mkfifo(folder.path("pipe").c_str(), 0600);
  std::vector<std::string> files;
  for (const std::string& path :
       {folder.path(), folder.path("none"), folder.path("pipe"), folder.write("empty", "\n"),
        folder.write("large", std::string(5'000, 'x')), std::string()}) {
    Fault fault;
    EXPECT_FALSE(resolve_secret("file:" + path, files, fault)) << path;
    EXPECT_FALSE(fault.message.empty());
  }
  EXPECT_TRUE(files.empty());
}

TEST(Secret, IsNeverShown) {
  test::TemporaryFolder folder;
  test::Environment environment(
      test::Variables{{"BAD_KEY", "hunter2 hunter2"}, {"SHORT_KEY", "hunter2"}});
  std::string file = folder.write("key", "hunter2\nhunter2");
  std::vector<std::string> files;
  for (const std::string& reference :
       {std::string("hunter2"), std::string("env:hunter2-x"), std::string("env:BAD_KEY"),
        std::string("env:SHORT_KEY"), "file:" + file, std::string("sha256:hunter2"),
        std::string("env:hunter2hunter2hunter2hunter2hunter2")}) {
    Fault fault;
    EXPECT_FALSE(resolve_key(reference, files, fault)) << reference;
    EXPECT_EQ((fault.message + fault.suggestion).find("hunter2"), std::string::npos) << reference;
  }
}

TEST(Key, TakesAHashInEitherCase) {
  std::vector<std::string> files;
  Fault fault;
  std::string hex = "BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(resolve_key("sha256:" + hex, files, fault), base::sha256("abc"));
  EXPECT_FALSE(resolve_key("sha256:" + hex.substr(1), files, fault));
  EXPECT_FALSE(resolve_key("sha256:" + hex.substr(1) + "g", files, fault));
  EXPECT_FALSE(resolve_key("sha256:", files, fault));
  EXPECT_FALSE(resolve_key("SHA256:" + hex, files, fault));
}

}  // namespace
}  // namespace tollgate::config
