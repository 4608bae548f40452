// Redis: signing in, a sign of life, its clock, and whether scripts may be run.
#include "cli/doctor/probe_services.hpp"

#include "base/wipe.hpp"
#include "net/loop.hpp"
#include "sharing/redis_address.hpp"
#include "sharing/resp.hpp"
#include "tollgate/byte_stream.hpp"

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>
#include <vector>

namespace tollgate::cli::doctor {
namespace {

using sharing::Reply;
using sharing::ReplyReader;

struct Asked {
  std::string commands;
  std::size_t count = 0;

  void add(const std::vector<std::string>& words) {
    sharing::append_command(commands, words);
    ++count;
  }
};

// Replies in the order of the commands; fewer, and the problem, when they did not all come.
struct Replies {
  std::vector<Reply> all;
  std::string problem;
};

// False: that is all that will come.
bool take(ReplyReader& reader, std::string_view bytes, std::size_t wanted, Replies& replies) {
  reader.feed(bytes);
  while (replies.all.size() < wanted) {
    Reply reply;
    const auto status = reader.next(reply);
    if (status == ReplyReader::Status::need_more) return true;
    if (status == ReplyReader::Status::broken) replies.problem = "what answers does not speak Redis's protocol";
    if (status == ReplyReader::Status::broken) return false;
    replies.all.push_back(std::move(reply));
  }
  return false;
}

// A few hundred bytes: a new connection takes them at once.
awaitable<Replies> converse(net::Loop& loop, ByteStream& stream, const Asked& asked, TimePoint deadline) {
  Replies replies;
  const std::array<std::string_view, 1> parts{asked.commands};
  if (stream.try_write(parts).bytes != asked.commands.size()) {
    replies.problem = "the connection takes no commands";
    co_return replies;
  }
  ReplyReader reader;
  for (;;) {
    Wait wait = stream.readable(deadline);
    if (co_await wait == Wake::timeout) {
      replies.problem = "no answer in time";
      co_return replies;
    }
    for (;;) {
      net::Buffer buffer(loop);
      const IoResult got = stream.try_read(buffer.data(), net::Buffer::capacity);
      if (got.status == IoStatus::would_block) break;
      if (got.status != IoStatus::ok) {
        replies.problem = "the connection was closed";
        co_return replies;
      }
      if (!take(reader, {buffer.data(), got.bytes}, asked.count, replies)) co_return replies;
    }
  }
}

std::optional<WallTime> time_of(const Reply& reply) {
  std::int64_t seconds = 0, micros = 0;
  if (reply.list.size() != 2) return std::nullopt;
  const auto read = [](const std::string& text, std::int64_t& into) {
    return std::from_chars(text.data(), text.data() + text.size(), into).ec == std::errc();
  };
  if (!read(reply.list[0].text, seconds) || !read(reply.list[1].text, micros)) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds) + std::chrono::microseconds(micros));
}

Asked greeting(const SharingConfig& sharing, int db) {
  Asked asked;
  if (!sharing.password.is_empty()) {
    std::vector<std::string> auth{"AUTH"};
    if (!sharing.user.empty()) auth.push_back(sharing.user);
    auth.push_back(sharing.password.reveal());
    asked.add(auth);
    base::wipe(auth.back());
  }
  if (db != 0) asked.add({"SELECT", std::to_string(db)});
  asked.add({"PING"});
  asked.add({"EVAL", "return 1", "0"});
  asked.add({"TIME"});
  return asked;
}

}  // namespace

awaitable<void> probe_redis(Surroundings& around, const SharingConfig& sharing, RedisSeen& seen) {
  sharing::RedisAddress address;
  try {
    address = sharing::parse_redis_address(sharing.redis);
  } catch (const std::runtime_error& error) {
    seen.way.unusable = error.what();
  }
  if (!seen.way.unusable.empty()) co_return;
  const Destination to{address.endpoint, net::Egress(around.perimeter, {"redis", ""}, sharing.network), sharing.network,
                       sharing.ca_file, std::nullopt, Milliseconds(5'000)};
  Way way = co_await open_way(around, to, seen.way);
  if (!way.stream) co_return;
  seen.user = sharing.user;
  seen.patience = sharing.timeout;
  Asked asked = greeting(sharing, address.db);
  const base::WipeAtEnd wiped(asked.commands);
  const TimePoint began = Clock::now();
  const Replies replies = co_await converse(around.loop, *way.stream, asked, around.deadline);
  seen.round_trip = std::chrono::round<Milliseconds>(Clock::now() - began);
  seen.at = std::chrono::system_clock::now() - seen.round_trip / 2;
  seen.problem = replies.problem;
  for (const Reply& reply : replies.all)
    if (reply.is_error() && seen.error.empty()) seen.error = reply.text;
  if (!replies.all.empty()) seen.date = time_of(replies.all.back());
}

}  // namespace tollgate::cli::doctor
