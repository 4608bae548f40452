#include "sharing/shared_notes.hpp"

#include "sharing/store.hpp"

#include <memory>
#include <utility>

namespace tollgate::sharing {

namespace {

constexpr std::size_t most_untold = 10'000;

using Texts = SharedNotes::Texts;

struct Found {
  explicit Found(std::size_t keys) : texts(keys) {}
  Texts texts;
  bool is_answered = false;
};

class Look final : public RedisLink::Request {
 public:
  Look(std::shared_ptr<Found> found, Numbers& numbers) : found_(std::move(found)), numbers_(numbers) {}
  ~Look() override {
    if (ticket.waiter) ticket.waiter->end();
  }
  void answered(const Reply& reply) override {
    if (reply.is_error()) numbers_.errors.add();
    found_->is_answered = reply.list.size() == found_->texts.size();
    if (!found_->is_answered) return;
    for (std::size_t i = 0; i < reply.list.size(); ++i) {
      if (reply.list[i].kind == Reply::Kind::text) found_->texts[i] = reply.list[i].text;
    }
  }
  void lost() override {}

  Ticket ticket;

 private:
  std::shared_ptr<Found> found_;
  Numbers& numbers_;
};

// What is told needs no answer.
class Told final : public RedisLink::Request {
 public:
  explicit Told(Numbers& numbers) : numbers_(numbers) {}
  void answered(const Reply& reply) override {
    if (reply.is_error()) numbers_.errors.add();
  }
  void lost() override {}

 private:
  Numbers& numbers_;
};

}  // namespace

awaitable<std::optional<Texts>> SharedNotes::find(std::vector<std::string> keys) {
  const auto now = Clock::now();
  if (keys.empty()) co_return Texts();
  if (!store_.is_up() || !store_.may_answer(now)) co_return std::nullopt;
  auto found = std::make_shared<Found>(keys.size());
  Words words{"MGET"};
  for (const std::string& key : keys) words.push_back(prefix_ + key);
  Waiter waiter(loop_, wakes_, now + patience(timeout_));
  {
    auto look = std::make_unique<Look>(found, numbers_);
    waiter.wait_for(look->ticket);
    store_.ask(words, std::move(look));
  }
  co_await waiter;
  if (!found->is_answered) co_return std::nullopt;
  co_return std::move(found->texts);
}

void SharedNotes::put(std::string_view key, std::string text, std::chrono::seconds keep, bool replaces) {
  Words words{"SET", prefix_ + std::string(key), std::move(text), "EX", std::to_string(keep.count())};
  if (!replaces) words.emplace_back("NX");
  tell(std::move(words));
}

void SharedNotes::erase(std::string_view key) {
  Words words{"DEL", prefix_ + std::string(key)};
  tell(std::move(words));
}

void SharedNotes::tell(Words words) {
  if (store_.is_up()) return store_.ask(words, std::make_unique<Told>(numbers_));
  if (untold_.size() < most_untold) untold_.push_back(std::move(words));
}

void SharedNotes::on_up() {
  for (Words& words : std::exchange(untold_, {})) store_.ask(words, std::make_unique<Told>(numbers_));
}

}  // namespace tollgate::sharing
