#include "config/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>
#include <unordered_map>

namespace tollgate::config {
namespace {

// Ends the reading of a file after its problem has been noted.
struct Stop {};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, Problems& problems) : file_(file), problems_(problems) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    refuse(place(mark),
           "a second document starts here; write one document a file and no further ---");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(Node::Kind::null, mark), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    Node node = make(Node::Kind::scalar, mark);
    node.text = value;
    node.is_quoted = tag == "!";
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(make(Node::Kind::list, mark), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(make(Node::Kind::map, mark), anchor);
  }
  void OnMapEnd() override { close(); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto known = anchors_.find(anchor);
    if (known == anchors_.end()) refuse(place(mark), "this alias lies inside its own anchor");
    alias_nodes_ += known->second.size;
    if (alias_nodes_ > max_alias_nodes)
      refuse(place(mark), "aliases stand for more than " + std::to_string(max_alias_nodes) +
                              " values in this file; write some of them out");
    if (open_.size() + known->second.depth > max_depth) refuse_depth(place(mark));
    if (!open_.empty())
      open_.back().depth_below = std::max(open_.back().depth_below, known->second.depth);
    add(known->second.node, 0);
  }

  [[noreturn]] void refuse(Location where, std::string message) {
    problems_.push_back({std::move(where), std::move(message), {}});
    throw Stop{};
  }

 private:
  struct Anchored {
    Node node;
    std::size_t size = 0;
    std::size_t depth = 0;
  };
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    bool is_key_next = true;    // map: the next node is a name
    bool is_value_kept = true;  // map: false after a name that was refused
    Entry entry;
    std::unordered_map<std::string, int> lines;  // map: where each name was first written
    std::size_t first_node = 0;                  // nodes seen before this one
    std::size_t depth_below = 0;
  };

  Location place(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  Node make(Node::Kind kind, const YAML::Mark& mark) {
    if (++nodes_ > max_nodes)
      refuse(place(mark), "this file holds more than " + std::to_string(max_nodes) + " values");
    Node node;
    node.kind = kind;
    node.where = place(mark);
    return node;
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      problems_.push_back({place(mark), "tags (!...) are not used here; remove it", {}});
  }

  [[noreturn]] void refuse_depth(Location where) {
    refuse(std::move(where),
           "values are nested deeper than " + std::to_string(max_depth) + " levels");
  }

  void open(Node node, YAML::anchor_t anchor) {
    if (open_.size() >= max_depth) refuse_depth(node.where);
    Open level;
    level.first_node = nodes_ + alias_nodes_;
    level.node = std::move(node);
    level.anchor = anchor;
    open_.push_back(std::move(level));
  }

  void close() {
    Open level = std::move(open_.back());
    open_.pop_back();
    std::size_t depth = level.depth_below + 1;
    if (!open_.empty()) open_.back().depth_below = std::max(open_.back().depth_below, depth);
    std::size_t size = nodes_ + alias_nodes_ - level.first_node + 1;
    if (level.anchor) remember(level.anchor, {level.node, size, depth});
    put(std::move(level.node));
  }

  void add(Node node, YAML::anchor_t anchor) {
    if (anchor) remember(anchor, {node, 1, 0});
    put(std::move(node));
  }

  void remember(YAML::anchor_t anchor, Anchored what) {
    // Keeping the anchored value is a copy too.
    alias_nodes_ += what.size;
    if (alias_nodes_ > max_alias_nodes)
      refuse(what.node.where, "anchors stand for more than " + std::to_string(max_alias_nodes) +
                                  " values in this file; write some of them out");
    anchors_[anchor] = std::move(what);
  }

  void put(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.is_key_next) {
      parent.is_key_next = false;
      parent.is_value_kept = take_name(parent, node);
    } else {
      parent.is_key_next = true;
      if (!parent.is_value_kept) return;
      parent.entry.value = std::move(node);
      // The parser places an absent value at the next word, which may be lines away.
      if (parent.entry.value.kind == Node::Kind::null)
        parent.entry.value.where = parent.entry.where;
      parent.node.entries.push_back(std::move(parent.entry));
      parent.entry = {};
    }
  }

  bool take_name(Open& map, Node& name) {
    if (name.kind != Node::Kind::scalar) {
      problems_.push_back({name.where,
                           std::string("a name is expected here, but this is ") + name.kind_name(),
                           {}});
      return false;
    }
    if (name.text == "<<" && !name.is_quoted) {
      problems_.push_back(
          {name.where, "merge keys (<<) are not used here; write the fields out", {}});
      return false;
    }
    auto [first, is_new] = map.lines.emplace(name.text, name.where.line);
    if (!is_new) {
      problems_.push_back({name.where,
                           cited(name.text) + " is written twice; the first is in line " +
                               std::to_string(first->second),
                           {}});
      return false;
    }
    map.entry.name = std::move(name.text);
    map.entry.where = std::move(name.where);
    return true;
  }

  const std::string& file_;
  Problems& problems_;
  Node root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
  std::size_t alias_nodes_ = 0;
};

