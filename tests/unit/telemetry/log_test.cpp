#include "tollgate/log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tollgate {
namespace {

std::string written(log::Level level, std::string_view message) {
  testing::internal::CaptureStderr();
  log::write(level, "config", message);
  return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesTimeLevelAreaAndMessage) {
  auto text = written(log::Level::info, "loaded {} tollgate.yaml");
  for (char& c : text)
    if (c >= '0' && c <= '9') c = 'd';
  EXPECT_EQ(text, "dddd-dd-ddTdd:dd:dd.dddZ info config: loaded {} tollgate.yaml\n");
}

TEST(Log, TheLevelDecides) {
  log::set_level(log::Level::warn);
  EXPECT_FALSE(log::is_on(log::Level::info));
  EXPECT_EQ(written(log::Level::info, "not shown"), "");
  EXPECT_NE(written(log::Level::warn, "shown"), "");
  log::set_level(log::Level::info);
}

TEST(Log, ALineCannotBeForged) {
  auto text =
      written(log::Level::error, "bad name\n2026-01-01T00:00:00.000Z info all is well\x1b[0m");
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace tollgate
