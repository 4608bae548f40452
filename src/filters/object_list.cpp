#include "filters/object_list.hpp"

#include "filters/held_answer.hpp"
#include "filters/reply.hpp"
#include "http/text.hpp"
#include "openai/list_page.hpp"
#include "openai/object_ids.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tollgate::filters {

namespace {

constexpr std::size_t longest_page = 16 * 1024 * 1024;
constexpr int most_pages = 50;
constexpr std::size_t least_page = 100;  // that we ask for; every list takes it
constexpr std::size_t no_limit = ~std::size_t{0};

// Keeps a page back. The first one's error is the client's; those of the pages that we ask for are not.
class PageHold final : public SinkDecorator {
 public:
  PageHold(ResponseSink& out, bool is_first) : SinkDecorator(out), is_first_(is_first) {}

  awaitable<Flow> head(const ResponseHead& head) override {
    if (head.status >= 300) {
      passes_ = is_first_;
      return passes_ ? out_.head(head) : awaitable<Flow>(Flow::go_on);
    }
    page_.emplace(head, longest_page);
    is_readable_ = http::is_media_type(head.content_type, "application/json");
    return is_readable_ ? Flow::go_on : Flow::stop;
  }
  awaitable<Flow> chunk(const Chunk& chunk) override {
    if (passes_) return out_.chunk(chunk);
    if (!page_) return Flow::go_on;
    is_readable_ = page_->add(chunk.bytes);
    return is_readable_ ? Flow::go_on : Flow::stop;
  }
  awaitable<Flow> flush() override {
    if (passes_) return out_.flush();
    return Flow::go_on;
  }

  bool has_page() const noexcept { return page_.has_value(); }
  std::optional<openai::ListPage> read() const { return is_readable_ ? openai::read_list(page_->body()) : std::nullopt; }
  HeldAnswer take() { return std::move(*page_); }

 private:
  std::optional<HeldAnswer> page_;
  bool is_first_;
  bool passes_ = false;
  bool is_readable_ = false;
};

std::vector<Named> named_in(const openai::ListPage& page) {
  std::vector<Named> named;
  for (const openai::ListItem& item : page.items) named.push_back({item.id, {}, affinity::key_of(item.id)});
  return named;
}

// Batches and jobs name the files that they have made: whose the one is, his are the others.
void learn_of(const openai::ListItem& item, const affinity::Owner& owner, ObjectMemory& memory) {
  openai::ObjectIds ids;
  ids.feed(item.text);
  for (const std::string& id : ids.take()) memory.note(affinity::key_of(id), id, owner, false);
}

Error failure(const char* message, const char* detail) {
  Error error;
  error.kind = ErrorKind::upstream_failed;
  error.source = ErrorSource::upstream;
  error.message = message;
  error.detail = detail;
  return error;
}

}  // namespace

awaitable<Outcome> tell_own_list(Exchange& ex, ResponseSink& out, Next next, ObjectMemory& memory, const Resources& resources) {
  const std::string_view asked = ex.route.query;
  const openai::ListQuery wanted = openai::read_list_query(asked);
  const bool names_files = ex.route.operation == Operation::batches || ex.route.operation == Operation::fine_tuning;
  std::size_t limit = wanted.limit.value_or(no_limit);
  std::optional<HeldAnswer> answer;  // the first page, whose head is told
  std::vector<openai::ListItem> own;
  Outcome outcome;
  bool has_more = false;
  int pages = 0;
  std::string query, last;
  for (;;) {
    PageHold hold(out, !answer);
    const Outcome tried = co_await next(ex, hold);
    ex.route.query = asked;
    if (!answer && !hold.has_page()) co_return tried;
    std::optional<openai::ListPage> page;
    if (tried.end == End::complete) page = hold.read();
    if (!page && own.empty()) {
      Error error = failure("The list of the model deployment cannot be read.", "a list is not JSON of the known form, broke off or is too long");
      co_return co_await reply_error(ex, out, std::move(error));
    }
    if (!page) break;  // what has been gathered is told, and that there is more
    outcome = tried;
    const std::string end = page->items.empty() ? std::string() : page->items.back().id;
    if (pages > 0 && end == last) break;  // it does not go on
    ++pages;
    last = end;
    has_more = page->has_more;
    if (pages == 1 && !wanted.limit && has_more) limit = page->items.size();
    const std::vector<Named> named = named_in(*page);
    const std::vector<const affinity::Owner*> owners = co_await memory.find(named, ObjectMemory::Use::look);
    for (std::size_t i = 0; i < owners.size(); ++i) {
      if (!owners[i] || !resources.may_use(ex, *owners[i])) continue;
      if (names_files) learn_of(page->items[i], *owners[i], memory);
      own.push_back(std::move(page->items[i]));
    }
    if (!answer) answer = hold.take();
    if (!has_more || own.size() >= limit || !wanted.can_go_on || pages == most_pages) break;
    query = openai::query_after(asked, last, std::max(limit, least_page));
    if (query.empty()) break;
    ex.route.query = query;
  }
  if (own.empty() && has_more && wanted.can_go_on) {
    Error error = failure("The list is too long to find what is yours in it.", "no page of a list held anything of the caller's");
    co_return co_await reply_error(ex, out, std::move(error));
  }
  // The first page is as long as the service made it.
  if (pages > 1 && own.size() > limit) {
    own.resize(limit);
    has_more = true;
  }
  answer->replace_body(openai::write_list(answer->body(), own, has_more));
  if (co_await answer->tell(out) == Flow::stop || co_await out.flush() == Flow::stop) outcome.end = End::client_gone;
  co_return outcome;
}

}  // namespace tollgate::filters
