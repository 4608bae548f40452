// Values made for JSON Schemas.
#include "mock_azure/schema_filler.hpp"

#include <string>

#include <gtest/gtest.h>

namespace tollgate::mock {
namespace {

Json filled(const char* schema) { return fill_schema(Json::parse(schema)); }

TEST(MockSchemaFiller, FillsWhatIsRequiredInSchemaOrder) {
  const Json value = filled(R"({"type":"object","required":["b","a"],"properties":{
      "a":{"type":"string"},"b":{"type":"integer"},"c":{"type":"boolean"}}})");
  EXPECT_EQ(value.dump(), R"({"a":"text","b":1})");
}

TEST(MockSchemaFiller, NestsObjectsAndArrays) {
  const Json value = filled(R"({"type":"object","required":["list"],"properties":{"list":{
      "type":"array","minItems":2,"items":{"type":"object","required":["x"],
      "properties":{"x":{"type":"number"}}}}}})");
  EXPECT_EQ(value.dump(), R"({"list":[{"x":1},{"x":1}]})");
}

TEST(MockSchemaFiller, TakesEnumConstAndDefault) {
  EXPECT_EQ(filled(R"({"enum":["c","f"]})"), "c");
  EXPECT_EQ(filled(R"({"const":7})"), 7);
  EXPECT_EQ(filled(R"({"type":"string","default":"d"})"), "d");
}

TEST(MockSchemaFiller, PrefersAValueToNull) {
  EXPECT_EQ(filled(R"({"type":["null","boolean"]})"), true);
  EXPECT_EQ(filled(R"({"anyOf":[{"type":"null"},{"type":"integer"}]})"), 1);
  EXPECT_EQ(filled(R"({"type":"null"})"), nullptr);
}

TEST(MockSchemaFiller, KeepsBounds) {
  EXPECT_EQ(filled(R"({"type":"integer","minimum":5})"), 5);
  EXPECT_EQ(filled(R"({"type":"integer","exclusiveMinimum":5})"), 6);
  EXPECT_EQ(filled(R"({"type":"integer","maximum":-3})"), -3);
  EXPECT_EQ(filled(R"({"type":"number","minimum":0,"exclusiveMaximum":1})"), 0);
  EXPECT_EQ(filled(R"({"type":"integer","minimum":7,"multipleOf":5})"), 10);
  EXPECT_EQ(filled(R"({"type":"string","minLength":6})"), "textxx");
  EXPECT_EQ(filled(R"({"type":"string","maxLength":2})"), "te");
  EXPECT_EQ(filled(R"({"type":"array","maxItems":0,"items":{"type":"string"}})"), Json::array());
}

TEST(MockSchemaFiller, FollowsLocalReferences) {
  const Json value = filled(R"({"type":"object","required":["p"],"properties":{"p":{
      "$ref":"#/$defs/point"}},"$defs":{"point":{"type":"object","required":["x"],
      "properties":{"x":{"type":"integer"}}}}})");
  EXPECT_EQ(value.dump(), R"({"p":{"x":1}})");
}

TEST(MockSchemaFiller, EndsOnASchemaThatContainsItself) {
  const Json value = filled(R"({"type":"object","required":["next"],"properties":{
      "next":{"type":"array","items":{"$ref":"#"}}}})");
  EXPECT_TRUE(value["next"].is_array());
  EXPECT_EQ(filled(R"({"$ref":"#"})"), nullptr);
  EXPECT_EQ(filled(R"({"$ref":"#/nowhere"})"), nullptr);
}

TEST(MockSchemaFiller, EndsOnASchemaThatMultiplies) {
  const Json value = filled(R"({"type":"object","required":["a","b","c"],"properties":{
      "a":{"$ref":"#"},"b":{"$ref":"#"},"c":{"$ref":"#"}}})");
  EXPECT_TRUE(value.contains("c"));
  EXPECT_TRUE(filled(R"({"allOf":[{"$ref":"#"},{"$ref":"#"}]})").is_null());
}

TEST(MockJson, RefusesNestingThatCouldExhaustTheStack) {
  const std::string open(100'000, '[');
  EXPECT_TRUE(parse_json(open + std::string(100'000, ']')).is_discarded());
  EXPECT_FALSE(parse_json(R"({"a":"[[[[\"[[[["})").is_discarded());
}

TEST(MockSchemaFiller, AFunctionWithoutParametersGetsAnEmptyObject) {
  EXPECT_EQ(fill_schema(Json()), Json::object());
  EXPECT_EQ(fill_schema(Json::object()), Json::object());
}

TEST(MockSchemaFiller, MergesAllOf) {
  const Json value = filled(R"({"allOf":[
      {"type":"object","required":["a"],"properties":{"a":{"type":"integer"}}},
      {"type":"object","required":["b"],"properties":{"b":{"type":"boolean"}}}]})");
  EXPECT_EQ(value.dump(), R"({"a":1,"b":true})");
}

}  // namespace
}  // namespace tollgate::mock
