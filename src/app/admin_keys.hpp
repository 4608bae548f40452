// Keys and suspensions on the admin plane: /keys and /subscriptions/{name}/suspend|resume.
// One thread: the main one.
#pragma once

#include "app/admin.hpp"
#include "identity/key_book.hpp"
#include "tollgate/exchange.hpp"

#include <functional>

namespace tollgate::app {

class KeyAdmin {
 public:
  // `config` gives the current configuration, `apply` hands a change to the workers.
  KeyAdmin(identity::KeyBook& book, std::function<const Config&()> config, std::function<void()> apply)
      : book_(book), config_(std::move(config)), apply_(std::move(apply)) {}

  static bool is_mine(std::string_view path) noexcept;

  // The body has been read whole.
  AdminAnswer answer_to(const Exchange& ex, std::string_view path);

 private:
  AdminAnswer check_token(const Exchange& ex) const;
  AdminAnswer list() const;
  AdminAnswer create(const Exchange& ex);
  AdminAnswer remove(const Exchange& ex, const std::string& id);
  AdminAnswer set_suspended(const Exchange& ex, std::string_view rest);
  AdminAnswer told(const identity::KeyBook::Changed& changed);

  identity::KeyBook& book_;
  std::function<const Config&()> config_;
  std::function<void()> apply_;
};

}  // namespace tollgate::app
