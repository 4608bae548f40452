#include "app/admin_keys.hpp"

#include "base/sha256.hpp"
#include "config/dates.hpp"
#include "config/secrets.hpp"
#include "identity/mapping.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>

namespace tollgate::app {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view keys_path = "/keys";
constexpr std::string_view subscriptions_path = "/subscriptions/";

AdminAnswer json(int status, const Json& body) {
  AdminAnswer answer;
  answer.status = status;
  answer.content_type = "application/json";
  answer.is_private = true;
  answer.body = body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return answer;
}

AdminAnswer refuse(int status, const std::string& why) {
  Json body;
  body["error"]["message"] = why;
  return json(status, body);
}

AdminAnswer refuse_method(std::string_view allow) {
  AdminAnswer answer = refuse(405, "This path takes " + std::string(allow) + ".");
  answer.allow = allow;
  return answer;
}

const char* state_of(const Validity& validity, WallTime now) {
  if (validity.has_ended(now)) return "expired";
  return validity.has_begun(now) ? "active" : "not yet valid";
}

void put_validity(Json& into, const Validity& validity) {
  if (validity.not_before != WallTime::min()) into["not_before"] = config::date_to_text(validity.not_before);
  if (validity.expires != WallTime::max()) into["expires"] = config::date_to_text(validity.expires);
}

const Subscription* find_subscription(const Config& config, std::string_view name) {
  const auto& all = config.subscriptions;
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& s) { return s->name == name; });
  return found == all.end() ? nullptr : found->get();
}

// A date of the request; says what is wrong with it in `why`.
void take_date(const nlohmann::json& body, const char* name, WallTime& into, std::string& why) {
  if (!body.contains(name)) return;
  config::Fault fault;
  const auto& given = body.at(name);
  const auto date = given.is_string() ? config::parse_date(given.get<std::string>(), fault) : std::nullopt;
  if (date) {
    into = *date;
  } else {
    why = std::string("`") + name + "` must be a date such as 2026-12-31 or 2026-12-31T18:00:00Z.";
  }
}

WallTime wall_now() { return std::chrono::system_clock::now(); }

}  // namespace

bool KeyAdmin::is_mine(std::string_view path) noexcept {
  return path == keys_path || (path.starts_with(keys_path) && path[keys_path.size()] == '/') ||
         path.starts_with(subscriptions_path);
}

AdminAnswer KeyAdmin::answer_to(const Exchange& ex, std::string_view path) {
  AdminAnswer refused = check_token(ex);
  if (refused.status != 200) return refused;
  if (path.starts_with(subscriptions_path)) {
    if (ex.method != "POST") return refuse_method("POST");
    return set_suspended(ex, path.substr(subscriptions_path.size()));
  }
  if (path == keys_path) {
    if (ex.method == "GET") return list();
    if (ex.method == "POST") return create(ex);
    return refuse_method("GET, POST");
  }
  if (ex.method != "DELETE") return refuse_method("DELETE");
  return remove(ex, std::string(path.substr(keys_path.size() + 1)));
}

// Status 200: the caller may go on.
AdminAnswer KeyAdmin::check_token(const Exchange& ex) const {
  const auto& token = config_().server.admin_token;
  if (token.is_empty()) {
    return refuse(403, "Keys are not administered here: the configuration names no admin token. Write "
                       "`server: {admin_token: env:TOLLGATE_ADMIN_TOKEN}`, set that variable (`tollgate keys "
                       "new` makes a good value), and send it as `Authorization: Bearer`.");
  }
  constexpr std::string_view scheme = "Bearer ";
  std::string_view sent;
  for (const auto& header : ex.headers) {
    if (header.known == HeaderName::authorization && header.value.starts_with(scheme)) {
      sent = header.value.substr(scheme.size());
    }
  }
  // Digests have one length, so that a comparison tells nothing of the token's.
  if (!sent.empty() && base::equal_in_constant_time(base::sha256(sent), base::sha256(token.reveal()))) return {};
  AdminAnswer answer = refuse(401, "Send the admin token as `Authorization: Bearer`.");
  answer.challenge = "Bearer realm=\"tollgate admin\"";
  return answer;
}

