// What the answers of a deployment mean. The requests ask for nothing that could be generated: a
// deployment that is there and may be used refuses them with 400.
#include "cli/doctor/judge.hpp"

#include "cli/text.hpp"
#include "config/nearest.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace tollgate::cli::doctor {
namespace {

constexpr std::size_t longest_quote = 120;

// The first answer that says something about a thing decides it.
enum class Meaning : unsigned char {
  none,           // there was no answer
  usable,         // the deployment has read the request
  busy,           // it is there, and full
  wrong_key,
  no_role,
  wrong_audience,
  keys_disabled,
  public_access,  // the resource takes no calls by the public network
  firewall,       // it takes none from this address
  forbidden,
  no_deployment,
  retired,        // it is there, and the model behind it is served no more
  no_version,     // neither path nor api-version
  redirected,
  unavailable,
  strange,        // nothing that Azure OpenAI says
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Meaning meaning_of_401(const AnswerSeen& answer) {
  if (answer.code == "PermissionDenied" || has(answer.message, "lacks the required data action"))
    return Meaning::no_role;
  if (has(answer.message, "audience") || has(answer.message, "tenant")) return Meaning::wrong_audience;
  return Meaning::wrong_key;
}

// The codes vary; these are words that have been seen.
Meaning meaning_of_400(const AnswerSeen& answer) {
  if (has(answer.message, "custom subdomain") || has(answer.code, "does not match resource") ||
      has(answer.message, "does not match resource"))
    return Meaning::wrong_audience;
  if (has(answer.message, "API version not supported") || has(answer.message, "enabled only for api versions"))
    return Meaning::no_version;
  return Meaning::usable;
}

Meaning meaning_of_403(const AnswerSeen& answer) {
  if (answer.code == "AuthenticationTypeDisabled" || has(answer.message, "Key based authentication is disabled"))
    return Meaning::keys_disabled;
  if (has(answer.message, "Public access is disabled")) return Meaning::public_access;
  if (has(answer.message, "Firewall") || has(answer.message, "Virtual Network")) return Meaning::firewall;
  return Meaning::forbidden;
}

Meaning meaning_of(const AnswerSeen& answer) {
  if (!answer.problem.empty()) return Meaning::none;
  if (answer.status >= 300 && answer.status < 400) return Meaning::redirected;
  if (answer.status >= 500 || answer.status == 408) return Meaning::unavailable;
  if (has(answer.policy, "TrafficDenied")) return Meaning::public_access;
  // These say what they mean without words.
  if (answer.status == 401) return meaning_of_401(answer);
  if (answer.status == 403) return meaning_of_403(answer);
  if (answer.status == 429) return Meaning::busy;
  // Nobody can grant a request for nothing, and refusals are in JSON: anything else is of somebody in between.
  if (answer.status < 300 || !answer.is_json) return Meaning::strange;
  if (answer.code == "DeploymentNotFound" || answer.code == "model_not_found") return Meaning::no_deployment;
  switch (answer.status) {
    case 400: return meaning_of_400(answer);
    case 404: return Meaning::no_version;
    case 410: return Meaning::retired;
    case 422: return Meaning::usable;
    default: return Meaning::strange;
  }
}

std::string piece_of(const std::string& text) {
  const std::string piece = printable(text);
  return piece.size() > longest_quote ? piece.substr(0, longest_quote) + "..." : piece;
}

std::string quoted(const AnswerSeen& answer) {
  if (!answer.problem.empty()) return answer.problem;
  std::string text = std::to_string(answer.status);
  if (answer.status >= 300 && answer.status < 400 && !answer.location.empty()) text += ", to " + piece_of(answer.location);
  if (answer.status < 300) text += ", where a refusal was due";
  if (answer.status >= 400 && !answer.is_json) text += ", without an error in JSON";
  if (!answer.code.empty() && answer.code != text) text += " " + printable(answer.code);
  if (answer.message.empty()) return text;
  return text + ": " + piece_of(answer.message);
}

Finding judge_credential(const DeploymentAsked& asked, Meaning meaning, const AnswerSeen& answer) {
  const bool has_key = asked.credential.empty();
  switch (meaning) {
    case Meaning::wrong_key:
      return failed("credential", quoted(answer),
                    has_key
                        ? "The key is not one of " + asked.resource + ": compare it with Keys and Endpoint of the resource, "
                          "and see that its variable or file holds nothing else."
                        : "The resource does not accept the token: see that it is in the tenant of the identity, and that "
                          "its name is a custom subdomain.");
    case Meaning::no_role:
      return failed("credential", quoted(answer),
                    "Give the identity the role Cognitive Services OpenAI User on the resource (Access control, Add role "
                    "assignment). It takes effect after some minutes, with a token fetched since.");
    case Meaning::wrong_audience:
      return failed("credential", quoted(answer),
                    "The token is for another audience or tenant, or the endpoint is one that a region shares: write the "
                    "resource's own name (custom subdomain), and look at cloud and tenant of the credential.");
    case Meaning::keys_disabled:
      return failed("credential", quoted(answer),
                    "The resource takes no keys: write credential: azure, and give the identity of this machine the role "
                    "Cognitive Services OpenAI User on it.");
    case Meaning::public_access:
    case Meaning::firewall:
    case Meaning::forbidden: return skipped("credential", "refused before it was looked at");
    case Meaning::none:
    case Meaning::redirected:
    case Meaning::unavailable:
    case Meaning::no_version:
    case Meaning::strange: return skipped("credential", "no answer that tells");
    default: return {"credential", Verdict::ok, has_key ? "the key is accepted" : "the token is accepted", ""};
  }
}

std::string near_names(const DeploymentAsked& asked) {
  if (asked.others.empty()) return "";
  const std::string near = config::nearest(asked.name, asked.others);
  if (!near.empty()) return "Did you mean " + near + "? That one is there. ";
  return "There are: " + joined(asked.others) + ". ";
}

// What to do about a path that does not answer as Azure OpenAI does.
const char* path_fix(Meaning meaning, const AnswerSeen& answer) {
  switch (meaning) {
    case Meaning::none:
      if (has(answer.problem, " alert "))
        return "The other side refuses our side of TLS: it may want a client certificate, or another one "
               "(`client_certificate`).";
      return "It takes connections and does not answer: try again, and look for a proxy or firewall in between.";
    case Meaning::redirected: return "The endpoint sends elsewhere: write the address that it leads to.";
    case Meaning::unavailable:
      return "The resource has trouble of its own: try again, and look at Azure's status page for its region.";
    case Meaning::strange:
      return "This does not look like Azure OpenAI: compare host and base path of `endpoint`. A proxy or firewall "
             "in between answers in this way too.";
    default:
      return "It refuses what the other path takes: see whether a gateway or firewall in front of the resource lets "
             "that one pass alone.";
  }
}

// `is_v1`: by an answer of /openai/v1.
Finding judge_existence(const DeploymentAsked& asked, Meaning meaning, const AnswerSeen& answer, bool is_v1) {
  switch (meaning) {
    case Meaning::usable:
      // Where the body names the deployment, nobody says in which order the body is looked at.
      if (is_v1) return skipped("deployment", "v1 refuses an empty list, maybe before it looks for " + asked.name);
      return {"deployment", Verdict::ok, asked.name + " is there", ""};
    case Meaning::busy:
      return {"deployment", Verdict::warn, asked.name + " is there, and full at the moment (429)",
              "More is asked of it than its quota or its units allow. A route with another deployment behind it takes "
              "over what it refuses."};
    case Meaning::no_deployment:
      return failed("deployment", "there is no deployment " + asked.name + " (404)",
                    near_names(asked) + "Write the name that the portal shows under Deployments, which need not be that of "
                                        "the model; a new one takes up to five minutes.");
    case Meaning::retired:
      return failed("deployment", quoted(answer),
                    "The model behind " + asked.name + " is retired: deploy a version that is still served, and name that.");
    case Meaning::no_version: return skipped("deployment", "not known while no path is served");
    case Meaning::redirected:
    case Meaning::unavailable:
    case Meaning::strange: return failed("deployment", quoted(answer), path_fix(meaning, answer));
    default: return skipped("deployment", "not known before the faults above are mended");
  }
}

// One of the two ways to call a deployment.
struct Surface {
  std::string name;  // 2024-10-21, v1
  Meaning meaning;
  const AnswerSeen& answer;

