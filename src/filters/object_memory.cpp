#include "filters/object_memory.hpp"

#include "filters/till.hpp"
#include "sharing/shared_notes.hpp"
#include "sharing/shared_pots.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tollgate::filters {

using affinity::ObjectKey;
using affinity::Owner;

namespace {

constexpr std::ptrdiff_t most_at_once = 500;  // that the shared store is asked for

// For how long what another gateway has made is remembered here when it was but looked at.
constexpr std::chrono::minutes looked_at{10};

// Responses, their items and the containers in which they ran code are kept for a month from the day they were made, the rest until it is
// deleted.
bool is_short_lived(std::string_view id) {
  return id.starts_with("resp_") || id.starts_with("rs_") || id.starts_with("msg_") || id.starts_with("fc_") ||
         id.starts_with("cntr_");
}

std::string text_of(const Owner& owner) {
  return owner.resource + "\n" + owner.deployment + "\n" + owner.subscription;
}

std::optional<Owner> owner_from(std::string_view text) {
  const auto first = text.find('\n');
  if (first == text.npos) return std::nullopt;
  const auto second = text.find('\n', first + 1);
  if (second == text.npos) return std::nullopt;
  return Owner{std::string(text.substr(0, first)), std::string(text.substr(first + 1, second - first - 1)),
               std::string(text.substr(second + 1))};
}

}  // namespace

ObjectMemory::ObjectMemory(affinity::Directory& directory, const Exchange& ex)
    : directory_(directory),
      notes_(ex.till && ex.till->shared ? &ex.till->shared->notes() : nullptr),
      times_(ex.config->affinity) {}

awaitable<std::vector<const Owner*>> ObjectMemory::find(const std::vector<Named>& named, Use use) {
  std::vector<const Owner*> owners;
  std::vector<std::string> unknown;
  for (const Named& one : named) {
    owners.push_back(directory_.find(one.key, use == Use::use ? longer_for(one.id) : std::chrono::seconds(0)));
    if (!owners.back()) unknown.push_back(affinity::to_text(one.key));
  }
  if (unknown.empty() || !notes_) co_return owners;
  Texts texts;
  for (auto from = unknown.begin(); from != unknown.end();) {
    const auto to = from + std::min<std::ptrdiff_t>(most_at_once, unknown.end() - from);
    std::vector<std::string> some(from, to);
    const auto asked = static_cast<std::size_t>(to - from);
    std::optional<Texts> found = co_await notes_find(std::move(some));
    if (found) {
      std::ranges::move(*found, std::back_inserter(texts));
    } else {
      is_sure_ = false;
      texts.resize(texts.size() + asked);
    }
    from = to;
  }
  auto text = texts.begin();
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (owners[i]) continue;
    const auto owner = *text ? owner_from(**text) : std::nullopt;
    ++text;
    if (!owner) continue;
    directory_.note(named[i].key, *owner, use == Use::use ? keep_for(named[i].id) : looked_at, false);
    owners[i] = directory_.find(named[i].key);
  }
  co_return owners;
}

void ObjectMemory::note(ObjectKey key, std::string_view id, const Owner& owner, bool replaces) {
  // Whoever looks at something again and again learns nothing new, and has nothing to tell.
  if (!replaces && directory_.find(key, longer_for(id))) return;
  directory_.note(key, owner, keep_for(id), replaces);
  if (notes_) notes_->put(affinity::to_text(key), text_of(owner), keep_for(id), replaces);
}

void ObjectMemory::forget(ObjectKey key) {
  directory_.forget(key);
  if (notes_) notes_->erase(affinity::to_text(key));
}

awaitable<std::optional<ObjectMemory::Texts>> ObjectMemory::notes_find(std::vector<std::string> keys) {
  return notes_->find(std::move(keys));
}

std::chrono::seconds ObjectMemory::keep_for(std::string_view id) const {
  return is_short_lived(id) ? times_.responses : times_.objects;
}

// From a use of it; 0: it is not kept for longer.
std::chrono::seconds ObjectMemory::longer_for(std::string_view id) const {
  return is_short_lived(id) ? std::chrono::seconds(0) : times_.objects;
}

}  // namespace tollgate::filters
