#include "fetch/fetch.hpp"

#include "base/wipe.hpp"
#include "http/body_decoder.hpp"
#include "http/head.hpp"
#include "net/connect.hpp"
#include "net/loop.hpp"
#include "tollgate/byte_stream.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace tollgate::fetch {

namespace {

constexpr std::size_t max_document = 1024 * 1024;
constexpr std::size_t max_error_body = 64 * 1024;
constexpr std::size_t max_head = 64 * 1024;

}  // namespace

std::optional<Target> parse_url(std::string_view url) {
  Target target;
  target.endpoint.is_tls = url.starts_with("https://");
  if (!target.endpoint.is_tls && !url.starts_with("http://")) return std::nullopt;
  url.remove_prefix(target.endpoint.is_tls ? 8 : 7);
  const auto path_at = url.find('/');
  if (path_at == std::string_view::npos) return std::nullopt;
  target.path = url.substr(path_at);
  std::string_view authority = url.substr(0, path_at);
  target.endpoint.authority = authority;
  target.endpoint.port = target.endpoint.is_tls ? 443 : 80;
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    const auto digits = authority.substr(colon + 1);
    const auto [end, failed] =
        std::from_chars(digits.data(), digits.data() + digits.size(), target.endpoint.port);
    if (failed != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
  target.endpoint.host = authority;
  // What would end the request line or a header early must not get into it.
  for (const char c : target.path + target.endpoint.authority) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return std::nullopt;
  }
  if (target.endpoint.host.empty()) return std::nullopt;
  return target;
}

namespace {

// Seconds; the form with a date is not used by the services asked here.
std::chrono::milliseconds advice_of(const http::ResponseHead& head) {
  constexpr long long longest = 86'400;
  long long seconds = -1;
  const auto text = head.retry_after;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failed != std::errc() || end == text.data() || seconds < 0) return std::chrono::milliseconds(-1);
  return std::chrono::seconds(std::min(seconds, longest));
}

// Takes bytes of an answer as they come.
class Reading {
 public:
  // True when nothing more is needed: the document is whole, or `problem` says why it never will be.
  bool take(std::string_view bytes, Answer& document) {
    if (!has_head_) {
      const auto before = head_bytes_.size();
      head_bytes_.append(bytes);
      const auto end = http::find_head_end(head_bytes_, before > 3 ? before - 3 : 0);
      if (end == std::string::npos) {
        if (head_bytes_.size() > max_head) document.problem = "the answer's head is too large";
        return head_bytes_.size() > max_head;
      }
      bytes.remove_prefix(end - before);
      head_bytes_.resize(end);
      std::string why;
      http::ResponseHead head;
      if (http::parse_response(head_bytes_, false, http::Limits{}, head, why) != http::HeadError::none) {
        document.problem = "the answer is malformed: " + why;
        return true;
      }
      document.status = head.status;
      document.retry_after = advice_of(head);
      is_error_ = head.status < 200 || head.status > 299;
      if (is_error_) document.problem = "status " + std::to_string(head.status);
      if (!head.content_encoding.empty()) {
        if (!is_error_) document.problem = "the answer is compressed although that was not asked for";
        return true;
      }
      decoder_ = http::BodyDecoder(head.framing);
      has_head_ = true;
    }
    while (!decoder_.is_done()) {
      const auto step = decoder_.next(bytes);
      bytes.remove_prefix(step.consumed);
      if (step.status == http::BodyDecoder::Status::need_more) return false;
      if (step.status == http::BodyDecoder::Status::error) {
        if (!is_error_) document.problem = "the answer's body is malformed";
        return true;
      }
      if (is_error_) {
        document.error_body.append(step.data.substr(0, max_error_body - document.error_body.size()));
        if (document.error_body.size() == max_error_body) return true;
        continue;
      }
      document.body.append(step.data);
      if (document.body.size() > max_document) {
        document.problem = "the answer is larger than 1 MiB";
        return true;
      }
    }
    return true;
  }
  bool has_begun() const noexcept { return !head_bytes_.empty(); }
  std::string take_head() { return has_head_ ? std::move(head_bytes_) : std::string(); }
  bool is_whole_at_eof() { return has_head_ && decoder_.finish_at_eof(); }

