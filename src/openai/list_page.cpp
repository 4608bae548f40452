#include "openai/list_page.hpp"

#include "openai/json_cursor.hpp"

#include <algorithm>
#include <charconv>

namespace tollgate::openai {

namespace {

std::optional<std::string> read_id(std::string_view item) {
  JsonCursor json(item);
  if (!json.open_object()) return std::nullopt;
  std::string id;
  JsonString key;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    JsonString value;
    if (key.raw != "id" || json.peek() != '"') {
      json.skip_value();
    } else if (json.read_string(value) && !value.has_escapes) {
      id = value.raw;
    }
  }
  if (json.is_broken()) return std::nullopt;
  return id;
}

bool read_items(JsonCursor& json, std::vector<ListItem>& items) {
  if (json.peek() != '[' || !json.open_array()) return false;
  for (bool is_first = true; json.next_element(is_first); is_first = false) {
    std::string_view text;
    if (!json.read_value(text)) return false;
    auto id = read_id(text);
    if (!id) return false;
    items.push_back({std::move(*id), std::string(text)});
  }
  return !json.is_broken();
}

// Calls `use` with the name and the whole of each parameter.
template <class Use>
void for_each_parameter(std::string_view query, Use use) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto part = query.substr(0, end);
    query = end == query.npos ? std::string_view() : query.substr(end + 1);
    if (!part.empty()) use(part.substr(0, part.find('=')), part);
  }
}

void append_id(std::string& out, const ListItem* item) {
  if (!item || item->id.empty()) {
    out += "null";
  } else {
    out.append("\"").append(item->id).append("\"");
  }
}

bool may_stand_in_query(std::string_view id) {
  return !id.empty() && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

}  // namespace

std::optional<ListPage> read_list(std::string_view text) {
  ListPage page;
  JsonCursor json(text);
  if (json.peek() != '{' || !json.open_object()) return std::nullopt;
  bool has_data = false;
  JsonString key;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    if (key.raw == "data") {
      if (has_data || !read_items(json, page.items)) return std::nullopt;
      has_data = true;
      continue;
    }
    std::string_view value;
    if (json.read_value(value) && key.raw == "has_more") page.has_more = value == "true";
  }
  if (json.is_broken() || !json.is_at_end() || !has_data) return std::nullopt;
  return page;
}

std::string write_list(std::string_view text, std::span<const ListItem> items, bool has_more) {
  std::string out = "{";
  JsonCursor json(text);
  json.open_object();
  JsonString key;
  for (bool is_first = true; json.next_member(key, is_first); is_first = false) {
    std::string_view value;
    if (!json.read_value(value)) break;
    out.append(is_first ? "\"" : ",\"").append(key.raw).append("\":");
    if (key.raw == "data") {
      out += '[';
      for (const ListItem& item : items) out.append(&item == items.data() ? "" : ",").append(item.text);
      out += ']';
    } else if (key.raw == "has_more") {
      out += has_more ? "true" : "false";
    } else if (key.raw == "first_id") {
      append_id(out, items.empty() ? nullptr : &items.front());
    } else if (key.raw == "last_id") {
      append_id(out, items.empty() ? nullptr : &items.back());
    } else {
      out += value;
    }
  }
  return out += '}';
}

ListQuery read_list_query(std::string_view query) {
  ListQuery found;
  for_each_parameter(query, [&](std::string_view name, std::string_view part) {
    if (name == "before" || name.find('%') != name.npos) found.can_go_on = false;
    if (name != "limit" || part.size() <= name.size()) return;
    const auto text = part.substr(name.size() + 1);
    std::size_t limit = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error == std::errc() && end == text.data() + text.size() && limit > 0) found.limit = limit;
  });
  return found;
}

std::string query_after(std::string_view query, std::string_view id, std::size_t count) {
  if (!may_stand_in_query(id)) return {};
  std::string out;
  for_each_parameter(query, [&](std::string_view name, std::string_view part) {
    if (name != "after" && name != "limit") out.append(part).append("&");
  });
  return out.append("after=").append(id).append("&limit=").append(std::to_string(count));
}

}  // namespace tollgate::openai
