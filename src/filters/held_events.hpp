// The events of a stream's beginning, kept until it is known that the answer comes from here.
#pragma once

#include "tollgate/response_sink.hpp"

#include <string>
#include <vector>

namespace tollgate::filters {

class HeldEvents {
 public:
  // A copy: the bytes of a chunk live no longer than the next read.
  void add(const Chunk& chunk) {
    Mark mark;
    mark.begin = text_.size();
    text_ += chunk.bytes;
    mark.size = chunk.bytes.size();
    const auto inside = chunk.data.data() - chunk.bytes.data();
    const bool is_inside = inside >= 0 && inside + chunk.data.size() <= chunk.bytes.size();
    mark.data = is_inside ? mark.begin + static_cast<std::size_t>(inside) : text_.size();
    mark.data_size = chunk.data.size();
    if (!is_inside) text_ += chunk.data;
    mark.event = text_.size();
    mark.event_size = chunk.event.size();
    text_ += chunk.event;
    mark.is_meaningful = chunk.is_meaningful;
    mark.has_empty_text = chunk.text && chunk.text->empty();  // other texts are looked for again
    marks_.push_back(mark);
  }

  std::size_t size() const noexcept { return marks_.size(); }
  std::size_t bytes() const noexcept { return text_.size(); }

  // Its views are valid until the next add().
  Chunk at(std::size_t index) const noexcept {
    const Mark& mark = marks_[index];
    const std::string_view text(text_);
    Chunk chunk;
    chunk.kind = Chunk::Kind::event;
    chunk.bytes = text.substr(mark.begin, mark.size);
    chunk.data = text.substr(mark.data, mark.data_size);
    chunk.event = text.substr(mark.event, mark.event_size);
    chunk.is_meaningful = mark.is_meaningful;
    if (mark.has_empty_text) chunk.text.emplace();
    return chunk;
  }

 private:
  struct Mark {
    std::size_t begin, size, data, data_size, event, event_size;
    bool is_meaningful, has_empty_text;
  };
  std::string text_;
  std::vector<Mark> marks_;
};

}  // namespace tollgate::filters
