// Finds the ids of what an answer has created or names as kept, however it is cut into parts.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tollgate::openai {

// Reads, of one JSON object: `id`, `output_file_id`, `error_file_id`, `result_files[]`,
// `conversation.id`, `output[].id` and `output[].container_id`. Lists (`data[]`) are not looked into: who lists has not made
// what is in them. Memory is bounded. What it finds does not depend on how the text is cut. Text that
// is not JSON yields something or nothing. One thread.
class ObjectIds {
 public:
  void feed(std::string_view part);

  // What has been found since the last call, in order.
  std::vector<std::string> take() { return std::exchange(found_, {}); }
  bool has_found() const noexcept { return !found_.empty(); }

 private:
  enum class Member : unsigned char { other, id, file, files, conversation, output };
  static constexpr std::size_t looked_into = 4;  // levels

  void open(bool is_object);
  void close();
  void end_string();
  bool is_wanted() const noexcept;

  std::vector<std::string> found_;
  std::string text_;             // of the string that is being read, if it is of interest
  std::size_t items_ = 0;        // ids taken out of `output`
  std::size_t depth_ = 0;
  std::array<bool, looked_into> is_object_{};  // by depth; 0: outside
  Member member_ = Member::other;              // of the outermost object
  bool is_id_ = false;           // the member of an inner object that is being read is an id
  bool expects_key_ = false;     // the next string is one, if an object is being read
  bool in_string_ = false;
  bool is_escaped_ = false;
  bool is_kept_ = false;         // the string is of interest
};

// The same of an event whose `response` is the object: `response.created` and the other lifecycle
// events. Empty if there is none.
std::vector<std::string> object_ids_of_event(std::string_view data);

}  // namespace tollgate::openai