// What yaml-cpp says, in the words of somebody who edits the file.
std::string in_plain_words(const YAML::Exception& e) {
  static const std::map<std::string, const char*> words = {
      {YAML::ErrorMsg::END_OF_MAP,
       "this line does not fit the mapping above it; check the indentation and the ':' (text that "
       "starts with '[' or '{' needs quotes)"},
      {YAML::ErrorMsg::END_OF_MAP_FLOW,
       "a '{' or a quote is not closed before this place, or a ',' is missing"},
      {YAML::ErrorMsg::END_OF_SEQ,
       "this line does not fit the list above it; check the indentation"},
      {YAML::ErrorMsg::END_OF_SEQ_FLOW,
       "a '[' or a quote is not closed before this place, or a ',' is missing"},
      {YAML::ErrorMsg::MAP_VALUE,
       "a ':' is not expected here; put text that holds ': ' into quotes, or check the "
       "indentation"},
      {YAML::ErrorMsg::MAP_KEY, "a name is not expected here; check the indentation"},
      {YAML::ErrorMsg::BLOCK_ENTRY, "a '-' is not expected here; check the indentation"},
      {YAML::ErrorMsg::FLOW_END, "a ']' or '}' closes nothing here"},
      {YAML::ErrorMsg::EOF_IN_SCALAR, "a quote is not closed"},
      {YAML::ErrorMsg::UNKNOWN_TOKEN,
       "this character cannot start a value; put the value into quotes"},
      {YAML::ErrorMsg::UNKNOWN_ANCHOR, "this alias names no anchor"},
  };
  auto known = words.find(e.msg);
  // Other messages of the parser may quote the file, which may hold a secret in the wrong place.
  return known != words.end() ? known->second : "this is not YAML; check quotes and indentation";
}

// How long the UTF-8 sequence at `text[0]` is; 0 when it is not one.
std::size_t utf8_length(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::size_t length = byte(0) < 0x80   ? 1
                       : byte(0) < 0xc2 ? 0
                       : byte(0) < 0xe0 ? 2
                       : byte(0) < 0xf0 ? 3
                       : byte(0) < 0xf5 ? 4
                                        : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  bool is_overlong = (byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xf0 && byte(1) < 0x90);
  bool is_surrogate = byte(0) == 0xed && byte(1) >= 0xa0;
  bool is_too_large = byte(0) == 0xf4 && byte(1) >= 0x90;
  return is_overlong || is_surrogate || is_too_large ? 0 : length;
}

// What yaml-cpp would accept in silence or report at a later place. False: do not parse.
bool is_clean_text(std::string_view text, const std::string& file, Problems& problems) {
  std::size_t before = problems.size();
  int line = 1;
  std::size_t line_start = 0;
  bool is_indentation = true;
  auto note = [&](std::size_t at, const char* message) {
    problems.push_back({{file, line, static_cast<int>(at - line_start) + 1}, message, {}});
  };
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = utf8_length(text.substr(i, 4));
    char c = text[i];
    if (length == 0) {
      note(i, "this is not UTF-8 text");
      return false;
    }
    if (c == '\n') {
      ++line;
      line_start = ++i;
      is_indentation = true;
      continue;
    }
    if (c == '\t' && is_indentation) {
      note(i, "a tab as indentation; use spaces");
      is_indentation = false;  // one problem a line
    } else if (c == '%' && i == line_start) {
      note(i, "directives (%...) are not used here; remove the line");
    } else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r') || c == 0x7f) {
      note(i, "a control character; remove it");
      return false;
    }
    if (c != ' ') is_indentation = false;
    i += length;
  }
  return problems.size() == before;
}

}  // namespace

const Entry* Node::find(std::string_view name) const noexcept {
  for (const Entry& entry : entries)
    if (entry.name == name) return &entry;
  return nullptr;
}

const char* Node::kind_name() const noexcept {
  switch (kind) {
    case Kind::null:
      return "empty";
    case Kind::scalar:
      return "a single value";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a mapping";
  }
  return "";
}

Node read_yaml(std::string_view text, const std::string& file, Problems& problems) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (text.size() > max_file_bytes) {
    problems.push_back({{file, 0, 0}, "the file is larger than 4MiB", {}});
    return {};
  }
  if (!is_clean_text(text, file, problems)) return {};

  TreeBuilder builder(file, problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return {};
  } catch (const YAML::Exception& e) {
    bool is_placed = !e.mark.is_null();
    Location where{file, is_placed ? e.mark.line + 1 : 0, is_placed ? e.mark.column + 1 : 0};
    problems.push_back({where, in_plain_words(e), {}});
    return {};
  }
  return builder.take();
}

}  // namespace tollgate::config
