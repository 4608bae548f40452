#include "identity/key_book.hpp"

#include "base/sha256.hpp"
#include "config/dates.hpp"
#include "config/secrets.hpp"
#include "config/text_file.hpp"
#include "identity/durable_file.hpp"
#include "identity/mapping.hpp"
#include "identity/new_key.hpp"
#include "identity/strict_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace tollgate::identity {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_file = 16 * 1024 * 1024;
constexpr const char* not_before_name = "not_before";
constexpr const char* expires_name = "expires";

void put_validity(Json& into, const Validity& validity) {
  if (validity.not_before != WallTime::min()) into[not_before_name] = config::date_to_text(validity.not_before);
  if (validity.expires != WallTime::max()) into[expires_name] = config::date_to_text(validity.expires);
}

// Throws what nlohmann does when a member is missing or of another type.
WallTime date_in(const nlohmann::json& object, const char* name, WallTime otherwise) {
  if (!object.contains(name)) return otherwise;
  config::Fault fault;
  const auto date = config::parse_date(object.at(name).get<std::string>(), fault);
  if (!date) throw std::runtime_error(fault.message);
  return *date;
}

RuntimeKey key_in(const nlohmann::json& object) {
  RuntimeKey key;
  key.subscription = object.at("subscription").get<std::string>();
  config::Fault fault;
  std::vector<std::string> files;
  const auto digest = config::resolve_key("sha256:" + object.at("sha256").get<std::string>(), files, fault);
  if (!digest) throw std::runtime_error(fault.message);
  key.digest = *digest;
  key.id = label_of(*digest);
  key.validity.not_before = date_in(object, not_before_name, WallTime::min());
  key.validity.expires = date_in(object, expires_name, WallTime::max());
  key.created = date_in(object, "created", WallTime());
  return key;
}

KeyBook::Changed refusal(KeyBook::Refused refused, std::string why) {
  KeyBook::Changed changed;
  changed.refused = refused;
  changed.why = std::move(why);
  return changed;
}

}  // namespace

std::string to_text(const RuntimeAccess& access) {
  Json out;
  out["version"] = 1;
  out["keys"] = Json::array();
  for (const RuntimeKey& key : access.keys) {
    Json entry;
    entry["subscription"] = key.subscription;
    entry["sha256"] = config::to_hex(key.digest);
    put_validity(entry, key.validity);
    entry["created"] = config::date_to_text(key.created);
    out["keys"].push_back(std::move(entry));
  }
  out["suspended"] = access.suspended;
  return out.dump(1) + "\n";
}

std::shared_ptr<const RuntimeAccess> parse_runtime_access(std::string_view text) {
  try {
    const nlohmann::json object = parse_object(text);
    if (object.is_discarded() || object.at("version") != 1) return nullptr;
    auto access = std::make_shared<RuntimeAccess>();
    for (const auto& entry : object.at("keys")) access->keys.push_back(key_in(entry));
    access->suspended = object.at("suspended").get<std::set<std::string>>();
    return access;
  } catch (const std::exception&) {
    return nullptr;
  }
}

KeyBook::KeyBook(std::string path, std::string audit_path)
    : path_(std::move(path)), audit_path_(std::move(audit_path)), current_(std::make_shared<RuntimeAccess>()) {
  std::error_code error;
  if (!std::filesystem::exists(path_, error) && !error) return;
  std::string why;
  const auto text = config::read_regular_file(path_, max_file, why);
  if (!text) throw std::runtime_error("the file of keys " + path_ + " " + why);
  current_ = parse_runtime_access(*text);
  if (!current_) {
    throw std::runtime_error("the file of keys " + path_ +
                             " is damaged; put a good copy in its place, or remove it and make the keys anew");
  }
}

KeyBook::Changed KeyBook::add(std::string_view who, const std::string& subscription, const Validity& validity,
                              const std::set<std::string>& taken, WallTime now) {
  const auto of_it = [&](const RuntimeKey& key) { return key.subscription == subscription; };
  if (static_cast<std::size_t>(std::count_if(current_->keys.begin(), current_->keys.end(), of_it)) >= max_keys_each) {
    return refusal(Refused::conflict, "the subscription has as many keys as it may have; delete one first");
  }
  RuntimeKey entry;
  std::string key;
  do {
    key = make_key();
    if (key.empty()) return refusal(Refused::not_stored, "the system gives no random bytes");
    entry.digest = base::sha256(key);
    entry.id = label_of(entry.digest);
  } while (taken.contains(entry.id));
  entry.subscription = subscription;
  entry.validity = validity;
  entry.created = now;
  RuntimeAccess next = *current_;
  next.keys.push_back(entry);
  const Audit audit{who, "key.create", subscription, entry.id, now};
  Changed changed = commit(std::move(next), audit);
  if (changed.refused != Refused::none) return changed;
  changed.key = std::move(key);
  changed.entry = std::move(entry);
  return changed;
}

KeyBook::Changed KeyBook::remove(std::string_view who, const std::string& id, WallTime now) {
  RuntimeAccess next = *current_;
  const auto found = std::find_if(next.keys.begin(), next.keys.end(),
                                  [&](const RuntimeKey& key) { return key.id == id; });
  if (found == next.keys.end()) return refusal(Refused::not_found, "there is no such key");
  const Audit audit{who, "key.delete", found->subscription, id, now};
  next.keys.erase(found);
  return commit(std::move(next), audit);
}

KeyBook::Changed KeyBook::suspend(std::string_view who, const std::string& subscription, WallTime now) {
  RuntimeAccess next = *current_;
  if (!next.suspended.insert(subscription).second) return {};
  return commit(std::move(next), {who, "subscription.suspend", subscription, "", now});
}

KeyBook::Changed KeyBook::resume(std::string_view who, const std::string& subscription, WallTime now) {
  RuntimeAccess next = *current_;
  if (next.suspended.erase(subscription) == 0) return {};
  return commit(std::move(next), {who, "subscription.resume", subscription, "", now});
}

KeyBook::Changed KeyBook::commit(RuntimeAccess next, const Audit& audit) {
  if (const auto why = note(audit, "begun"); !why.empty()) {
    return refusal(Refused::not_stored, "nothing was changed: the audit file " + audit_path_ + " " + why);
  }
  if (const auto why = replace_file(path_, to_text(next)); !why.empty()) {
    note(audit, "failed");
    return refusal(Refused::not_stored, "nothing was changed: the file of keys " + path_ + " " + why);
  }
  current_ = std::make_shared<const RuntimeAccess>(std::move(next));
  note(audit, "done");
  return {};
}

// "" or why the line could not be written.
std::string KeyBook::note(const Audit& audit, const char* outcome) const {
  Json line;
  line["time"] = config::date_to_text(audit.when);
  line["who"] = audit.who;
  line["action"] = audit.action;
  line["subscription"] = audit.subscription;
  if (!audit.key.empty()) line["key"] = audit.key;
  line["outcome"] = outcome;
  return append_to_file(audit_path_, line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace tollgate::identity
