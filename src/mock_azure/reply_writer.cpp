#include "mock_azure/reply_writer.hpp"

#include <charconv>
#include <ctime>

namespace tollgate::mock {
namespace {

// "Sun, 06 Nov 1994 08:49:37 GMT", formatted once a second and thread.
std::string_view date() {
  thread_local std::time_t second = 0;
  thread_local char text[40] = "";
  if (const std::time_t now = std::time(nullptr); now != second) {
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    second = now;
  }
  return text;
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 417: return "Expectation Failed";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return status < 500 ? "Error" : "Server Error";
  }
}

void append_head(std::string& out, const Reply& reply, Framing framing, bool keep_alive) {
  if (reply.conversation != nullptr) {
    out += "HTTP/1.1 101 Switching Protocols\r\n" + reply.headers + "\r\n";
    return;
  }
  if (reply.status == 200) {
    out += "HTTP/1.1 200 OK\r\ncontent-type: ";
  } else {
    out += "HTTP/1.1 " + std::to_string(reply.status) + ' ';
    out += reason_phrase(reply.status);
    out += "\r\ncontent-type: ";
  }
  out += reply.content_type;
  out += "\r\n";
  if (framing == Framing::length) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, reply.body.size()).ptr;
    out += "content-length: ";
    out.append(digits, end);
    out += "\r\n";
  } else if (framing == Framing::chunked) {
    out += "transfer-encoding: chunked\r\n";
  }
  out += "date: ";
  out += date();
  out += "\r\n";
  if (!keep_alive) out += "connection: close\r\n";
  out += reply.headers;
  out += "\r\n";
}

void append_chunk(std::string& out, std::string_view bytes, Framing framing) {
  if (framing != Framing::chunked) {
    out += bytes;
    return;
  }
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, bytes.size(), 16).ptr;
  out.append(digits, end);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

void append_last_chunk(std::string& out, Framing framing) {
  if (framing == Framing::chunked) out += "0\r\n\r\n";
}

void append_event(std::string& out, const EventSource::Event& event, const Fault& fault) {
  const std::string_view eol = fault.kind == FaultKind::crlf ? "\r\n" : "\n";
  const std::string_view space = fault.kind == FaultKind::nospace ? "" : " ";
  if (fault.kind == FaultKind::comments) out += ": keep-alive\n\n";
  if (!event.name.empty()) {
    out += "event:";
    out += space;
    out += event.name;
    out += eol;
  }
  out += "data:";
  out += space;
  out += event.data;
  out += eol;
  out += eol;
}

void pad_json(std::string& json, std::int64_t kib) {
  if (json.size() < 2 || json.front() != '{' || json.back() != '}') return;
  json.pop_back();
  if (json.back() != '{') json += ',';
  json += "\"padding\":\"";
  json.append(static_cast<std::size_t>(kib) * 1024, 'x');
  json += "\"}";
}

}  // namespace tollgate::mock
