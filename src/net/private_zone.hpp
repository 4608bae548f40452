// Which private DNS zone answers for a name of Azure's. Pure.
#pragma once

#include <string>
#include <string_view>

namespace tollgate::net {

// "privatelink.openai.azure.com" for contoso.openai.azure.com; "" when no zone is known for it.
std::string private_zone_of(std::string_view host);

// What is most likely wrong when `host` has a public address although it should have a private one, as the
// end of a sentence. `host` may be an IP address.
std::string advice_for_public(const std::string& host);

// The same of an address that is private, and outside of the ranges that are configured.
inline constexpr const char* advice_for_outside = "add its range to network.private_ranges if that network is yours";

}  // namespace tollgate::net
