// The way to an endpoint: name, address rule, connection, TLS, times.
#include "cli/doctor/judge.hpp"

#include "cli/text.hpp"
#include "net/private_zone.hpp"

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace tollgate::cli::doctor {
namespace {

using net::CertificateFault;

constexpr int few_days = 21;  // a certificate that ends sooner should have been renewed by now

std::string day_text(WallTime at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch());
  return moment(seconds.count()).substr(0, 10);
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Finding judge_name(const WaySeen& way) {
  const net::ConnectTrace& trace = way.trace;
  if (way.is_literal) return {"name", Verdict::ok, "an address, nothing to look up", ""};
  if (!trace.addresses.empty())
    return {"name", Verdict::ok, joined(trace.addresses) + " (" + took_text(trace.resolved_in) + ")", ""};
  const std::string text = way.host + ": " + printable(trace.unresolved);
  if (!trace.is_unknown_name)
    return failed("name", text,
                  "The name servers gave no answer: see that this machine reaches those in /etc/resolv.conf, or "
                  "network.nameservers, on port 53. Inside a virtual network of Azure's that is 168.63.129.16 or a server "
                  "of your own.");
  std::string fix = "Compare the name with the one on the resource's page in the portal.";
  if (!way.zone.empty())
    fix += " If it has a private endpoint: link the private DNS zone " + way.zone + " to this machine's virtual network, "
           "and see that it has an A record for " + way.host.substr(0, way.host.find('.')) +
           ". A name server of your own has to forward the zone to 168.63.129.16.";
  return failed("name", text, std::move(fix));
}

std::string refused_text(const std::vector<net::RefusedAddress>& refused) {
  std::string text;
  for (const net::RefusedAddress& one : refused) text += (text.empty() ? "" : ", ") + one.address + " " + one.reason;
  return text;
}

// The end of a sentence as one of its own.
std::string sentence(std::string end) {
  end.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(end.front())));
  return end + ".";
}

std::string public_fix(const WaySeen& way, const std::string& address) {
  const bool has_zone = !way.is_literal && !way.zone.empty();
  std::string fix = has_zone ? "Link the private DNS zone " + way.zone + " to this machine's virtual network (create it if "
                               "there is none, and let the private endpoint write its record there: a DNS zone group). A name "
                               "server of your own has to forward the zone to 168.63.129.16."
                             : sentence(net::advice_for_public(way.is_literal ? address : way.host));
  // It is the advice itself for what has no private endpoint.
  if (!has(fix, "network: any")) fix += " Write network: any only if public addresses are meant.";
  return fix;
}

std::string refused_fix(const WaySeen& way, const net::RefusedAddress& refused) {
  switch (refused.fault) {
    case base::IpFault::public_address: return public_fix(way, refused.address);
    case base::IpFault::outside: return sentence(net::advice_for_outside);
    case base::IpFault::carries_another:
      return "Give the name the private address itself in the DNS that this machine asks: one that is carried in IPv6 "
             "(NAT64, 6to4) comes from a record, or from a name server that makes it up (DNS64).";
    default: return "No service can be at such an address: mend the record in DNS, or `addresses`.";
  }
}

std::string refused_fixes(const WaySeen& way) {
  std::string all;
  for (const net::RefusedAddress& one : way.trace.refused)
    if (const std::string fix = refused_fix(way, one); !has(all, fix)) all += (all.empty() ? "" : " ") + fix;
  return all;
}

Finding judge_network(const WaySeen& way) {
  const net::ConnectTrace& trace = way.trace;
  if (trace.refused.empty()) return {"network", Verdict::ok, "private", ""};
  std::string text = refused_text(trace.refused);
  std::string fix = refused_fixes(way);
  if (trace.attempts.empty()) return failed("network", "not connected to: " + text, std::move(fix));
  return {"network", Verdict::warn, "only the other addresses are used: " + text, std::move(fix)};
}

