// The access tokens that the stand-in has given out, and which of them its data plane takes.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::mock {

// Thread safety: all members may be called from any thread.
class IssuedTokens {
 public:
  // Its number, from 1. `claims`: what the request for it carried after a challenge, "" nothing.
  std::int64_t note(std::string_view token, std::string owner, std::string audience, std::int64_t expires,
                    std::string claims);

  // Refuses every token given out until now. With `claims` the refusals ask for tokens that were
  // requested with just these.
  void revoke(std::string claims);

  struct Look {
    bool is_good = false;
    std::string label;      // "token 3 of <application>"; "" when it is none of ours
    std::string challenge;  // with a refusal: the value of www-authenticate, "" none
  };
  Look look(std::string_view token, const std::vector<std::string>& audiences, std::int64_t now) const;

 private:
  struct Issued {
    std::int64_t number;
    std::string owner, audience, claims;
    std::int64_t expires;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Issued> by_hash_;
  std::int64_t last_number_ = 0;
  std::int64_t revoked_until_ = 0;  // this number and those before
  std::string wanted_claims_;
};

}  // namespace tollgate::mock
