#include "sharing/resp.hpp"

#include <hiredis/hiredis.h>

#include <new>

namespace tollgate::sharing {

namespace {

Reply copy(const redisReply& from) {
  Reply out;
  switch (from.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      out.kind = from.type == REDIS_REPLY_ERROR ? Reply::Kind::error : Reply::Kind::text;
      out.text.assign(from.str, static_cast<std::size_t>(from.len));
      break;
    case REDIS_REPLY_INTEGER:
      out.kind = Reply::Kind::number;
      out.number = from.integer;
      break;
    case REDIS_REPLY_ARRAY:
      out.kind = Reply::Kind::list;
      out.list.reserve(from.elements);
      for (std::size_t i = 0; i < from.elements; ++i) out.list.push_back(copy(*from.element[i]));
      break;
    default: break;
  }
  return out;
}

}  // namespace

void append_command(std::string& out, std::span<const std::string> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  texts.reserve(words.size());
  sizes.reserve(words.size());
  for (const auto& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* bytes = nullptr;
  const int size = redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), texts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  out.append(bytes, static_cast<std::size_t>(size));
  redisFreeCommand(bytes);
}

bool Reply::is_error_of(std::string_view word) const noexcept {
  if (kind != Kind::error) return false;
  // "LOADING Redis is ..." or, by a command in a script, "ERR Error running script ...: -LOADING ...".
  const auto at = text.find(word);
  return at == 0 || (at != text.npos && (text[at - 1] == '-' || text[at - 1] == ' '));
}

bool Reply::is_numbers(std::size_t size) const noexcept {
  if (kind != Kind::list || list.size() < size) return false;
  for (const auto& item : list) {
    if (item.kind != Kind::number) return false;
  }
  return true;
}

void ReplyReader::Free::operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }

ReplyReader::ReplyReader() : reader_(redisReaderCreate()) {
  if (!reader_) throw std::bad_alloc();
}

ReplyReader::~ReplyReader() = default;

void ReplyReader::feed(std::string_view bytes) {
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

ReplyReader::Status ReplyReader::next(Reply& reply) {
  void* made = nullptr;
  if (redisReaderGetReply(reader_.get(), &made) != REDIS_OK) return Status::broken;
  if (!made) return Status::need_more;
  reply = copy(*static_cast<redisReply*>(made));
  freeReplyObject(made);
  return Status::reply;
}

}  // namespace tollgate::sharing