AdminAnswer KeyAdmin::list() const {
  const auto now = wall_now();
  const Config& config = config_();
  const auto runtime = book_.current();
  Json body;
  body["keys"] = Json::array();
  for (const auto& subscription : config.subscriptions) {
    for (const auto& key : subscription->keys) {
      Json entry;
      entry["id"] = identity::label_of(key.digest);
      entry["subscription"] = subscription->name;
      entry["source"] = "configuration";
      entry["state"] = state_of(key.validity, now);
      put_validity(entry, key.validity);
      body["keys"].push_back(std::move(entry));
    }
  }
  for (const auto& key : runtime->keys) {
    const bool has_owner = find_subscription(config, key.subscription) != nullptr;
    Json entry;
    entry["id"] = key.id;
    entry["subscription"] = key.subscription;
    entry["source"] = "admin plane";
    entry["state"] = has_owner ? state_of(key.validity, now) : "no such subscription";
    put_validity(entry, key.validity);
    entry["created"] = config::date_to_text(key.created);
    body["keys"].push_back(std::move(entry));
  }
  body["suspended"] = runtime->suspended;
  return json(200, body);
}

AdminAnswer KeyAdmin::create(const Exchange& ex) {
  const auto body = nlohmann::json::parse(ex.body.bytes(), nullptr, false);
  if (!body.is_object()) return refuse(400, "The body must be a JSON object such as {\"subscription\": \"payments\"}.");
  for (const auto& [name, value] : body.items()) {
    if (name != "subscription" && name != "not_before" && name != "expires") {
      return refuse(400, "There is no field of that name; write subscription, not_before and expires.");
    }
  }
  const auto named = body.find("subscription");
  if (named == body.end() || !named->is_string()) return refuse(400, "`subscription` must name a subscription.");
  const auto name = named->get<std::string>();
  const Config& config = config_();
  if (!find_subscription(config, name)) return refuse(404, "There is no subscription of that name.");
  Validity validity;
  std::string why;
  take_date(body, "not_before", validity.not_before, why);
  take_date(body, "expires", validity.expires, why);
  if (!why.empty()) return refuse(400, why);
  const auto now = wall_now();
  if (validity.not_before >= validity.expires) return refuse(400, "The key would expire before it begins.");
  if (validity.has_ended(now)) return refuse(400, "The key would have expired already.");
  std::set<std::string> taken;
  for (const auto& subscription : config.subscriptions) {
    for (const auto& key : subscription->keys) taken.insert(identity::label_of(key.digest));
  }
  for (const auto& key : book_.current()->keys) taken.insert(key.id);
  const auto made = book_.add(ex.client_address, name, validity, taken, now);
  if (made.refused != identity::KeyBook::Refused::none) return told(made);
  apply_();
  Json out;
  out["id"] = made.entry.id;
  out["subscription"] = name;
  out["key"] = made.key;
  out["hash"] = "sha256:" + config::to_hex(made.entry.digest);
  put_validity(out, validity);
  out["note"] = "The key is shown this once.";
  return json(201, out);
}

AdminAnswer KeyAdmin::remove(const Exchange& ex, const std::string& id) {
  for (const auto& subscription : config_().subscriptions) {
    for (const auto& key : subscription->keys) {
      if (identity::label_of(key.digest) == id) {
        return refuse(409, "This key is in the configuration; remove it there.");
      }
    }
  }
  return told(book_.remove(ex.client_address, id, wall_now()));
}

AdminAnswer KeyAdmin::set_suspended(const Exchange& ex, std::string_view rest) {
  const auto slash = rest.find('/');
  const auto action = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  if (action != "suspend" && action != "resume") {
    return refuse(404, "There are /subscriptions/{name}/suspend and /subscriptions/{name}/resume here.");
  }
  const std::string name(rest.substr(0, slash));
  const Subscription* subscription = find_subscription(config_(), name);
  const bool is_known = subscription || book_.current()->suspended.contains(name);
  if (!is_known) return refuse(404, "There is no subscription of that name.");
  if (action == "suspend") return told(book_.suspend(ex.client_address, name, wall_now()));
  if (subscription && subscription->is_suspended) {
    return refuse(409, "The configuration suspends this subscription; write `suspended: false` there.");
  }
  return told(book_.resume(ex.client_address, name, wall_now()));
}

AdminAnswer KeyAdmin::told(const identity::KeyBook::Changed& changed) {
  using Refused = identity::KeyBook::Refused;
  switch (changed.refused) {
    case Refused::none: break;
    case Refused::not_found: return refuse(404, changed.why);
    case Refused::conflict: return refuse(409, changed.why);
    case Refused::not_stored: return refuse(500, changed.why);
  }
  apply_();
  Json body;
  body["done"] = true;
  return json(200, body);
}

}  // namespace tollgate::app
