// What `tollgate doctor` makes of the way to an endpoint.
#include "doctor_expect.hpp"

#include <algorithm>
#include <cerrno>

namespace tollgate::cli::doctor {
namespace {

using namespace std::chrono_literals;
using base::IpFault;
using net::CertificateFault;

Finding find(const WaySeen& way, const std::string& check) {
  const auto all = judge_way(way, now);
  const auto found = std::find_if(all.begin(), all.end(), [&](const Finding& f) { return f.check == check; });
  return found == all.end() ? Finding{check, Verdict::skipped, "absent", ""} : *found;
}

WaySeen contoso() {
  WaySeen way;
  way.host = "contoso.openai.azure.com";
  way.zone = "privatelink.openai.azure.com";
  way.allowed = 5'000ms;
  way.trace.addresses = {"10.0.0.5", "10.0.0.6"};
  way.trace.resolved_in = 3ms;
  return way;
}

WaySeen tried(std::vector<net::AttemptTrace> attempts) {
  WaySeen way = contoso();
  way.trace.attempts = std::move(attempts);
  return way;
}

WaySeen refused(const std::string& address, IpFault fault) {
  WaySeen way = contoso();
  way.must_be_private = true;
  way.trace.addresses = {address};
  way.trace.refused = {{address, fault, base::words_of(fault)}};
  return way;
}

WaySeen shaken(const std::string& failure, CertificateFault fault) {
  WaySeen way = tried({{"10.0.0.5:443", 0, 20ms}});
  net::TlsTrace& tls = way.trace.tls.emplace();
  tls.failure = failure;
  tls.fault = fault;
  tls.version = "TLSv1.3";
  tls.names = {"*.openai.azure.com"};
  tls.issuer = "CN=Corp Root";
  tls.ends = now + 24h * 100;
  tls.took = 30ms;
  return way;
}

TEST(DoctorName, IsResolvedOrSaysWhatIsMissing) {
  WaySeen way = contoso();
  expect(find(way, "name"), Verdict::ok, "10.0.0.5, 10.0.0.6 (3 ms)", "");
  way.trace.addresses.clear();
  way.trace.unresolved = "there is no such name";
  way.trace.is_unknown_name = true;
  expect(find(way, "name"), Verdict::fail, "contoso.openai.azure.com: there is no such name",
         "link the private DNS zone privatelink.openai.azure.com to this machine's virtual network, and see that it has an A "
         "record for contoso");
  EXPECT_EQ(judge_way(way, now).size(), 1u);
  way.zone.clear();
  EXPECT_EQ(find(way, "name").fix.find("private"), std::string::npos);
  way.trace.is_unknown_name = false;
  way.trace.unresolved = "name resolution took too long";
  expect(find(way, "name"), Verdict::fail, "took too long", "168.63.129.16");
  way.is_literal = true;
  expect(find(way, "name"), Verdict::ok, "an address", "");
}

TEST(DoctorNetwork, NamesTheZoneToLink) {
  WaySeen way = tried({{"10.0.0.5:443", 0, 20ms}});
  EXPECT_EQ(find(way, "network").text, "absent");
  way.must_be_private = true;
  expect(find(way, "network"), Verdict::ok, "private", "");
  way.trace.refused = {{"20.42.1.1", IpFault::public_address, "is a public address"}};
  expect(find(way, "network"), Verdict::warn, "only the other addresses are used: 20.42.1.1 is a public address", "Link");
  way.trace.attempts.clear();
  expect(find(way, "network"), Verdict::fail, "not connected to: 20.42.1.1 is a public address",
         "Link the private DNS zone privatelink.openai.azure.com");
  way.is_literal = true;
  expect(find(way, "network"), Verdict::fail, "20.42.1.1", "Write the resource's name instead, or add the range");
}

TEST(DoctorNetwork, KnowsWhatHasNoPrivateAddressAtAll) {
  WaySeen way = refused("20.42.1.1", IpFault::public_address);
  way.zone.clear();
  way.host = "models.example";
  expect(find(way, "network"), Verdict::fail, "20.42.1.1", "private DNS zone that is linked to the network that asks. Write network: any only if");
  way.host = "login.microsoftonline.com";
  EXPECT_EQ(find(way, "network").fix, "It has no private endpoint; write network: any where it is configured.");
  way.host = "swedencentral.api.cognitive.microsoft.com";
  expect(find(way, "network"), Verdict::fail, "20.42.1.1", "custom subdomain");
}

TEST(DoctorNetwork, AdvisesByWhatIsWrongWithTheAddress) {
  const auto judged = [](IpFault fault) { return find(refused("20.42.1.1", fault), "network"); };
  EXPECT_EQ(judged(IpFault::outside).fix, "Add its range to network.private_ranges if that network is yours.");
  EXPECT_NE(judged(IpFault::carries_another).fix.find("NAT64"), std::string::npos);
  for (const IpFault fault : {IpFault::link_local, IpFault::wire_server, IpFault::multicast})
    EXPECT_EQ(judged(fault).fix, "No service can be at such an address: mend the record in DNS, or `addresses`.");
  WaySeen way = refused("169.254.169.254", IpFault::link_local);
  way.must_be_private = false;
  expect(find(way, "network"), Verdict::fail, "is link-local", "mend the record");
  way.trace.refused.push_back({"10.9.9.9", IpFault::outside, "is outside network.private_ranges"});
  way.trace.refused.push_back({"10.9.9.8", IpFault::outside, "is outside network.private_ranges"});
  EXPECT_EQ(find(way, "network").fix, "No service can be at such an address: mend the record in DNS, or `addresses`. Add its "
                                      "range to network.private_ranges if that network is yours.");
}

TEST(DoctorConnect, TellsRefusedFromLost) {
  const auto judged = [](std::vector<net::AttemptTrace> attempts) { return find(tried(std::move(attempts)), "connect"); };
  expect(judged({{"10.0.0.5:443", 0, 1'500ms}}), Verdict::ok, "10.0.0.5:443 (1.5 s)", "");
  expect(judged({{"10.0.0.5:443", ETIMEDOUT, 1'500ms}, {"10.0.0.6:443", 0, 2ms}}), Verdict::warn,
         "10.0.0.5:443 no answer in 1.5 s, 10.0.0.6:443 (2 ms)", "take it out");
  expect(judged({{"10.0.0.5:443", ECONNREFUSED, 1ms}}), Verdict::fail, "refused", "Nothing listens");
  expect(judged({{"10.0.0.5:443", ETIMEDOUT, 5'000ms}}), Verdict::fail, "no answer in 5.0 s", "not approved");
  expect(judged({{"10.0.0.5:443", ENETUNREACH, 0ms}}), Verdict::fail, "unreachable", "peerings");
  expect(judged({{"10.0.0.5:443", EMFILE, 0ms}}), Verdict::fail, "Too many open files", "network");
  WaySeen metadata = tried({{"169.254.169.254:80", ETIMEDOUT, 5'000ms}});
  metadata.unreachable_fix = "Only on a virtual machine.";
  expect(find(metadata, "connect"), Verdict::fail, "no answer", "Only on a virtual machine.");
}

TEST(DoctorTls, TellsEachFaultOfACertificate) {
  const auto judged = [](CertificateFault fault, bool has_own_ca = false) {
    WaySeen way = shaken("certificate refused: words", fault);
    way.has_own_ca = has_own_ca;
    return find(way, "tls");
  };
  expect(find(shaken("", CertificateFault::none), "tls"), Verdict::ok,
         "TLSv1.3, *.openai.azure.com, ends 2027-02-26 (100 days)", "");
  WaySeen soon = shaken("", CertificateFault::none);
  soon.trace.tls->ends = now + 36h;
  expect(find(soon, "tls"), Verdict::warn, "(1 day)", "Renew");
  expect(judged(CertificateFault::expired), Verdict::fail, "expired", "Renew the certificate of contoso.openai.azure.com");
  expect(judged(CertificateFault::not_yet_valid), Verdict::fail, "not valid yet", "NTP");
  expect(judged(CertificateFault::wrong_name), Verdict::fail, "for *.openai.azure.com, not for contoso", "public name");
  expect(judged(CertificateFault::unknown_authority), Verdict::fail, "not trusted (issued by CN=Corp Root)", "inspects TLS");
  expect(judged(CertificateFault::unknown_authority, true), Verdict::fail, "not trusted", "the file that `ca` names");
  expect(judged(CertificateFault::self_signed), Verdict::fail, "signed itself", "`ca`");
  expect(judged(CertificateFault::other), Verdict::fail, "words", "certificate");
}

TEST(DoctorCertificate, WarnsBeforeItEndsAndFailsAfterwards) {
  const auto judged = [](std::chrono::seconds left) { return judge_end("certificate", "tls.crt", now + left, now); };
  expect(judged(24h * 21), Verdict::ok, "tls.crt, ends 2026-12-09 (21 days)", "");
  expect(judged(24h * 4), Verdict::warn, "(4 days)", "Renew");
  expect(judged(1s), Verdict::warn, "(0 days)", "Renew");
  expect(judged(0s), Verdict::fail, "tls.crt, ended 2026-11-18", "Renew");
  expect(judged(-24h * 365), Verdict::fail, "ended 2025-11-18", "since it has ended");
}

TEST(DoctorTls, TellsWhyAHandshakeBrokeOff) {
  const auto judged = [](const std::string& failure) { return find(shaken(failure, CertificateFault::none), "tls"); };
  expect(judged("connection closed during the handshake"), Verdict::fail, "closed", "proxy or firewall");
  expect(judged("the handshake took too long"), Verdict::fail, "too long", "nothing comes back");
  expect(judged("error:0A00010B:SSL routines::wrong version number"), Verdict::fail, "wrong version", "http://");
  expect(judged("sslv3 alert handshake failure"), Verdict::fail, "alert", "client certificate");
  WaySeen way;
  way.unusable = "ca.pem: no certificate";
  expect(find(way, "tls"), Verdict::fail, "ca.pem", "PEM");
}

TEST(DoctorClock, WarnsEarlyAndFailsWhereTokensWould) {
  const auto judged = [](std::chrono::milliseconds off, bool needs_tokens) {
    return judge_clock(std::chrono::floor<std::chrono::seconds>(now), now + off, needs_tokens);
  };
  expect(judged(500ms, true), Verdict::ok, "right to 1 s", "");
  expect(judged(9'400ms, true), Verdict::ok, "right to 9 s", "");
  expect(judged(30'500ms, true), Verdict::warn, "30 s ahead", "NTP");
  expect(judged(-29'500ms, false), Verdict::warn, "30 s behind", "NTP");
  expect(judged(301'000ms, true), Verdict::fail, "ahead", "five minutes");
  expect(judged(301'000ms, false), Verdict::warn, "ahead", "five minutes");
}

TEST(DoctorLatency, WarnsOfWhatIsSlow) {
  WaySeen way = shaken("", CertificateFault::none);
  expect(judge_latency(way, 90ms), Verdict::ok, "name 3 ms, connect 20 ms, TLS 30 ms, first byte 90 ms", "");
  expect(judge_latency(way, 2'100ms), Verdict::warn, "first byte 2.1 s", "proxy");
  way.trace.attempts.front().took = 2'500ms;
  expect(judge_latency(way, 90ms), Verdict::warn, "connect 2.5 s", "timeouts.connect (5.0 s)");
}

}  // namespace
}  // namespace tollgate::cli::doctor
