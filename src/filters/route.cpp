// Which operation is asked for: strips a subscription's path prefix and takes the target apart.
#include "filters/filters.hpp"
#include "filters/realtime_offer.hpp"
#include "filters/reply.hpp"
#include "openai/route.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace tollgate::filters {

namespace {

class RouteFilter final : public Filter {
 public:
  explicit RouteFilter(const Config& config) {
    for (const auto& subscription : config.subscriptions) {
      if (!subscription->path_prefix.empty()) prefixes_.push_back(subscription->path_prefix);
    }
    // The longer one first: /team-a/dev is not /team-a with something behind it.
    std::sort(prefixes_.begin(), prefixes_.end(),
              [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  }

  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    strip_prefix(ex);
    openai::RouteError problem;
    const auto route = openai::parse_target(ex.method, ex.target, problem);
    if (!route) {
      Error error;
      error.kind = problem.kind;
      error.source = ErrorSource::client;
      error.message = problem.kind == ErrorKind::method_not_allowed
                          ? "This path does not take the method; it takes " + problem.allow + "."
                          : "There is nothing at this path. Point the client's base URL at /openai/v1, "
                            "or use an Azure client with this host as its endpoint.";
      return reply_error(ex, out, std::move(error), std::move(problem.allow));
    }
    ex.route = *route;
    if (route->operation == Operation::realtime) {
      Error error = read_realtime_offer(ex);
      if (error.kind != ErrorKind::none) return reply_error(ex, out, std::move(error));
    }
    return next(ex, out);
  }

 private:
  void strip_prefix(Exchange& ex) const {
    for (const auto& prefix : prefixes_) {
      if (ex.target.starts_with(prefix) && ex.target.substr(prefix.size()).starts_with('/')) {
        ex.path_prefix = ex.target.substr(0, prefix.size());
        ex.target.remove_prefix(prefix.size());
        return;
      }
    }
  }

  std::vector<std::string> prefixes_;
};

}  // namespace

std::shared_ptr<const Filter> make_route(const Config& config, const Services&) {
  return std::make_shared<RouteFilter>(config);
}

}  // namespace tollgate::filters