 private:
  std::string head_bytes_;
  bool has_head_ = false;
  bool is_error_ = false;
  http::BodyDecoder decoder_;
};

}  // namespace

awaitable<Answer> send(net::Loop& loop, net::Egress egress, Request what, std::shared_ptr<net::TlsClientContext> tls,
                       TimePoint deadline) {
  Answer document;
  const base::WipeAtEnd wiped_headers(what.headers), wiped_form(what.form);
  const auto target = parse_url(what.url);
  if (!target) {
    document.problem = "not a URL that can be fetched";
    co_return document;
  }
  std::shared_ptr<net::TlsClientContext> encryption;
  if (target->endpoint.is_tls) encryption = std::move(tls);
  if (target->endpoint.is_tls && !encryption) {
    document.problem = "not a URL that can be fetched";
    co_return document;
  }
  const net::Connected connected =
      co_await net::connect(loop, target->endpoint, egress, std::move(encryption), deadline);
  if (!connected.stream) {
    document.problem = connected.error;
    co_return document;
  }
  co_return co_await exchange(loop, *connected.stream, *target, std::move(what), deadline);
}

awaitable<Answer> exchange(net::Loop& loop, ByteStream& stream, const Target& target, Request what, TimePoint deadline) {
  Answer document;
  const base::WipeAtEnd wiped_headers(what.headers), wiped_form(what.form);
  std::string request = what.method + " " + target.path + " HTTP/1.1\r\nHost: " + target.endpoint.authority +
                        "\r\nAccept: application/json\r\nUser-Agent: tollgate\r\nConnection: close\r\n" + what.headers;
  const base::WipeAtEnd wiped_request(request);
  const std::string& body = what.form.empty() ? what.json : what.form;
  if (!body.empty()) {
    request += std::string("Content-Type: ") +
               (what.form.empty() ? "application/json" : "application/x-www-form-urlencoded") +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  request.reserve(request.size() + body.size() + 2);
  request.append("\r\n").append(body);
  std::string_view unsent = request;
  while (!unsent.empty()) {
    const std::array<std::string_view, 1> parts{unsent};
    const IoResult sent = stream.try_write(parts);
    if (sent.status == IoStatus::ok) {
      unsent.remove_prefix(sent.bytes);
      continue;
    }
    document.problem = "the request could not be sent";
    if (sent.status == IoStatus::failed) {
      // Why the other side has closed, an alert of TLS say, may still lie there.
      char byte = 0;
      stream.try_read(&byte, 1);
      if (const std::string alert = stream.alert(); !alert.empty()) document.problem += ": " + alert;
      co_return document;
    }
    Wait wait = stream.writable(deadline);
    if (co_await wait == Wake::timeout) co_return document;
    document.problem.clear();
  }
  const TimePoint sent_at = Clock::now();
  Reading reading;
  for (;;) {
    net::Buffer buffer(loop);
    const IoResult got = stream.try_read(buffer.data(), net::Buffer::capacity);
    if (got.status == IoStatus::ok) {
      if (!reading.has_begun()) document.first_byte = std::chrono::round<std::chrono::milliseconds>(Clock::now() - sent_at);
      if (reading.take({buffer.data(), got.bytes}, document)) break;
      continue;
    }
    if (got.status != IoStatus::would_block) {
      const bool is_whole = got.status == IoStatus::eof && reading.is_whole_at_eof();
      const std::string alert = stream.alert();
      if (!is_whole && document.problem.empty()) document.problem = "the answer broke off" + (alert.empty() ? "" : ": " + alert);
      break;
    }
    Wait wait = stream.readable(deadline);
    if (co_await wait == Wake::timeout) {
      if (document.problem.empty()) document.problem = "no answer in time";
      break;
    }
  }
  if (!document.problem.empty()) document.body.clear();
  document.head = reading.take_head();
  co_return document;
}

}  // namespace tollgate::fetch