  bool is_read() const {
    return meaning == Meaning::usable || meaning == Meaning::busy || meaning == Meaning::no_deployment ||
           meaning == Meaning::retired;
  }
  // There was an answer that says something about what is asked for, be it a fault.
  bool tells() const { return meaning != Meaning::none && meaning != Meaning::no_version; }
  // By whoever answers: what serves the one path alone may say it in any way.
  bool is_not_served() const { return meaning == Meaning::no_version || (answer.status == 404 && meaning == Meaning::strange); }
};

Finding judge_missing_v1(const Surface& dated) {
  return {"api-version", Verdict::warn, dated.name + ", not v1",
          "Clients that use /openai/v1 are refused here: have them use the dated paths, or see whether the resource is too "
          "old for v1."};
}

Finding judge_missing_version(const DeploymentAsked& asked) {
  const std::string& version = asked.api_version;
  return {"api-version", asked.is_version_chosen ? Verdict::fail : Verdict::warn, "v1, not " + version,
          "Clients that send api-version=" + version + " are refused here: have them use /openai/v1, or try another with "
          "--api-version."};
}

// Each by itself; a fault of the one that tells has been told above.
Finding judge_version(const DeploymentAsked& asked, const Surface& dated, const Surface& v1) {
  if (dated.is_read() && v1.is_read()) return {"api-version", Verdict::ok, dated.name + " and v1", ""};
  if (dated.is_read() && v1.is_not_served()) return judge_missing_v1(dated);
  if (dated.is_read())
    return failed("api-version", dated.name + ", not v1: " + quoted(v1.answer), path_fix(v1.meaning, v1.answer));
  if (dated.tells()) return skipped("api-version", "not known before the faults above are mended");
  if (v1.is_read() && dated.meaning == Meaning::no_version) return judge_missing_version(asked);
  if (dated.meaning == Meaning::none)
    return failed("api-version", (v1.is_read() ? "v1, not " : "") + dated.name + ": " + quoted(dated.answer),
                  path_fix(dated.meaning, dated.answer));
  if (v1.tells()) return skipped("api-version", "not known before the faults above are mended");
  if (v1.meaning == Meaning::none)
    return failed("api-version", "neither " + dated.name + " (" + std::to_string(dated.answer.status) + ") nor v1: " + quoted(v1.answer),
                  path_fix(v1.meaning, v1.answer));
  return failed("api-version", "neither " + dated.name + " nor v1 (404)",
                "No path of Azure OpenAI is there: `endpoint` is the resource's address up to and without /openai, and "
                "the resource has to be one for Azure OpenAI.");
}

std::string plain(const std::string& region) {
  std::string result;
  for (char c : region)
    if (c != ' ') result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

bool is_known(Meaning meaning) { return meaning == Meaning::usable || meaning == Meaning::busy; }

}  // namespace

bool is_present(const AnswerSeen& answer) { return is_known(meaning_of(answer)); }

bool is_absent(const AnswerSeen& answer) { return meaning_of(answer) == Meaning::no_deployment; }

std::vector<Finding> judge_deployment(const DeploymentAsked& asked, const AnswerSeen& dated, const AnswerSeen& v1) {
  const Surface first{asked.api_version, meaning_of(dated), dated}, second{"v1", meaning_of(v1), v1};
  // What the dated path does not serve, v1 may; then that answer tells about the rest.
  const bool is_v1_telling = !first.tells() && second.meaning != Meaning::none;
  const Meaning meaning = is_v1_telling ? second.meaning : first.meaning;
  const AnswerSeen& answer = is_v1_telling ? v1 : dated;
  std::vector<Finding> findings;
  if (meaning == Meaning::none) {
    findings.push_back(failed("answer", answer.problem, path_fix(meaning, answer)));
    return findings;
  }
  if (meaning == Meaning::public_access)
    findings.push_back(failed("access", quoted(answer),
                              "The resource takes calls by its private endpoint alone, and this one came over the public network. " +
                                  (asked.zone.empty() ? "Give its name the private address in the DNS that this machine asks"
                                                      : "Link the private DNS zone " + asked.zone + " to this machine's virtual network") +
                                  ", and write network: private, so that it is noticed before anything is sent. If the name has "
                                  "its private address already, something in between calls on this machine's behalf."));
  if (meaning == Meaning::firewall)
    findings.push_back(failed("access", quoted(answer),
                              "The resource allows selected networks alone: add this machine's address or network under "
                              "Networking, or give it a private endpoint."));
  if (meaning == Meaning::forbidden)
    findings.push_back(failed("access", quoted(answer), "The resource refuses this caller: the reason is in its own words."));
  findings.push_back(judge_credential(asked, meaning, answer));
  findings.push_back(judge_existence(asked, meaning, answer, is_v1_telling));
  findings.push_back(judge_version(asked, first, second));
  if (!answer.region.empty() && !asked.region.empty() && plain(answer.region) != plain(asked.region))
    findings.push_back({"region", Verdict::warn, "served from " + printable(answer.region) + ", configured " + asked.region,
                        "Correct `region`: rules on where requests may be processed rely on it. A deployment of scope "
                        "global may be served from anywhere."});
  return findings;
}

}  // namespace tollgate::cli::doctor
