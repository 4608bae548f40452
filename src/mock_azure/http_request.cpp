#include "mock_azure/http_request.hpp"

#include <array>
#include <charconv>

#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

constexpr std::size_t head_limit = 64 * 1024;
constexpr std::size_t chunk_line_limit = 4 * 1024;

constexpr std::array<bool, 256> token_table = [] {
  std::array<bool, 256> table{};
  for (char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool is_token(std::string_view text) {
  for (char c : text) {
    if (!token_table[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool has_control(std::string_view text) {
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return true;
  }
  return false;
}

bool lists_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (iequals(trim(list.substr(0, comma)), token)) return true;
    if (comma == list.npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  for (const Header& h : headers) {
    if (iequals(h.name, name)) return h.value;
  }
  return {};
}

RequestReader::Progress RequestReader::fail(int status) {
  stage_ = Stage::bad;
  error_status_ = status;
  return Progress::bad;
}

RequestReader::Progress RequestReader::next() {
  if (stage_ == Stage::bad) return Progress::bad;
  if (stage_ == Stage::complete) return Progress::complete;
  if (stage_ == Stage::head) {
    std::size_t skip = 0;  // RFC 9112 2.2: ignore empty lines before a request line
    while (buffer_.compare(skip, 2, "\r\n") == 0) skip += 2;
    if (skip > 0) buffer_.erase(0, skip);
    const std::size_t at = buffer_.find("\r\n\r\n", searched_ > 3 ? searched_ - 3 : 0);
    if (at == buffer_.npos) {
      searched_ = buffer_.size();
      return buffer_.size() > head_limit ? fail(431) : Progress::need_more;
    }
    if (at > head_limit) return fail(431);
    if (!parse_head(at + 4)) return Progress::bad;
  }
  if (stage_ == Stage::chunked_body) return read_chunks();
  if (buffer_.size() < body_at_ + body_size_) return Progress::need_more;
  request_.body = std::string_view(buffer_).substr(body_at_, body_size_);
  end_ = body_at_ + body_size_;
  stage_ = Stage::complete;
  return Progress::complete;
}

bool RequestReader::parse_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == line.npos || first == last) return false;
  request_.method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  request_.minor_version = version.back() - '0';
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const std::size_t slash = target.find('/', target.find("//") + 2);
    target = slash == target.npos ? std::string_view("/") : target.substr(slash);
  }
  if (!is_token(request_.method) || !target.starts_with('/')) return false;
  if (has_control(target) || target.find(' ') != target.npos) return false;
  const std::size_t mark = target.find('?');
  request_.path = target.substr(0, mark);
  request_.query = mark == target.npos ? std::string_view() : target.substr(mark + 1);
  return true;
}

bool RequestReader::parse_head(std::size_t head_size) {
  head_.assign(buffer_, 0, head_size);
  request_.headers.clear();
  request_.body = {};
  wants_continue_ = false;
  decoded_.clear();
  body_at_ = chunk_at_ = head_size;
  body_size_ = 0;

  std::string_view rest = head_;
  std::size_t eol = rest.find("\r\n");
  if (!parse_request_line(rest.substr(0, eol))) return fail(400), false;
  rest.remove_prefix(eol + 2);

  bool has_length = false, has_host = false, chunked = false;
  request_.keep_alive = request_.minor_version == 1;
  for (; (eol = rest.find("\r\n")) != 0; rest.remove_prefix(eol + 2)) {
    const std::string_view line = rest.substr(0, eol);
    const std::size_t colon = line.find(':');
    // No folded lines and no space before the colon: both are smuggling vectors (RFC 9112 5).
    if (colon == line.npos || !is_token(line.substr(0, colon))) return fail(400), false;
    const Header header{line.substr(0, colon), trim(line.substr(colon + 1))};
    if (has_control(header.value)) return fail(400), false;
    request_.headers.push_back(header);

    if (iequals(header.name, "content-length")) {
      const auto length = to_integer(header.value);
      if (!length || *length < 0 || header.value[0] == '-') return fail(400), false;
      if (has_length && static_cast<std::size_t>(*length) != body_size_) return fail(400), false;
      has_length = true;
      body_size_ = static_cast<std::size_t>(*length);
    } else if (iequals(header.name, "transfer-encoding")) {
      if (chunked || !iequals(header.value, "chunked")) return fail(501), false;
      chunked = true;
    } else if (iequals(header.name, "host")) {
      if (has_host) return fail(400), false;
      has_host = true;
    } else if (iequals(header.name, "connection")) {
      if (lists_token(header.value, "close")) request_.keep_alive = false;
      if (lists_token(header.value, "keep-alive")) request_.keep_alive = true;
    } else if (iequals(header.name, "expect")) {
      if (!iequals(header.value, "100-continue")) return fail(417), false;
      wants_continue_ = true;
    }
  }
  if (request_.minor_version == 1 && !has_host) return fail(400), false;
  if (chunked && has_length) return fail(400), false;
  if (body_size_ > body_limit_) return fail(413), false;
  stage_ = chunked ? Stage::chunked_body : Stage::sized_body;
  return true;
}

RequestReader::Progress RequestReader::read_chunks() {
  for (;;) {
    const std::size_t eol = buffer_.find("\r\n", chunk_at_);
    if (eol == buffer_.npos) {
      return buffer_.size() - chunk_at_ > chunk_line_limit ? fail(400) : Progress::need_more;
    }
    std::size_t size = 0;
    const char* line_end = buffer_.data() + eol;
    const auto [rest, error] = std::from_chars(buffer_.data() + chunk_at_, line_end, size, 16);
    const bool ends_well = rest == line_end || *rest == ';' || *rest == ' ';
    if (error != std::errc{} || !ends_well) return fail(400);
    if (size > body_limit_ || decoded_.size() + size > body_limit_) return fail(413);
    if (size == 0) {
      // Trailers: read to the empty line and drop them.
      std::size_t at = eol + 2;
      for (;;) {
        const std::size_t end = buffer_.find("\r\n", at);
        if (end == buffer_.npos) {
          return buffer_.size() - at > head_limit ? fail(431) : Progress::need_more;
        }
        if (end == at) break;
        at = end + 2;
      }
      end_ = at + 2;
      request_.body = decoded_;
      stage_ = Stage::complete;
      return Progress::complete;
    }
    if (buffer_.size() < eol + 2 + size + 2) return Progress::need_more;
    if (buffer_.compare(eol + 2 + size, 2, "\r\n") != 0) return fail(400);
    decoded_.append(buffer_, eol + 2, size);
    chunk_at_ = eol + 2 + size + 2;
  }
}

void RequestReader::consume() {
  if (end_ == buffer_.size()) {
    buffer_.clear();
    if (buffer_.capacity() > 1024 * 1024) buffer_.shrink_to_fit();
  } else {
    buffer_.erase(0, end_);
  }
  searched_ = 0;
  stage_ = Stage::head;
}

}  // namespace tollgate::mock
