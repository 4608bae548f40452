#include "http/chunk_writer.hpp"

#include <chrono>

namespace tollgate::http {
namespace {

// Both digits of a number below 100.
void put_two(char* into, unsigned value) {
  into[0] = static_cast<char>('0' + value / 10);
  into[1] = static_cast<char>('0' + value % 10);
}

// "Sun, 06 Nov 1994 08:49:37 GMT"; strftime would ask the locale for the names.
void format_date(char* into, std::chrono::sys_seconds at) {
  constexpr std::string_view days = "SunMonTueWedThuFriSat";
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  days.copy(into, 3, std::chrono::weekday(day).c_encoding() * 3);
  put_two(into + 5, static_cast<unsigned>(date.day()));
  months.copy(into + 8, 3, (static_cast<unsigned>(date.month()) - 1) * 3);
  put_two(into + 12, year / 100);
  put_two(into + 14, year % 100);
  put_two(into + 17, static_cast<unsigned>(time.hours().count()));
  put_two(into + 20, static_cast<unsigned>(time.minutes().count()));
  put_two(into + 23, static_cast<unsigned>(time.seconds().count()));
}

}  // namespace

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 424:
      return "Failed Dependency";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

void append_field(base::TextBuilder& out, std::string_view name, std::string_view value) {
  out.append(name);
  out.put(": ");
  out.append(value);
  out.put("\r\n");
}

void append_status_line(base::TextBuilder& out, int status) {
  append_status_line(out, status, reason_phrase(status));
}

void append_status_line(base::TextBuilder& out, int status, std::string_view reason) {
  out.put("HTTP/1.1 ");
  out.number(status);
  out += ' ';  // it stays without a phrase, too
  out.append(reason);
  out.put("\r\n");
}

std::string_view http_date(WallTime now) {
  struct Cache {
    std::chrono::sys_seconds second{std::chrono::seconds::min()};
    char text[30] = "Sun, 06 Nov 1994 08:49:37 GMT";  // the layout; the digits are put in
  };
  thread_local Cache cache;
  if (const auto second = std::chrono::floor<std::chrono::seconds>(now); second != cache.second) {
    format_date(cache.text, second);
    cache.second = second;
  }
  return {cache.text, sizeof cache.text - 1};
}

void append_date(base::TextBuilder& out, WallTime now) { append_field(out, "Date", http_date(now)); }

}  // namespace tollgate::http
