#include "mock_azure/resource.hpp"

#include <algorithm>
#include <cstdint>

#include "mock_azure/text.hpp"

namespace tollgate::mock {

Json list_page(const Json& items, std::string_view query) {
  const auto after = query_value(query, "after");
  const auto limit = to_integer(query_value(query, "limit").value_or("10000")).value_or(10000);
  auto at = items.begin();
  if (after) {
    const auto found = std::find_if(items.begin(), items.end(), [&](const Json& item) { return string_member(item, "id") == *after; });
    at = found == items.end() ? found : found + 1;
  }
  Json data = Json::array();
  for (; at != items.end() && static_cast<std::int64_t>(data.size()) < std::max<std::int64_t>(1, limit); ++at) data.push_back(*at);
  Json page = list_object(std::move(data));
  page["has_more"] = at != items.end();
  return page;
}

}  // namespace tollgate::mock
