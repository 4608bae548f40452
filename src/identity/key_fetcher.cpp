#include "identity/key_fetcher.hpp"

#include "fetch/fetch.hpp"
#include "net/tls_context.hpp"
#include "tollgate/log.hpp"

#include <algorithm>
#include <random>

namespace tollgate::identity {

namespace {

constexpr std::chrono::seconds fetch_time{10};   // of one document, all included
constexpr std::chrono::seconds longest_retry{60};

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

KeyFetcher::KeyFetcher(net::Loop& loop, net::Perimeter& perimeter, KeyRing& ring)
    : loop_(loop), perimeter_(perimeter), ring_(ring) {
  ring_.on_ask([this](std::size_t issuer) {
    loop_.post([this, issuer] {
      if (issuer < tasks_.size()) start(*tasks_[issuer]);
    });
  });
}

KeyFetcher::~KeyFetcher() {
  ring_.on_ask({});
  for (auto& task : tasks_) loop_.disarm(*task);
}

std::shared_ptr<net::TlsClientContext> KeyFetcher::tls_for(const std::optional<EntraConfig>& config) {
  if (!config || !config->authority.starts_with("https://")) return nullptr;
  return std::make_shared<net::TlsClientContext>(config->ca_file);
}

void KeyFetcher::use(const std::optional<EntraConfig>& config, std::shared_ptr<net::TlsClientContext> tls) {
  if (config == config_ && !(config && !config->ca_file.empty())) return;
  // Keys are of an authority and a tenant; other settings do not spoil them.
  std::vector<TrustedIssuers::Entry> entries;
  std::vector<std::unique_ptr<Task>> tasks;
  const bool is_same_authority = config && config_ && config->authority == config_->authority;
  const std::vector<std::string> tenants = config ? config->tenants : std::vector<std::string>();
  for (const auto& tenant : tenants) {
    for (const auto version : {TokenVersion::v1, TokenVersion::v2}) {
      auto task = std::make_unique<Task>();
      task->fetcher = this;
      task->index = tasks.size();
      task->tenant = tenant;
      task->version = version;
      task->fire = [](Timer& timer) {
        auto& due = static_cast<Task&>(timer);
        due.fetcher->start(due);
      };
      for (const auto& old : tasks_) {
        if (is_same_authority && old->tenant == tenant && old->version == version) task->last = old->last;
      }
      entries.push_back({tenant, version, task->last});
      tasks.push_back(std::move(task));
    }
  }
  for (auto& task : tasks_) loop_.disarm(*task);
  tasks_ = std::move(tasks);
  tls_ = std::move(tls);
  config_ = config;
  ring_.reset(std::move(entries), config ? config->refresh_gap : std::chrono::milliseconds(0));
  for (auto& task : tasks_) start(*task);
}

void KeyFetcher::start(Task& task) {
  if (task.is_fetching) return;
  task.is_fetching = true;
  loop_.disarm(task);
  ring_.begin_fetch(task.index);
  task.result = {};
  task.work = base::run(fetch(task), task.result);
  task.work.start(&task.nobody);
}

awaitable<void> KeyFetcher::fetch(Task& task) {
  auto fetched = co_await load(task);
  task.failures = fetched ? 0 : task.failures + 1;
  if (fetched) task.last = fetched;
  ring_.end_fetch(task.index, std::move(fetched));
  task.is_fetching = false;
  task.at = Clock::now() + next_delay(task);
  loop_.arm(task);
}

// Null after a failure, which has been logged.
awaitable<std::shared_ptr<const Issuer>> KeyFetcher::load(Task& task) {
  std::shared_ptr<const Issuer> nothing;
  const auto fail = [&](const std::string& url, const std::string& why) {
    const std::string kept = task.last ? "; the keys of before stay in use" : "; its tokens get a 503";
    log::warn("identity", "cannot load signing keys from " + url + ": " + why + kept);
  };
  const std::string where = discovery_url(config_->authority, task.tenant, task.version);
  auto tls = tls_;
  const net::Egress egress(perimeter_, {"signing_keys", ""}, config_->network);
  fetch::Request description;
  description.url = where;
  const fetch::Answer described =
      co_await fetch::send(loop_, egress, std::move(description), tls, Clock::now() + fetch_time);
  if (!described.problem.empty()) {
    fail(where, described.problem);
    co_return nothing;
  }
  const Discovery discovery = parse_discovery(described.body, config_->authority, task.tenant);
  if (!discovery.problem.empty()) {
    fail(where, discovery.problem);
    co_return nothing;
  }
  fetch::Request list;
  list.url = discovery.jwks_uri;
  const fetch::Answer listed =
      co_await fetch::send(loop_, egress, std::move(list), tls, Clock::now() + fetch_time);
  if (!listed.problem.empty()) {
    fail(discovery.jwks_uri, listed.problem);
    co_return nothing;
  }
  auto issuer = std::make_shared<Issuer>();
  issuer->tenant = task.tenant;
  issuer->version = task.version;
  issuer->name = discovery.issuer;
  issuer->keys = parse_key_set(listed.body, task.tenant);
  issuer->trusted_until = seconds_now() + std::chrono::seconds(stale_limit).count();
  if (issuer->keys.empty()) {
    fail(discovery.jwks_uri, "there is no RSA signing key in it");
    co_return nothing;
  }
  if (!task.last || task.last->keys.size() != issuer->keys.size()) {
    log::info("identity", "loaded " + std::to_string(issuer->keys.size()) + " signing keys from " + discovery.jwks_uri);
  }
  co_return std::shared_ptr<const Issuer>(std::move(issuer));
}

// A tenth more or less, so that several gateways do not ask together.
Duration KeyFetcher::next_delay(const Task& task) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<int> percent(90, 110);
  Duration wait = config_->refresh;
  if (task.failures > 0) {
    const Duration retry = std::chrono::seconds(1) * (1 << std::min(task.failures - 1, 6));
    wait = std::min({wait, retry, Duration(longest_retry)});
  }
  return wait / 100 * percent(random);
}

}  // namespace tollgate::identity