std::string connect_fix(const WaySeen& way, int code) {
  if (!way.unreachable_fix.empty()) return way.unreachable_fix;
  const std::string approved =
      way.zone.empty() ? "" : ", or a private endpoint is not approved yet (its connection state in the portal)";
  switch (code) {
    case ECONNREFUSED:
      return "Nothing listens there, or a firewall rejects it: compare host and port, and see that the service is running.";
    case ETIMEDOUT:
      return "Packets are lost on the way: a network security group, firewall or route drops them" + approved + ".";
    case ENETUNREACH:
    case EHOSTUNREACH:
      return "This machine has no route there: look at its network, and at peerings and VPN in between.";
    default: return "Look at this machine's network.";
  }
}

std::string attempt_text(const net::AttemptTrace& attempt) {
  if (attempt.code == 0) return attempt.address + " (" + took_text(attempt.took) + ")";
  if (attempt.code == ECONNREFUSED) return attempt.address + " refused";
  if (attempt.code == ETIMEDOUT) return attempt.address + " no answer in " + took_text(attempt.took);
  return attempt.address + " " + std::strerror(attempt.code);
}

Finding judge_connect(const WaySeen& way) {
  const auto& attempts = way.trace.attempts;
  const net::AttemptTrace& last = attempts.back();
  std::vector<std::string> texts;
  for (const net::AttemptTrace& attempt : attempts) texts.push_back(attempt_text(attempt));
  if (last.code != 0) return failed("connect", joined(texts), connect_fix(way, last.code));
  if (attempts.size() == 1) return {"connect", Verdict::ok, texts.front(), ""};
  return {"connect", Verdict::warn, joined(texts),
          "Every new connection tries the address that does not answer first: take it out of DNS, or mend it."};
}

Finding judge_certificate(const net::TlsTrace& tls, WallTime now) {
  const std::string what = tls.version + ", " + (tls.names.empty() ? "no name" : printable(tls.names.front()));
  if (!tls.ends) return {"tls", Verdict::ok, what, ""};
  return judge_end("tls", what, *tls.ends, now);
}

// The handshake was not done, and not for the certificate.
std::string handshake_fix(const std::string& failure) {
  if (has(failure, "too long"))
    return "The connection stands and nothing comes back: a firewall in between, or something else listens there.";
  if (has(failure, "wrong version number") || has(failure, "http request"))
    return "What answers does not speak TLS: write the port that does, or http:// if it is meant to be plain.";
  if (has(failure, "certificate required") || has(failure, "bad certificate") || has(failure, "handshake failure"))
    return "The other side refuses our side: it may want a client certificate (`client_certificate`), or no TLS 1.2 or 1.3.";
  return "The other side ends the handshake: a proxy or firewall in between that does not let this name pass, or a port "
         "without TLS.";
}

Finding judge_tls(const WaySeen& way, WallTime now) {
  const net::TlsTrace& tls = *way.trace.tls;
  if (tls.failure.empty()) return judge_certificate(tls, now);
  const std::string issuer = tls.issuer.empty() ? "" : " (issued by " + printable(tls.issuer) + ")";
  switch (tls.fault) {
    case CertificateFault::expired:
      return failed("tls", "a certificate has expired" + (tls.ends ? "; the server's ends on " + day_text(*tls.ends) : ""),
                    "Renew the certificate of " + way.host + ". If that has been done, see that this machine's clock is "
                    "right, and that nothing in between answers with a certificate of its own.");
    case CertificateFault::not_yet_valid:
      return failed("tls", "the certificate is not valid yet", "See that this machine's clock is right (NTP).");
    case CertificateFault::wrong_name:
      return failed("tls", "the certificate is for " + (tls.names.empty() ? "no name" : printable(joined(tls.names))) +
                               ", not for " + way.host,
                    "Write the name that the certificate is for. A private endpoint is called by the resource's public "
                    "name, never by its address or its privatelink name.");
    case CertificateFault::unknown_authority:
    case CertificateFault::self_signed:
      return failed("tls", (tls.fault == CertificateFault::self_signed ? "a certificate that signed itself is not trusted"
                                                                       : "the certificate's authority is not trusted") + issuer,
                    way.has_own_ca
                        ? "Put this authority into the file that `ca` names, or remove `ca` to trust the system's. The "
                          "server has to send its intermediate certificates too."
                        : "If a firewall inspects TLS here, let it pass this name; if the authority is your own, name its "
                          "PEM file as `ca`. For a public one install the package ca-certificates.");
    case CertificateFault::other:
      return failed("tls", printable(tls.failure), "Look at the certificate that the other side sends.");
    case CertificateFault::none: break;
  }
  return failed("tls", printable(tls.failure), handshake_fix(tls.failure));
}

}  // namespace

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

