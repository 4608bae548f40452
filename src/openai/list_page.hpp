// A page of a list of stored objects: what stands in it, and the same page with fewer of them. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::openai {

struct ListItem {
  std::string id;    // "" if it has none
  std::string text;  // the JSON object, verbatim
};

struct ListPage {
  std::vector<ListItem> items;
  bool has_more = false;
};

// Absent: the text is no JSON object with a `data` array of objects.
std::optional<ListPage> read_list(std::string_view text);

// The page `text` with these items instead of its own, with `has_more` and, where it tells them, the ids of the
// first and the last one; what else it says stays. REQUIRES: read_list(text) is not absent.
std::string write_list(std::string_view text, std::span<const ListItem> items, bool has_more);

// What a query asks of a list.
struct ListQuery {
  std::optional<std::size_t> limit;  // items a page
  bool can_go_on = true;             // what follows may be asked for: it does not go back, and its names are plain
};
ListQuery read_list_query(std::string_view query);

// The query for `count` items that follow the item `id`. "" if the id cannot stand in a query.
// REQUIRES: read_list_query(query).can_go_on.
std::string query_after(std::string_view query, std::string_view id, std::size_t count);

}  // namespace tollgate::openai
