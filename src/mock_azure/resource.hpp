// Small helpers that the JSON surfaces share.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "mock_azure/json.hpp"
#include "mock_azure/reply.hpp"

namespace tollgate::mock {

inline Reply json_answer(const Json& value) {
  Reply reply;
  reply.body = dump_json(value);
  return reply;
}

inline Json list_object(Json data) {
  Json first = data.empty() ? Json() : member(data.front(), "id");
  Json last = data.empty() ? Json() : member(data.back(), "id");
  return Json{{"object", "list"},
              {"data", std::move(data)},
              {"first_id", std::move(first)},
              {"last_id", std::move(last)},
              {"has_more", false}};
}

// The page that `limit` and `after` of the query ask for; without them all of it.
Json list_page(const Json& items, std::string_view query);

}  // namespace tollgate::mock