std::string took_text(Milliseconds took) {
  if (took < Milliseconds(1'000)) return std::to_string(took.count()) + " ms";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(took.count()) / 1'000);
  return text;
}

Finding failed(std::string check, std::string text, std::string fix) {
  return {std::move(check), Verdict::fail, std::move(text), std::move(fix)};
}

Finding skipped(std::string check, std::string why) {
  return {std::move(check), Verdict::skipped, std::move(why), ""};
}

Finding judge_end(std::string check, const std::string& what, WallTime ends, WallTime now) {
  if (ends <= now)
    return failed(std::move(check), what + ", ended " + day_text(ends), "Renew the certificate: connections fail since it has ended.");
  const long days = static_cast<long>(std::chrono::duration_cast<std::chrono::hours>(ends - now).count() / 24);
  std::string text = what + ", ends " + day_text(ends) + " (" + std::to_string(days) + (days == 1 ? " day)" : " days)");
  if (days >= few_days) return {std::move(check), Verdict::ok, std::move(text), ""};
  return {std::move(check), Verdict::warn, std::move(text),
          "Renew the certificate, or ask whoever does: connections fail when it has ended."};
}

std::vector<Finding> judge_way(const WaySeen& way, WallTime now) {
  const net::ConnectTrace& trace = way.trace;
  if (!way.unusable.empty())
    return {failed("tls", printable(way.unusable), "Mend the file: PEM, readable by the user that runs the gateway.")};
  std::vector<Finding> findings{judge_name(way)};
  if (way.must_be_private || !trace.refused.empty())
    if (!trace.addresses.empty()) findings.push_back(judge_network(way));
  if (!trace.attempts.empty()) findings.push_back(judge_connect(way));
  if (trace.tls) findings.push_back(judge_tls(way, now));
  return findings;
}

Finding judge_latency(const WaySeen& way, Milliseconds first_byte) {
  constexpr Milliseconds slow{2'000};
  const net::ConnectTrace& trace = way.trace;
  const Milliseconds tls = trace.tls ? trace.tls->took : Milliseconds(0);
  Milliseconds before = trace.resolved_in + tls;
  for (const net::AttemptTrace& attempt : trace.attempts) before += attempt.took;
  std::string text = "name " + took_text(trace.resolved_in) + ", connect " + took_text(trace.attempts.back().took);
  if (trace.tls) text += ", TLS " + took_text(tls);
  text += ", first byte " + took_text(first_byte);
  if (before * 2 > way.allowed)
    return {"latency", Verdict::warn, text,
            "A connection takes more than half of timeouts.connect (" + took_text(way.allowed) +
                "): raise that, or find out what is slow."};
  if (first_byte >= slow)
    return {"latency", Verdict::warn, text,
            "A request that asks for nothing should be answered in a fraction of a second: look for a proxy in between, and "
            "at the distance to the region."};
  return {"latency", Verdict::ok, text, ""};
}

Finding judge_clock(WallTime theirs, WallTime ours, bool needs_tokens) {
  using std::chrono::seconds;
  constexpr seconds noticed{10}, refused{300};
  // Their clock was cut to the second; half of one is a good guess.
  const auto difference = std::chrono::round<seconds>(ours - theirs - Milliseconds(500));
  const seconds off = std::chrono::abs(difference);
  if (off < noticed) return {"clock", Verdict::ok, "right to " + std::to_string(std::max<long>(1, off.count())) + " s", ""};
  return {"clock", off >= refused && needs_tokens ? Verdict::fail : Verdict::warn,
          "this machine is " + std::to_string(off.count()) + " s " + (difference.count() > 0 ? "ahead" : "behind"),
          "Set the clock (NTP): start systemd-timesyncd or chrony, and see that it reaches its time servers. Tokens are "
          "refused when clocks differ by five minutes, and budgets begin and end at the wrong time."};
}

}  // namespace tollgate::cli::doctor
