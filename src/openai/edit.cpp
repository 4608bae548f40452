#include "openai/edit.hpp"

#include "base/json_text.hpp"

namespace tollgate::openai {
namespace {

void append(std::vector<std::string_view>& out, std::string_view piece) {
  if (!piece.empty()) out.push_back(piece);
}

}  // namespace

void BodyEdits::set_model(const RequestFacts& facts, std::string_view name) {
  is_empty_object_ = facts.is_empty_object;
  model_.is_set = true;
  model_text_.clear();
  if (facts.model_value.is_empty()) {
    model_.replaced = {facts.object_begin, facts.object_begin};
    model_.is_new_member = true;
    model_text_ += "\"model\":";
  } else {
    model_.replaced = facts.model_value;
    model_.is_new_member = false;
  }
  model_text_ += '"';
  json_escape(model_text_, name);
  model_text_ += '"';
}

void BodyEdits::ask_for_usage(const RequestFacts& facts) {
  is_empty_object_ = facts.is_empty_object;
  usage_ = {};
  if (facts.include_usage) return;
  usage_.is_set = true;
  if (facts.stream_options.is_empty()) {
    usage_.replaced = {facts.object_begin, facts.object_begin};
    usage_.is_new_member = true;
    usage_text_ = R"("stream_options":{"include_usage":true})";
  } else if (!facts.include_usage_value.is_empty()) {
    usage_.replaced = facts.include_usage_value;
    usage_text_ = "true";
  } else if (facts.stream_options_is_null || facts.stream_options_is_empty) {
    usage_.replaced = facts.stream_options;
    usage_text_ = R"({"include_usage":true})";
  } else {
    const auto inside = facts.stream_options.begin + 1;
    usage_.replaced = {inside, inside};
    usage_.is_new_member = true;
    usage_text_ = R"("include_usage":true)";
  }
}

std::size_t BodyEdits::size_after(std::string_view body) const noexcept {
  std::size_t size = body.size();
  for_each_edit([&](Range replaced, std::string_view text, std::string_view comma) {
    size += text.size() + comma.size();
    size -= replaced.end - replaced.begin;
  });
  return size;
}

void BodyEdits::pieces(std::string_view body, std::vector<std::string_view>& out) const {
  std::size_t done = 0;
  for_each_edit([&](Range replaced, std::string_view text, std::string_view comma) {
    append(out, body.substr(done, replaced.begin - done));
    append(out, text);
    append(out, comma);
    done = replaced.end;
  });
  append(out, body.substr(done));
}

template <class Visit>
void BodyEdits::for_each_edit(Visit visit) const {
  const auto at_model = [&](bool is_last) {
    if (model_.is_set)
      visit(model_.replaced, std::string_view(model_text_), comma_after(model_, is_last));
  };
  const auto at_usage = [&](bool is_last) {
    if (usage_.is_set) visit(usage_.replaced, usage_text_, comma_after(usage_, is_last));
  };
  // Both may be new first members; then the model comes first.
  if (!usage_.is_set || model_.replaced.begin <= usage_.replaced.begin) {
    at_model(!usage_.is_set);
    at_usage(true);
  } else {
    at_usage(!model_.is_set);
    at_model(true);
  }
}

std::string_view BodyEdits::comma_after(const Splice& splice, bool is_last) const noexcept {
  if (!splice.is_new_member) return {};
  return is_empty_object_ && is_last ? std::string_view{} : std::string_view(",");
}

}  // namespace tollgate::openai
