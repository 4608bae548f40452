#include "credentials/token_fetcher.hpp"

#include "config/values.hpp"
#include "credentials/identity.hpp"
#include "credentials/token_ask.hpp"
#include "net/tls_context.hpp"
#include "tollgate/log.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace tollgate::credentials {

namespace {

constexpr std::chrono::seconds attempt_time{10};

double chance() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

std::string in_words(Duration duration) {
  return config::to_text(std::chrono::round<std::chrono::seconds>(duration));
}

}  // namespace

TokenFetcher::~TokenFetcher() {
  for (auto& task : tasks_) {
    task->cell->on_ask({});
    loop_.disarm(*task);
  }
}

TokenFetcher::Task* TokenFetcher::find(const TokenCell& cell) const {
  const auto found = std::find_if(tasks_.begin(), tasks_.end(), [&](const auto& t) { return t && t->cell.get() == &cell; });
  return found == tasks_.end() ? nullptr : found->get();
}

TokenFetcher::Plan TokenFetcher::prepare(std::shared_ptr<const Config> config) const {
  Plan plan;
  for (const auto& credential : config->credentials) {
    const std::string identity = identity_of(*credential);
    std::shared_ptr<TokenCell> cell;
    // The same at two deployments is one. What may be fetched under one rule is nothing for the other to use.
    for (std::size_t i = 0; i < plan.cells.size() && !cell; ++i) {
      const auto& other = *config->credentials[i];
      if (identity_of(other) == identity && is_fetched_alike(other, *credential)) cell = plan.cells[i];
    }
    for (const auto& task : tasks_) {
      const bool is_taken = std::find(plan.cells.begin(), plan.cells.end(), task->cell) != plan.cells.end();
      if (!cell && !is_taken && task->identity == identity && task->cell->name() == credential->name) cell = task->cell;
    }
    plan.cells.push_back(cell ? cell : std::make_shared<TokenCell>(credential->name));
    plan.tls.push_back(tls_for(*credential, find(*plan.cells.back())));
  }
  plan.config = std::move(config);
  return plan;
}

// The system's authorities are read once; those of a file may have been replaced.
std::shared_ptr<net::TlsClientContext> TokenFetcher::tls_for(const TokenCredential& credential, const Task* known) {
  if (!endpoint_of(credential).starts_with("https://")) return nullptr;
  const bool is_of_the_system = known && known->tls && known->credential->ca_file.empty() && credential.ca_file.empty();
  return is_of_the_system ? known->tls : std::make_shared<net::TlsClientContext>(credential.ca_file);
}

std::unique_ptr<TokenFetcher::Task> TokenFetcher::make_task(const TokenCredential& credential,
                                                            const std::shared_ptr<TokenCell>& cell) {
  auto task = std::make_unique<Task>();
  task->fetcher = this;
  task->identity = identity_of(credential);
  task->cell = cell;
  task->fire = [](Timer& timer) {
    auto& due = static_cast<Task&>(timer);
    due.fetcher->start(due);
  };
  cell->on_ask([this, asked = cell.get()] {
    loop_.post([this, asked] {
      if (Task* due = find(*asked)) start(*due);
    });
  });
  return task;
}

void TokenFetcher::use(Plan plan) {
  std::vector<std::unique_ptr<Task>> tasks;
  std::vector<Task*> due;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const auto& cell = plan.cells[i];
    if (std::find(plan.cells.begin(), plan.cells.begin() + static_cast<std::ptrdiff_t>(i), cell) !=
        plan.cells.begin() + static_cast<std::ptrdiff_t>(i)) {
      continue;
    }
    const TokenCredential& credential = *plan.config->credentials[i];
    const auto known = std::find_if(tasks_.begin(), tasks_.end(), [&](const auto& t) { return t && t->cell == cell; });
    const bool is_new = known == tasks_.end();
    auto task = is_new ? make_task(credential, cell) : std::move(*known);
    const bool is_changed = !is_new && !is_fetched_alike(*task->credential, credential);
    task->credential = &credential;
    task->config = plan.config;
    task->tls = plan.tls[i];
    if (is_changed) {
      task->work.cancel();
      task->is_fetching = false;
    }
    if (is_new || is_changed || task->retries.is_failing()) {
      task->retries = {};
      due.push_back(task.get());
    }
    tasks.push_back(std::move(task));
  }
  for (auto& gone : tasks_) {
    if (!gone) continue;
    loop_.disarm(*gone);
    gone->cell->close();
  }
  tasks_ = std::move(tasks);
  cells_ = std::move(plan.cells);
  for (Task* task : due) start(*task);
}

void TokenFetcher::start(Task& task) {
  if (task.is_fetching) return;
  task.is_fetching = true;
  loop_.disarm(task);
  task.result = {};
  task.work = base::run(fetch(task), task.result);
  task.work.start(&task.nobody);
}

awaitable<void> TokenFetcher::fetch(Task& task) {
  const auto config = task.config;  // a reload may replace the task's
  Renewal renewal = task.cell->begin_attempt();
  auto tls = task.tls;
  TokenAttempt attempt = co_await ask_for_token(loop_, perimeter_, *task.credential, std::move(tls), std::move(renewal),
                                                chance(), Clock::now() + attempt_time);
  finish(task, std::move(attempt));
}

void TokenFetcher::finish(Task& task, TokenAttempt attempt) {
  task.is_fetching = false;
  if (attempt.token) {
    const auto before = task.cell->look();
    const Duration life = attempt.token->expires - attempt.token->obtained;
    if (!before.token || before.failures > 0) log::info("credentials", task.cell->name() + ": has a token for " + in_words(life));
    task.retries = {};
    task.at = attempt.token->refresh;
    task.cell->publish(std::move(attempt.token));
  } else {
    const auto held = task.cell->look().token;
    const Duration remaining = held ? std::max(Duration::zero(), held->expires - Clock::now()) : Duration::zero();
    const Duration wait = task.retries.fail(task.credential->kind, attempt.failure, remaining, chance());
    task.at = Clock::now() + wait;
    note_failure(task, attempt, wait);
    task.cell->fail(std::move(attempt.problem), task.at);
  }
  if (task.cell->wants_another()) task.at = Clock::now();
  loop_.arm(task);
}

void TokenFetcher::note_failure(Task& task, const TokenAttempt& attempt, Duration wait) {
  const auto held = task.cell->look().token;
  const bool is_refused = is_refusal(task.credential->kind, attempt.failure.status);
  auto& counter = is_refused ? task.cell->numbers().refused : task.cell->numbers().failed;
  counter.fetch_add(1, std::memory_order_relaxed);
  const std::string kept = held && held->is_valid(Clock::now())
                               ? "; the token at hand is good for another " + in_words(held->expires - Clock::now())
                               : "; its deployments cannot be called";
  const std::string text = task.cell->name() + ": no token from the " + text_of(task.credential->kind) +
                           " endpoint: " + attempt.problem + kept + "; next attempt in " + in_words(wait);
  if (is_refused) {
    log::error("credentials", text + "; this will not mend by itself: the configuration or the rights of the identity are wrong");
  } else {
    log::warn("credentials", text);
  }
}

}  // namespace tollgate::credentials
