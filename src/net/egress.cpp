#include "net/egress.hpp"

#include "net/private_zone.hpp"

namespace tollgate::net {

namespace {

std::string text_of(const std::string& host, const std::string& address, base::IpFault fault,
                    const NetworkConfig& rules) {
  std::string text = host == address ? address : host + " has the address " + address + ", which";
  text += std::string(" ") + base::words_of(fault);
  if (fault != base::IpFault::outside && fault != base::IpFault::public_address) return text;
  const std::string advice = fault == base::IpFault::outside ? advice_for_outside : advice_for_public(host);
  // What to do comes before the ranges: records keep the beginning of a long text.
  return text + ", and `network: private` forbids it: " + advice + " (allowed: " +
         base::to_text(rules.private_ranges) + ")";
}

}  // namespace

Egress::Egress(Perimeter& perimeter, Caller caller, Network network)
    : perimeter_(&perimeter), caller_(std::move(caller)), network_(network) {}

Egress Egress::to(Perimeter& perimeter, const Deployment& deployment) {
  Egress egress(perimeter, {"deployment", deployment.name}, deployment.network);
  egress.pinned_ = deployment.addresses;
  return egress;
}

Egress Egress::to_identity_endpoint(Perimeter& perimeter, Caller caller, Network network) {
  Egress egress(perimeter, std::move(caller), network);
  egress.reaches_identities_ = true;
  return egress;
}

base::IpFault Egress::fault_of(const Address& address, const NetworkConfig& rules) const {
  const auto bytes = address.ip();
  if (reaches_identities_ && base::serves_identities(bytes)) return base::IpFault::none;
  return base::fault_of(bytes, network_, rules.private_ranges);
}

bool Egress::admits(const Address& address) const {
  return fault_of(address, *perimeter_->rules()) == base::IpFault::none;
}

Admitted Egress::admit(const std::string& host, const std::vector<Address>& addresses) const {
  const auto rules = perimeter_->rules();
  Admitted out;
  std::vector<std::pair<const Address*, base::IpFault>> refused;
  for (const Address& address : addresses) {
    const auto fault = fault_of(address, *rules);
    if (fault == base::IpFault::none) {
      out.addresses.push_back(Allowed(address));
    } else {
      refused.emplace_back(&address, fault);
    }
  }
  for (const auto& [address, fault] : refused) {
    Refusal refusal;
    refusal.caller = caller_;
    refusal.host = host;
    refusal.address = address->host_text();
    refusal.reason = base::words_of(fault);
    refusal.zone = private_zone_of(host);
    refusal.text = text_of(host, refusal.address, fault, *rules);
    // Both kinds in one answer: a zone that is half right.
    if (!out.addresses.empty()) refusal.text += "; only its other addresses are used";
    if (out.refusal.empty()) out.refusal = refusal.text;
    out.refused.push_back({refusal.address, fault, refusal.reason});
    perimeter_->refused(std::move(refusal));
  }
  return out;
}

}  // namespace tollgate::net
