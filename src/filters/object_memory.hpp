// Who keeps what requests name, as remembered here and in the store that gateways share.
#pragma once

#include "affinity/directory.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/exchange.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::sharing {
class SharedNotes;
}

namespace tollgate::filters {

// What a request names. `field`: where in the body, "" in the path.
struct Named {
  std::string id;
  std::string_view field;
  affinity::ObjectKey key;
};

// One exchange's view of it. One thread: the worker's.
class ObjectMemory {
 public:
  // Both have to outlive it.
  ObjectMemory(affinity::Directory& directory, const Exchange& ex);

  // In the order of `named`; null: nobody remembers. What is used is remembered for longer.
  enum class Use : unsigned char { use, look };
  awaitable<std::vector<const affinity::Owner*>> find(const std::vector<Named>& named, Use use = Use::use);

  // False: what find() could not tell the owner of may be known to other gateways, of which none can be asked.
  // It may be served; who gets it is not its owner because of that.
  bool is_sure() const noexcept { return is_sure_; }

  // Without `replaces` what is remembered stays.
  void note(affinity::ObjectKey key, std::string_view id, const affinity::Owner& owner, bool replaces);
  void forget(affinity::ObjectKey key);
  void count(affinity::Lookup lookup) { directory_.count(lookup); }

 private:
  using Texts = std::vector<std::optional<std::string>>;
  awaitable<std::optional<Texts>> notes_find(std::vector<std::string> keys);
  std::chrono::seconds keep_for(std::string_view id) const;
  std::chrono::seconds longer_for(std::string_view id) const;

  affinity::Directory& directory_;
  sharing::SharedNotes* notes_;  // null: nothing is shared
  const AffinityConfig& times_;
  bool is_sure_ = true;
};

}  // namespace tollgate::filters
