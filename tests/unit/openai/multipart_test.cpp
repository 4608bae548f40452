#include "openai/multipart.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tollgate::openai {
namespace {

std::string part(std::string_view parameters, std::string_view value,
                 std::string_view headers = {}) {
  return "--B\r\nContent-Disposition: form-data; " + std::string(parameters) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(value) + "\r\n";
}

const std::string file =
    part(R"(name="file"; filename="C:\a;name=\"model\".wav")",
         std::string("RIFF\r\n--\r\n-\r\r\n--A \0\xff", 21), "Content-Type: audio/wav\r\n");

ModelField fed(std::string_view body, std::size_t size = std::string_view::npos) {
  ModelField field("B");
  for (std::size_t at = 0; at < body.size(); at += std::min(size, body.size()))
    if (!field.feed(body.substr(at, size))) break;
  return field;
}

std::string problem_of(std::string_view body) {
  auto field = fed(body);
  EXPECT_FALSE(field.problem().empty()) << body;
  EXPECT_FALSE(field.finish()) << body;
  EXPECT_FALSE(field.feed("more")) << body;
  return field.problem();
}

TEST(BoundaryOf, ReadsTheContentType) {
  EXPECT_EQ(boundary_of("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(boundary_of("Multipart/Form-Data;charset=utf-8 ; Boundary=\"a b:c\""), "a b:c");
  EXPECT_EQ(boundary_of("multipart/form-data;boundary=----WebKitFormBoundary7MA4YWxk"),
            "----WebKitFormBoundary7MA4YWxk");
}

TEST(BoundaryOf, RefusesWhatIsNoForm) {
  for (const auto* const type :
       {"", "application/json", "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=\"a", "multipart/mixed; boundary=a",
        "multipart/form-data; boundary=\"a\r\nb\"", "multipart/form-data; boundary=\"a \"",
        "multipart/form-data boundary=a", "multipart/form-data; x; boundary=a"})
    EXPECT_FALSE(boundary_of(type)) << type;
  EXPECT_FALSE(boundary_of("multipart/form-data; boundary=" + std::string(71, 'a')));
  EXPECT_FALSE(boundary_of(std::string_view("multipart/form-data; boundary=a\0b", 33)));
}

TEST(ModelField, FindsTheModelHoweverTheBodyIsCut) {
  const auto body =
      file + part("name=\"model\"", "whisper-1") + part("name=\"stream\"", "true") + "--B--\r\n";
  for (std::size_t size = 1; size <= body.size(); ++size) {
    auto field = fed(body, size);
    EXPECT_TRUE(field.finish()) << field.problem();
    ASSERT_TRUE(field.is_found());
    EXPECT_EQ(field.model(), "whisper-1");
    EXPECT_EQ(body.substr(field.value_begin(), field.value_end() - field.value_begin()),
              "whisper-1");
    EXPECT_TRUE(field.stream());
  }
}

TEST(ModelField, FindsTheModelBeforeTheFile) {
  auto field = fed(part("name=model", "m") + file + "--B--");
  EXPECT_TRUE(field.finish());
  EXPECT_EQ(field.model(), "m");
  EXPECT_FALSE(field.stream());
}

TEST(ModelField, MayBeAbsent) {
  auto field = fed("\r\n" + file + "--B--\r\nepilogue");
  EXPECT_FALSE(fed(file + "--B--").is_found());
  EXPECT_FALSE(field.is_found());
}

TEST(ModelField, AcceptsAnEmptyValueAndOneOfLineBreaks) {
  auto empty = fed(part("name=\"model\"", "") + "--B--");
  EXPECT_TRUE(empty.finish());
  EXPECT_TRUE(empty.is_found());
  EXPECT_EQ(empty.value_begin(), empty.value_end());
  EXPECT_EQ(fed(part("name=\"model\"", "\r\n--\r\n-a\r") + "--B--").model(), "\r\n--\r\n-a\r");
  EXPECT_EQ(fed(part("name=\"model\"", "--") + "--B--").model(), "--");
  EXPECT_EQ(fed(part("name=\"model\"", "--\r\n--A") + "--B--").model(), "--\r\n--A");
}

TEST(ModelField, RefusesASecondModel) {
  EXPECT_EQ(problem_of(part("name=\"model\"", "a") + part("name=model", "b") + "--B--"),
            "'model' is given twice.");
  problem_of(part("name=\"stream\"", "true") + part("name=stream", "false") + "--B--");
}

TEST(ModelField, RefusesWhatTwoServersCouldReadDifferently) {
  const std::string disposition = "--B\r\nContent-Disposition: form-data; ";
  const std::vector<std::string> bodies{
      "preamble\r\n--B--",
      "--C\r\n",
      "--B\nContent-Disposition: form-data; name=a\n\nb\n--B--",
      "--B \r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--B--",
      part("name=a", "b") + "--Bx\r\n",
      part("name=\"model\"; name=\"x\"", "b") + "--B--",
      part("name=\"mo\\del\"", "b") + "--B--",
      part("name*=utf-8''model", "b") + "--B--",
      part("name=\"Model\"", "b") + "--B--",
      part("name=model; filename=x", "b") + "--B--",
      part("filename=x", "b") + "--B--",
      part("name=model", "bQ==", "Content-Transfer-Encoding: base64\r\n") + "--B--",
      part("name=a", "b", "Content-Disposition: form-data; name=model\r\n") + "--B--",
      disposition + "name=a;\r\n name=model\r\n\r\nb\r\n--B--",
      disposition + "name=a\r\n\r\n--B--",
      "--B\r\n\r\nb\r\n--B--",
      "--B\r\nContent-Disposition : form-data; name=a\r\n",
      "--B\r\nno colon\r\n",
      disposition + "name=\"a\r\n",
      disposition + "name=a\rb\r\n",
      "--B\r\nContent-Disposition: attachment; name=model\r\n"};
  for (const auto& body : bodies) problem_of(body);
}

TEST(ModelField, RefusesABodyThatBreaksOff) {
  const auto body = part("name=\"model\"", "a") + "--B--";
  for (std::size_t size = 0; size < body.size(); ++size) {
    auto field = fed(body.substr(0, size));
    EXPECT_FALSE(field.finish()) << size;
  }
}

TEST(ModelField, BoundsWhatItKeeps) {
  EXPECT_EQ(fed(part("name=model", std::string(256, 'a')) + "--B--").model().size(), 256u);
  EXPECT_EQ(problem_of(part("name=model", std::string(257, 'a')) + "--B--"),
            "'model' is longer than 256 bytes.");
  EXPECT_EQ(problem_of(part("name=model", "\r" + std::string(1000, 'a')) + "--B--"),
            "'model' is longer than 256 bytes.");
  problem_of("--B\r\nX: " + std::string(3000, 'a'));
  std::string headers = "--B\r\n";
  for (int i = 0; i < 10; ++i) headers += "X: " + std::string(1000, 'a') + "\r\n";
  problem_of(headers);
}

TEST(ModelField, ReadsTheWordsOfFlags) {
  EXPECT_TRUE(fed(part("name=stream", "True") + "--B--").stream());
  EXPECT_TRUE(fed(part("name=stream", "1") + "--B--").stream());
  EXPECT_FALSE(fed(part("name=stream", "false") + "--B--").stream());
  EXPECT_EQ(problem_of(part("name=stream", "perhaps") + "--B--"),
            "'stream' has to be true or false.");
}

}  // namespace
}  // namespace tollgate::openai
