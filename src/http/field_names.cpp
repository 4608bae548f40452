// The field names that the gateway knows, and looking them up.
#include "http/head.hpp"

#include "base/by_length.hpp"
#include "http/byte_scan.hpp"
#include "http/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace tollgate::http {
namespace {

struct NameEntry {
  std::string_view text;
  Name name;
};

// Ordered by length, so that a name is compared with the few of its own length only.
constexpr std::array name_table = {
    NameEntry{"te", Name::te},
    NameEntry{"via", Name::via},
    NameEntry{"date", Name::date},
    NameEntry{"host", Name::host},
    NameEntry{"accept", Name::accept},
    NameEntry{"cookie", Name::cookie},
    NameEntry{"expect", Name::expect},
    NameEntry{"server", Name::server},
    NameEntry{"api-key", Name::api_key},
    NameEntry{"trailer", Name::trailer},
    NameEntry{"upgrade", Name::upgrade},
    NameEntry{"forwarded", Name::forwarded},
    NameEntry{"x-api-key", Name::x_api_key},
    NameEntry{"connection", Name::connection},
    NameEntry{"keep-alive", Name::keep_alive},
    NameEntry{"set-cookie", Name::set_cookie},
    NameEntry{"tracestate", Name::tracestate},
    NameEntry{"user-agent", Name::user_agent},
    NameEntry{"openai-beta", Name::openai_beta},
    NameEntry{"retry-after", Name::retry_after},
    NameEntry{"traceparent", Name::traceparent},
    NameEntry{"x-ms-region", Name::x_ms_region},
    NameEntry{"content-type", Name::content_type},
    NameEntry{"x-request-id", Name::x_request_id},
    NameEntry{"authorization", Name::authorization},
    NameEntry{"cache-control", Name::cache_control},
    NameEntry{"content-length", Name::content_length},
    NameEntry{"openai-project", Name::openai_project},
    NameEntry{"openai-version", Name::openai_version},
    NameEntry{"retry-after-ms", Name::retry_after_ms},
    NameEntry{"x-should-retry", Name::x_should_retry},
    NameEntry{"accept-encoding", Name::accept_encoding},
    NameEntry{"apim-request-id", Name::apim_request_id},
    NameEntry{"idempotency-key", Name::idempotency_key},
    NameEntry{"x-forwarded-for", Name::x_forwarded_for},
    NameEntry{"x-ms-request-id", Name::x_ms_request_id},
    NameEntry{"x-tollgate-task", Name::x_tollgate_task},
    NameEntry{"content-encoding", Name::content_encoding},
    NameEntry{"proxy-connection", Name::proxy_connection},
    NameEntry{"x-forwarded-host", Name::x_forwarded_host},
    NameEntry{"transfer-encoding", Name::transfer_encoding},
    NameEntry{"sec-websocket-key", Name::sec_websocket_key},
    NameEntry{"x-accel-buffering", Name::x_accel_buffering},
    NameEntry{"x-forwarded-proto", Name::x_forwarded_proto},
    NameEntry{"proxy-authenticate", Name::proxy_authenticate},
    NameEntry{"x-tollgate-session", Name::x_tollgate_session},
    NameEntry{"content-disposition", Name::content_disposition},
    NameEntry{"openai-organization", Name::openai_organization},
    NameEntry{"proxy-authorization", Name::proxy_authorization},
    NameEntry{"openai-processing-ms", Name::openai_processing_ms},
    NameEntry{"sec-websocket-accept", Name::sec_websocket_accept},
    NameEntry{"sec-websocket-version", Name::sec_websocket_version},
    NameEntry{"sec-websocket-protocol", Name::sec_websocket_protocol},
    NameEntry{"x-ms-client-request-id", Name::x_ms_client_request_id},
    NameEntry{"sec-websocket-extensions", Name::sec_websocket_extensions},
    NameEntry{"ocp-apim-subscription-key", Name::ocp_apim_subscription_key},
    NameEntry{"x-ratelimit-remaining-tokens", Name::x_ratelimit_remaining_tokens},
    NameEntry{"x-ratelimit-remaining-requests", Name::x_ratelimit_remaining_requests},
    NameEntry{"azure-openai-deployment-utilization", Name::azure_openai_deployment_utilization},
    NameEntry{"x-ms-oai-image-generation-deployment", Name::x_ms_oai_image_generation_deployment},
};
static_assert(std::ranges::is_sorted(name_table, {},
                                     [](const NameEntry& e) { return e.text.size(); }));

constexpr std::size_t longest_name = name_table.back().text.size();

constexpr auto first_of_length = base::begins_by_length<longest_name>(name_table, &NameEntry::text);

// The first and the last eight bytes of a name in small letters, which may overlap; a shorter name is
// filled up. Names of the same length up to sixteen are the same when their ends are.
struct Ends {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool operator==(const Ends&) const = default;
};

constexpr std::uint64_t pack(std::string_view text) {
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i != text.size(); ++i) bytes[i] = text[i];
  return std::bit_cast<std::uint64_t>(bytes);
}

constexpr auto known_ends = [] {
  std::array<Ends, name_table.size()> ends;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const auto text = name_table[i].text;
    if (text.size() < 8)
      ends[i].first = pack(text);
    else
      ends[i] = {pack(text.substr(0, 8)), pack(text.substr(text.size() - 8))};
  }
  return ends;
}();

Ends ends_of(std::string_view name) noexcept {
  const auto size = name.size();
  if (size >= 8) return {lower_eight(name.data()), lower_eight(name.data() + size - 8)};
  char bytes[8]{};
  for (std::size_t i = 0; i != size; ++i) bytes[i] = name[i];
  return {lower_eight(bytes), 0};
}

}  // namespace

const Field* find_field(const Fields& fields, std::string_view name) noexcept {
  for (const Field& field : fields)
    if (iequals(field.name, name)) return &field;
  return nullptr;
}

const Field* find_field(const Fields& fields, Name name) noexcept {
  for (const Field& field : fields)
    if (field.known == name) return &field;
  return nullptr;
}

Name name_of(std::string_view field_name) noexcept {
  const std::size_t length = field_name.size();
  if (length == 0 || length > longest_name) return Name::other;
  const Ends ends = ends_of(field_name);
  for (std::size_t i = first_of_length[length]; i != first_of_length[length + 1]; ++i)
    if (known_ends[i] == ends && (length <= 16 || iequals(name_table[i].text, field_name)))
      return name_table[i].name;
  return Name::other;
}

}  // namespace tollgate::http
