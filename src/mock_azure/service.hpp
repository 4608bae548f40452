// The stand-in's application: checks, routes, answers and keeps the books of every request.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "mock_azure/call.hpp"
#include "mock_azure/entra.hpp"
#include "mock_azure/journal.hpp"

namespace tollgate::mock {

// Thread safety: all members may be called from any thread.
class Service : public Handler {
 public:
  explicit Service(const Config& config);  // throws ConfigError
  ~Service() override;

  Reply handle(const HttpRequest& request) override;
  std::optional<Reply> handle_early(const HttpRequest& request) override;
  void finished(Reply& reply, End end, std::int64_t tokens_sent) override;

 private:
  struct Stats {
    std::atomic<std::uint64_t> requests{0}, streams{0}, prompt_tokens{0}, completion_tokens{0};
    std::array<std::atomic<std::uint64_t>, 6> by_class{};  // index: status / 100
    std::array<std::atomic<std::uint64_t>, 3> by_end{};    // index: End
    std::atomic<std::int64_t> in_flight{0};
  };

  // Who calls, and whether he may.
  struct Access {
    bool is_allowed = false;
    std::string credential;  // label or hash
    std::string challenge;   // of a refusal, "" none
  };
  Reply answer(Call& call, const Access& access);
  Reply admin(const HttpRequest& request);
  Reply plant_fault(const HttpRequest& request);
  std::size_t planted();
  std::string stats_json() const;
  std::string ptu_json();
  Access access_of(const HttpRequest& request) const;
  void decorate(const Call& call, Reply& reply) const;

  const Config config_;
  DeploymentTable deployments_;
  Entra entra_;
  FaultPlan faults_;
  Journal journal_;
  std::unique_ptr<ObjectStore> objects_;
  World world_;
  Stats stats_;
};

}  // namespace tollgate::mock
