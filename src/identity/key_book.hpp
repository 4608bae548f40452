// Keys and suspensions that were made on the admin plane: kept in a file of hashes, beside those of the
// configuration.
//
// Every change is noted in the audit file before it is made, and is on disk before it counts. What is
// current is an immutable snapshot, handed to the workers as a new configuration is.
// One thread: the main one; snapshots are for all.
#pragma once

#include "tollgate/config.hpp"

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::identity {

struct RuntimeKey {
  std::string id;  // label_of its digest
  std::string subscription;
  KeyDigest digest{};
  Validity validity;
  WallTime created{};
};

struct RuntimeAccess {
  std::vector<RuntimeKey> keys;
  std::set<std::string> suspended;  // names of subscriptions, beside those that the configuration suspends
};

class KeyBook {
 public:
  static constexpr std::size_t max_keys_each = 16;  // of one subscription

  // Throws std::runtime_error when there is a file that cannot be used. None is no error.
  KeyBook(std::string path, std::string audit_path);

  std::shared_ptr<const RuntimeAccess> current() const noexcept { return current_; }

  enum class Refused : unsigned char { none, not_found, conflict, not_stored };
  struct Changed {
    Refused refused = Refused::none;
    std::string why;   // for the caller, when refused
    std::string key;   // of add(): shown this once
    RuntimeKey entry;  // of add()
  };

  // `who` is the caller's address. The subscription exists. `taken`: labels of other keys.
  Changed add(std::string_view who, const std::string& subscription, const Validity& validity,
              const std::set<std::string>& taken, WallTime now);
  Changed remove(std::string_view who, const std::string& id, WallTime now);
  Changed suspend(std::string_view who, const std::string& subscription, WallTime now);
  Changed resume(std::string_view who, const std::string& subscription, WallTime now);

 private:
  struct Audit {
    std::string_view who;
    const char* action;
    std::string subscription;
    std::string key;
    WallTime when;
  };
  Changed commit(RuntimeAccess next, const Audit& audit);
  std::string note(const Audit& audit, const char* outcome) const;

  std::string path_;
  std::string audit_path_;
  std::shared_ptr<const RuntimeAccess> current_;
};

// The file's text and back; nullptr: not a file of this kind.
std::string to_text(const RuntimeAccess& access);
std::shared_ptr<const RuntimeAccess> parse_runtime_access(std::string_view text);

}  // namespace tollgate::identity
