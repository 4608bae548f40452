#include "openai/object_ids.hpp"

#include "openai/json_cursor.hpp"
#include "openai/references.hpp"

#include <algorithm>

namespace tollgate::openai {
namespace {

constexpr std::size_t most_items = 64;  // of one answer; each takes a place among what is remembered

}  // namespace

void ObjectIds::feed(std::string_view part) {
  const char* at = part.data();
  const char* const end = at + part.size();
  while (at != end) {
    if (in_string_) {
      if (is_escaped_) {
        is_escaped_ = false;
        if (is_kept_) text_ += *at;
        ++at;
        continue;
      }
      const char* const stop = std::find_if(at, end, [](char c) { return c == '"' || c == '\\'; });
      if (is_kept_) {
        text_.append(at, stop);
        // Longer than any id or name of interest.
        if (text_.size() > longest_object_id) is_kept_ = false;
      }
      if (stop == end) return;
      at = stop + 1;
      // Ids have no escapes: what has is none.
      if (*stop == '\\') {
        is_escaped_ = true;
        is_kept_ = false;
      } else {
        end_string();
      }
      continue;
    }
    const char c = *at++;
    switch (c) {
      case '"':
        in_string_ = true;
        is_kept_ = depth_ < looked_into && ((is_object_[depth_] && expects_key_) || is_wanted());
        text_.clear();
        break;
      case '{': open(true); break;
      case '[': open(false); break;
      case '}':
      case ']': close(); break;
      case ',': expects_key_ = true; break;
      default: break;
    }
  }
}

void ObjectIds::open(bool is_object) {
  ++depth_;
  if (depth_ < looked_into) is_object_[depth_] = is_object;
  expects_key_ = true;
  is_id_ = false;
}

void ObjectIds::close() {
  if (depth_ > 0) --depth_;
  is_id_ = false;
}

// Whether the string that begins is an id, if it is no key.
bool ObjectIds::is_wanted() const noexcept {
  const bool in_object = is_object_[depth_];
  switch (depth_) {
    case 1: return in_object && (member_ == Member::id || member_ == Member::file || member_ == Member::conversation);
    case 2: return in_object ? member_ == Member::conversation && is_id_ : member_ == Member::files;
    case 3: return in_object && !is_object_[2] && member_ == Member::output && is_id_;
    default: return false;
  }
}

void ObjectIds::end_string() {
  in_string_ = false;
  const bool is_key = depth_ < looked_into && is_object_[depth_] && std::exchange(expects_key_, false);
  if (!is_key) {
    if (!is_kept_ || text_.empty()) return;
    if (depth_ == 3 && ++items_ > most_items) return;
    found_.push_back(text_);
    return;
  }
  const std::string_view name = is_kept_ ? std::string_view(text_) : std::string_view();
  if (depth_ > 1) {
    is_id_ = name == "id" || (depth_ == 3 && name == "container_id");
    return;
  }
  member_ = name == "id"                                                ? Member::id
            : name == "output_file_id" || name == "error_file_id"       ? Member::file
            : name == "result_files"                                    ? Member::files
            : name == "conversation"                                    ? Member::conversation
            : name == "output"                                          ? Member::output
                                                                        : Member::other;
}

std::vector<std::string> object_ids_of_event(std::string_view data) {
  JsonCursor json(data);
  JsonString key;
  if (json.peek() != '{') return {};
  json.open_object();
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    std::string_view value;
    if (!json.read_value(value)) return {};
    if (key.raw != "response") continue;
    ObjectIds ids;
    ids.feed(value);
    return ids.take();
  }
  return {};
}

}  // namespace tollgate::openai
