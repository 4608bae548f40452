// Kinds of values of the fields that say how the gateway proves itself. See codecs.hpp for what a codec is.
#pragma once

#include "config/codecs.hpp"
#include "config/identity_codecs.hpp"

#include <string>

namespace tollgate::config {

// A GUID or a domain; it goes into a path.
struct TenantValue {
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const { return R"({"type":"string","pattern":"^[A-Za-z0-9.-]+$"})"; }
  std::string example() const { return guid_sample; }
};

struct TokenUrlValue {
  bool is_machines = false;  // of the machine itself
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const { return R"({"type":"string","pattern":"^https?://[^?#@]+$"})"; }
  std::string example() const { return is_machines ? "http://169.254.169.254" : "https://login.microsoftonline.us"; }
};

// What tokens are for, with or without the suffix that applications have to write and machines must not.
// Kept with it.
struct ScopeValue {
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const { return R"({"type":"string","minLength":1})"; }
  std::string example() const { return "https://cognitiveservices.azure.com/.default"; }
};

// Of a user-assigned identity.
struct ResourceIdValue {
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const { return R"({"type":"string","pattern":"^/subscriptions/"})"; }
  std::string example() const { return "/subscriptions/.../userAssignedIdentities/tollgate"; }
};

}  // namespace tollgate::config
