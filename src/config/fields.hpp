// The table of fields: one row says what a field is called, takes, means and defaults to.
//
// The loader reads by it, "did you mean" chooses from it, the JSON Schema and the list of defaults
// are printed from it. A new field is one row of its section (*_fields.cpp) and, when its kind of value is
// new, one codec (codecs.hpp).
#pragma once

#include "config/codecs.hpp"
#include "config/yaml_writer.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace tollgate::config {

template <class T>
struct Field {
  std::string name;
  std::string meaning;
  std::function<std::string()> schema;  // JSON Schema of the value, as text
  std::string default_text;             // "" when there is none to show
  std::string example;
  bool is_required = false;
  std::string refusal;  // not "": a name that is known but has no place here, and why
  std::function<void(const Node&, T&, Context&)> read;
  std::function<void(const Node* given, const T&, YamlWriter&)> show;
};

// What read_fields needs to know of a field, whatever T is.
struct FieldFacts {
  std::string name;
  std::string example;
  bool is_required;
  std::string refusal;
};

// Checks the names in `node`: unknown, not available, missing. False when it is no mapping at all.
bool check_names(const Node& node, const Location& owner, const std::vector<FieldFacts>& fields,
                 Context& context);

// {"type":"object",...} from parts made by member_schema.
std::string object_schema(const std::vector<std::string>& members,
                          const std::vector<std::string>& required);
std::string member_schema(const std::string& name, const std::string& schema,
                          const std::string& meaning, const std::string& default_text,
                          const std::string& example);
std::string map_schema(const std::string& value_schema);

template <class T>
class Fields {
 public:
  // A field whose value is a member of T.
  template <class C, class V, class Codec>
  Fields& optional(const char* name, V C::*member, Codec codec, const char* meaning) {
    return value(name, member, std::move(codec), meaning, false);
  }
  template <class C, class V, class Codec>
  Fields& required(const char* name, V C::*member, Codec codec, const char* meaning) {
    return value(name, member, std::move(codec), meaning, true);
  }

  // A field that is a mapping with fields of its own, always there by its defaults.
  template <class C, class V>
  Fields& group(const char* name, V C::*member, Fields<V> inner, const char* meaning) {
    auto field = object(name, inner, meaning);
    field.read = [member, inner](const Node& node, T& into, Context& context) {
      inner.read(node, node.where, into.*member, context);
    };
    field.show = [member, inner, shown = field.name](const Node* given, const T& from,
                                                     YamlWriter& out) {
      out.open(shown);
      inner.show(given, from.*member, out);
      out.close();
    };
    return add(std::move(field));
  }

  // The same, absent unless it is written.
  template <class C, class V>
  Fields& optional_group(const char* name, std::optional<V> C::*member, Fields<V> inner,
                         const char* meaning) {
    auto field = object(name, inner, meaning);
    field.read = [member, inner](const Node& node, T& into, Context& context) {
      inner.read(node, node.where, (into.*member).emplace(), context);
    };
    field.show = [member, inner, shown = field.name](const Node* given, const T& from,
                                                     YamlWriter& out) {
      if (!given) return out.unset(shown);
      out.open(shown);
      inner.show(given, *(from.*member), out);
      out.close();
    };
    return add(std::move(field));
  }

  // A section of things that the file gives names to.
  template <class V>
  Fields& named(const char* name, std::vector<V> T::*member, Fields<V> inner, const char* meaning,
                const char* example, bool is_required = true) {
    Field<T> field;
    field.name = name;
    field.meaning = meaning;
    field.schema = [inner] { return map_schema(inner.schema()); };
    field.example = example;
    field.is_required = is_required;
    field.read = [member, inner, shown = field.name, example](const Node& node, T& into,
                                                              Context& context) {
      if (!expect_names(node, shown, example, context)) return;
      for (const Entry& entry : node.entries) {
        if (!check_name(entry, context)) continue;
        V draft;
        draft.name = entry.name;
        draft.where = entry.where;
        draft.node = &entry.value;
        inner.read(entry.value, entry.where, draft, context);
        (into.*member).push_back(std::move(draft));
      }
    };
    field.show = [member, inner, shown = field.name](const Node*, const T& from, YamlWriter& out) {
      if ((from.*member).empty()) return out.unset(shown);
      out.open(shown);
      for (const V& draft : from.*member) {
        out.open(draft.name);
        inner.show(draft.node, draft, out);
        out.close();
      }
      out.close();
    };
    return add(std::move(field));
  }

  // A field of the design that this version does not have: refused by its own name.
  Fields& later(const char* name) {
    return refused(name, "is not available in this version; remove it");
  }

  // A name that somebody may well write here, but wrongly.
  Fields& refused(const char* name, const char* why) {
    Field<T> field;
    field.name = name;
    field.refusal = why;
    return add(std::move(field));
  }

  Fields& add(Field<T> field) {
    fields_.push_back(std::move(field));
    return *this;
  }

  void read(const Node& node, const Location& owner, T& into, Context& context) const {
    std::vector<FieldFacts> facts;
    for (const Field<T>& f : fields_)
      facts.push_back({f.name, f.example, f.is_required, f.refusal});
    if (!check_names(node, owner, facts, context)) return;
    for (const Field<T>& field : fields_)
      if (const Entry* entry = node.find(field.name); entry && field.refusal.empty())
        field.read(entry->value, into, context);
  }

  void show(const Node* given, const T& from, YamlWriter& out) const {
    for (const Field<T>& field : fields_) {
      if (!field.refusal.empty()) continue;
      const Entry* entry = given ? given->find(field.name) : nullptr;
      field.show(entry ? &entry->value : nullptr, from, out);
    }
  }

  std::string schema() const {
    std::vector<std::string> members, required;
    for (const Field<T>& f : fields_) {
      if (!f.refusal.empty()) continue;
      members.push_back(member_schema(f.name, f.schema(), f.meaning, f.default_text, f.example));
      if (f.is_required) required.push_back(f.name);
    }
    return object_schema(members, required);
  }

 private:
  template <class C, class V, class Codec>
  Fields& value(const char* name, V C::*member, Codec codec, const char* meaning,
                bool is_required) {
    Field<T> field;
    field.name = name;
    field.meaning = meaning;
    field.schema = [codec] { return codec.schema(); };
    field.example = codec.example();
    field.is_required = is_required;
    field.default_text = is_required ? std::string() : codec.show(T{}.*member);
    field.read = [member, codec](const Node& node, T& into, Context& context) {
      codec.read(node, into.*member, context);
    };
    field.show = [member, codec, shown = field.name](const Node* given, const T& from,
                                                     YamlWriter& out) {
      if (given) return out.given(shown, *given);
      std::string text = codec.show(from.*member);
      text.empty() ? out.unset(shown) : out.by_default(shown, text);
    };
    return add(std::move(field));
  }

  template <class V>
  Field<T> object(const char* name, const Fields<V>& inner, const char* meaning) {
    Field<T> field;
    field.name = name;
    field.meaning = meaning;
    field.schema = [inner] { return inner.schema(); };
    return field;
  }

  std::vector<Field<T>> fields_;
};

}  // namespace tollgate::config
