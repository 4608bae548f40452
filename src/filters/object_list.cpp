#include "filters/object_list.hpp"

#include "filters/held_answer.hpp"
#include "filters/reply.hpp"
#include "http/text.hpp"
#include "openai/list_page.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tollgate::filters {

namespace {

constexpr std::size_t longest_page = 16 * 1024 * 1024;
constexpr int most_pages = 50;
constexpr std::size_t no_limit = ~std::size_t{0};

// Keeps a page back; errors pass.
class PageHold final : public SinkDecorator {
 public:
  using SinkDecorator::SinkDecorator;

  awaitable<Flow> head(const ResponseHead& head) override {
    if (head.status >= 300) return out_.head(head);
    page_.emplace(head, longest_page);
    is_readable_ = http::is_media_type(head.content_type, "application/json");
    return is_readable_ ? Flow::go_on : Flow::stop;
  }
  awaitable<Flow> chunk(const Chunk& chunk) override {
    if (!page_) return out_.chunk(chunk);
    is_readable_ = page_->add(chunk.bytes);
    return is_readable_ ? Flow::go_on : Flow::stop;
  }
  awaitable<Flow> flush() override {
    if (!page_) return out_.flush();
    return Flow::go_on;
  }

  bool has_page() const noexcept { return page_.has_value(); }
  std::optional<openai::ListPage> read() const { return is_readable_ ? openai::read_list(page_->body()) : std::nullopt; }
  HeldAnswer take() { return std::move(*page_); }

 private:
  std::optional<HeldAnswer> page_;
  bool is_readable_ = false;
};

std::vector<Named> named_in(const openai::ListPage& page) {
  std::vector<Named> named;
  for (const openai::ListItem& item : page.items) named.push_back({item.id, {}, affinity::key_of(item.id)});
  return named;
}

Error unreadable() {
  Error error;
  error.kind = ErrorKind::upstream_failed;
  error.source = ErrorSource::upstream;
  error.message = "The list of the model deployment cannot be read.";
  error.detail = "a list is not JSON of the known form, broke off or is too long";
  return error;
}

}  // namespace

awaitable<Outcome> tell_own_list(Exchange& ex, ResponseSink& out, Next next, ObjectMemory& memory, const Resources& resources) {
  const std::string_view asked = ex.route.query;
  const openai::ListQuery wanted = openai::read_list_query(asked);
  std::size_t limit = wanted.limit.value_or(no_limit);
  std::optional<HeldAnswer> answer;  // the first page, whose head is told
  std::vector<openai::ListItem> own;
  Outcome outcome;
  bool has_more = false;
  std::string query;
  for (int pages = 1;; ++pages) {
    PageHold hold(out);
    outcome = co_await next(ex, hold);
    ex.route.query = asked;
    if (!hold.has_page()) co_return outcome;
    std::optional<openai::ListPage> page;
    if (outcome.end == End::complete) page = hold.read();
    if (!page) co_return co_await reply_error(ex, out, unreadable());
    has_more = page->has_more;
    if (pages == 1 && !wanted.limit && has_more) limit = page->items.size();
    const std::vector<Named> named = named_in(*page);
    const std::vector<const affinity::Owner*> owners = co_await memory.find(named, ObjectMemory::Use::look);
    const std::string last = page->items.empty() ? std::string() : page->items.back().id;
    for (std::size_t i = 0; i < owners.size(); ++i) {
      if (owners[i] && resources.may_use(ex, *owners[i])) own.push_back(std::move(page->items[i]));
    }
    if (!answer) answer = hold.take();
    if (!has_more || own.size() >= limit || wanted.goes_back || pages == most_pages) break;
    query = openai::query_after(asked, last);
    if (query.empty()) break;
    ex.route.query = query;
  }
  if (own.size() > limit) {
    own.resize(limit);
    has_more = true;
  }
  answer->replace_body(openai::write_list(answer->body(), own, has_more));
  if (co_await answer->tell(out) == Flow::stop || co_await out.flush() == Flow::stop) outcome.end = End::client_gone;
  co_return outcome;
}

}  // namespace tollgate::filters
