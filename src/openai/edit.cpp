#include "openai/edit.hpp"

#include "base/json_text.hpp"

#include <algorithm>
#include <array>

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
  model_.text = model_text_;
}

void BodyEdits::set_max_tokens(const RequestFacts& facts, std::string_view name, std::int64_t tokens) {
  is_empty_object_ = facts.is_empty_object;
  max_tokens_ = {};
  max_tokens_.is_set = true;
  max_tokens_text_.clear();
  if (facts.max_tokens_value.is_empty()) {
    max_tokens_.replaced = {facts.object_begin, facts.object_begin};
    max_tokens_.is_new_member = true;
    max_tokens_text_.append("\"").append(name).append("\":");
  } else {
    max_tokens_.replaced = facts.max_tokens_value;
  }
  max_tokens_text_ += std::to_string(tokens);
  max_tokens_.text = max_tokens_text_;
}

void BodyEdits::ask_for_usage(const RequestFacts& facts) {
  is_empty_object_ = facts.is_empty_object;
  usage_ = {};
  if (facts.include_usage) return;
  usage_.is_set = true;
  if (facts.stream_options.is_empty()) {
    usage_.replaced = {facts.object_begin, facts.object_begin};
    usage_.is_new_member = true;
    usage_.text = R"("stream_options":{"include_usage":true})";
  } else if (!facts.include_usage_value.is_empty()) {
    usage_.replaced = facts.include_usage_value;
    usage_.text = "true";
  } else if (facts.stream_options_is_null || facts.stream_options_is_empty) {
    usage_.replaced = facts.stream_options;
    usage_.text = R"({"include_usage":true})";
  } else {
    const auto inside = facts.stream_options.begin + 1;
    usage_.replaced = {inside, inside};
    usage_.is_new_member = true;
    usage_.text = R"("include_usage":true)";
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
  std::array<const Splice*, 3> set{};
  std::size_t count = 0;
  for (const Splice* splice : {&model_, &usage_, &max_tokens_})
    if (splice->is_set) set[count++] = splice;
  // New first members stand in front of what is replaced, in the order above.
  std::stable_sort(set.begin(), set.begin() + count, [](const Splice* a, const Splice* b) {
    return a->replaced.begin < b->replaced.begin;
  });
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_last = i + 1 == count;
    const bool needs_comma = set[i]->is_new_member && !(is_empty_object_ && is_last);
    visit(set[i]->replaced, set[i]->text, needs_comma ? std::string_view(",") : std::string_view{});
  }
}

}  // namespace tollgate::openai
