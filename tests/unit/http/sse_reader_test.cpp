#include "http/sse_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tollgate::http::sse_reader_test {
namespace {

using namespace std::literals;
using Status = SseReader::Status;

// What a reader of the stream would notice, and the bytes.
struct Event {
  std::string data, event;
  bool has_data = false;
  bool operator==(const Event&) const = default;
};

struct Read {
  std::vector<Event> events;  // without the comment-only ones
  std::string relayed;        // all raw bytes
  std::string unfinished;
  Status last = Status::need_more;
};

Read read(const std::vector<std::string_view>& parts, std::size_t max_event_bytes = 1 << 20) {
  SseReader reader(max_event_bytes);
  Read result;
  SseEvent event;
  for (const auto part : parts) {
    const std::string bytes(part);  // an own buffer, so that a view kept too long is found out
    std::string_view in = bytes;
    while ((result.last = reader.next(in, event)) == Status::event) {
      EXPECT_FALSE(event.raw.empty());
      result.relayed.append(event.raw);
      if (event.is_comment_only) {
        EXPECT_FALSE(event.has_data);
        EXPECT_EQ(event.data, "");
        EXPECT_EQ(event.event, "");
      } else {
        result.events.push_back(
            {std::string(event.data), std::string(event.event), event.has_data});
      }
    }
    if (result.last == Status::too_large) return result;
    EXPECT_TRUE(in.empty());
  }
  result.unfinished = reader.unfinished();
  return result;
}

// The same however the input is cut.
Read read_every_way(std::string_view text) {
  const auto whole = read({text});
  EXPECT_EQ(whole.relayed + whole.unfinished, text);
  const auto compare = [&](const std::vector<std::string_view>& parts) {
    const auto cut = read(parts);
    EXPECT_EQ(cut.events, whole.events) << text;
    EXPECT_EQ(cut.relayed + cut.unfinished, text);
    EXPECT_EQ(cut.unfinished, whole.unfinished) << text;
  };
  for (std::size_t i = 0; i <= text.size(); ++i) {
    compare({text.substr(0, i), text.substr(i)});
    for (std::size_t j = i; j <= text.size() && text.size() < 64; ++j)
      compare({text.substr(0, i), text.substr(i, j - i), text.substr(j)});
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  compare(bytes);
  return whole;
}

std::vector<std::string> data_of(const Read& read) {
  std::vector<std::string> all;
  for (const Event& event : read.events)
    if (event.has_data) all.push_back(event.data);
  return all;
}

using Strings = std::vector<std::string>;

TEST(SseReader, ReadsEventsOneByOne) {
  EXPECT_EQ(data_of(read_every_way("data: {\"a\":1}\n\ndata: [DONE]\n\n")),
            (Strings{"{\"a\":1}", "[DONE]"}));
}

TEST(SseReader, TakesAllLineEnds) {
  for (const auto text : {
           "data: a\n\ndata: b\n\n"sv,
           "data: a\r\n\r\ndata: b\r\n\r\n"sv,
           "data: a\r\rdata: b\r\r"sv,
           "data: a\r\n\ndata: b\n\r\n"sv,
           "data: a\n\rdata: b\r\n\r"sv,
           "data: a\r\r\ndata: b\r\r\n"sv,
           "data: a\n\n\n\n\r\r\n\n\rdata: b\n\n"sv,
       })
    EXPECT_EQ(data_of(read_every_way(text)), (Strings{"a", "b"})) << testing::PrintToString(text);
}

TEST(SseReader, HandsAnEventOutOnACrAtTheEndOfTheInput) {
  SseReader reader;
  SseEvent event;
  auto in = "data: a\r\n\r"sv;
  ASSERT_EQ(reader.next(in, event), Status::event);
  EXPECT_EQ(event.data, "a");
  EXPECT_EQ(event.raw, "data: a\r\n\r");
  EXPECT_EQ(reader.next(in, event), Status::need_more);
  in = "\ndata: b\r\n\r\n"sv;
  ASSERT_EQ(reader.next(in, event), Status::event);
  EXPECT_TRUE(event.is_comment_only);
  EXPECT_EQ(event.raw, "\n");
  ASSERT_EQ(reader.next(in, event), Status::event);
  EXPECT_EQ(event.data, "b");
  EXPECT_EQ(event.raw, "data: b\r\n\r\n");
}

TEST(SseReader, LeavesNothingUnfinishedAfterALateLf) {
  EXPECT_EQ(read({"data: a\r\n\r", "\n"}).unfinished, "");
}

TEST(SseReader, TakesOneSpaceOffAValue) {
  EXPECT_EQ(data_of(read_every_way("data:a\n\ndata: b\n\ndata:  c\n\ndata:\td \n\n")),
            (Strings{"a", "b", " c", "\td "}));
}

TEST(SseReader, TakesFieldsWithoutColon) {
  const auto result = read_every_way("data\n\ndata\ndata\n\nevent\ndata: x\n\nunknown\n\n");
  EXPECT_EQ(
      result.events,
      (std::vector<Event>{{"", "", true}, {"\n", "", true}, {"x", "", true}, {"", "", false}}));
}

TEST(SseReader, JoinsDataLines) {
  EXPECT_EQ(data_of(read_every_way("data: a\ndata:b\r\ndata\rdata: d\n\n")),
            (Strings{"a\nb\n\nd"}));
  EXPECT_EQ(data_of(read_every_way("data:\ndata:\ndata: x\n\ndata: y\n\n")),
            (Strings{"\n\nx", "y"}));
}

TEST(SseReader, ReadsTheEventName) {
  EXPECT_EQ(read_every_way("event: response.created\ndata: {}\nid: 7\nretry: 10\n\n").events,
            (std::vector<Event>{{"{}", "response.created", true}}));
  EXPECT_EQ(read_every_way("data: {}\nevent: first\nevent: last\n\n").events,
            (std::vector<Event>{{"{}", "last", true}}));
  // The name belongs to its own event only.
  EXPECT_EQ(read_every_way("event: a\n\ndata: x\n\n").events,
            (std::vector<Event>{{"", "a", false}, {"x", "", true}}));
}

TEST(SseReader, KnowsNamesExactly) {
  EXPECT_EQ(data_of(read_every_way("Data: a\n\n data: b\n\ndata : c\n\ndatas: d\n\ndat: e\n\n")),
            Strings{});
}

TEST(SseReader, TellsCommentsFromEvents) {
  SseReader reader;
  SseEvent event;
  auto in = ": ping\n\n:\n\nid: 3\n\n: note\ndata: x\n\n"sv;
  ASSERT_EQ(reader.next(in, event), Status::event);
  EXPECT_TRUE(event.is_comment_only);
  EXPECT_EQ(event.raw, ": ping\n\n");
  ASSERT_EQ(reader.next(in, event), Status::event);
  EXPECT_TRUE(event.is_comment_only);
  ASSERT_EQ(reader.next(in, event), Status::event);
  EXPECT_FALSE(event.is_comment_only);  // it sets the last event id
  EXPECT_FALSE(event.has_data);
  ASSERT_EQ(reader.next(in, event), Status::event);
  EXPECT_FALSE(event.is_comment_only);
  EXPECT_EQ(event.data, "x");
  EXPECT_EQ(event.raw, ": note\ndata: x\n\n");
  EXPECT_EQ(reader.next(in, event), Status::need_more);
}

TEST(SseReader, InventsNoEventsOutOfEmptyLines) {
  for (const auto text : {"\n"sv, "\n\n\n"sv, "\r\n\r\n"sv, "\r\r\r"sv, "\n\r\n\r"sv}) {
    const auto result = read_every_way(text);
    EXPECT_TRUE(result.events.empty());
    EXPECT_EQ(result.relayed, text);
    EXPECT_EQ(result.unfinished, "");
  }
}

TEST(SseReader, SkipsAByteOrderMarkAtTheStartOnly) {
  EXPECT_EQ(data_of(read_every_way("\xEF\xBB\xBF"
                                   "data: a\n\n\xEF\xBB\xBF"
                                   "data: b\n\n")),
            (Strings{"a"}));
  EXPECT_EQ(data_of(read_every_way("\xEF\xBB\xBF\n\ndata: a\n\n")), (Strings{"a"}));
  EXPECT_EQ(data_of(read_every_way("\xEF\xBB\xBF\xEF\xBB\xBF"
                                   "data: a\n\ndata: b\n\n")),
            (Strings{"b"}));
  EXPECT_EQ(data_of(read_every_way("\n\xEF\xBB\xBF"
                                   "data: a\n\ndata: b\n\n")),
            (Strings{"b"}));
  EXPECT_EQ(data_of(read_every_way("\xEF\xBB"
                                   "data: a\n\ndata: b\n\n")),
            (Strings{"b"}));
}

TEST(SseReader, KeepsWhatWasCutAsUnfinished) {
  EXPECT_EQ(read_every_way("data: a\n\ndata: b\n").unfinished, "data: b\n");
  EXPECT_EQ(read_every_way("data: a\n\n: comm").unfinished, ": comm");
  EXPECT_EQ(read_every_way("data: a\n\n").unfinished, "");
  EXPECT_EQ(read_every_way("").unfinished, "");
}

TEST(SseReader, KeepsNulAndOtherBytesInData) {
  EXPECT_EQ(data_of(read_every_way("data: a\0b\x01\xFF:\n\n"sv)), (Strings{"a\0b\x01\xFF:"s}));
}

TEST(SseReader, ReadsAStreamOfEverything) {
  const auto result = read_every_way(
      "\xEF\xBB\xBF: hello\r\n\r\nevent: a\ndata: 1\n\n\n\rid:5\r\rdata:2\rdata:3\r\n\n: "
      "x\ndata\n\n"
      "retry: 5\n\n\r\ndata: {\"long\": \"long enough for the sixteen bytes at a time\"}\n\nrest");
  EXPECT_EQ(
      data_of(result),
      (Strings{"1", "2\n3", "", "{\"long\": \"long enough for the sixteen bytes at a time\"}"}));
  EXPECT_EQ(result.unfinished, "rest");
}

TEST(SseReader, CopiesNothingWhenAnEventIsWhole) {
  SseReader reader;
  SseEvent event;
  const auto text = "event: e\ndata: abc\n\n"sv;
  auto in = text;
  ASSERT_EQ(reader.next(in, event), Status::event);
  EXPECT_EQ(event.raw.data(), text.data());
  EXPECT_EQ(event.data.data(), text.data() + 15);
  EXPECT_EQ(event.event.data(), text.data() + 7);
}

TEST(SseReader, HoldsNoMemoryWhileTheStreamIsIdle) {
  SseReader reader;
  SseEvent event;
  const std::string half = "data: " + std::string(100'000, 'x');
  std::string_view in = half;
  EXPECT_EQ(reader.next(in, event), Status::need_more);
  EXPECT_GE(reader.held_bytes(), half.size());
  in = "\ndata: y\n\n";
  ASSERT_EQ(reader.next(in, event), Status::event);
  EXPECT_EQ(event.data.size(), 100'002u);
  EXPECT_EQ(reader.next(in, event), Status::need_more);
  EXPECT_LT(reader.held_bytes(), 64u);
}

TEST(SseReader, BoundsTheSizeOfAnEventHoweverItIsCut) {
  const std::string exact = "data: " + std::string(92, 'x') + "\n\n";
  const std::string over = "data: " + std::string(93, 'x') + "\n\n";
  ASSERT_EQ(exact.size(), 100u);
  for (std::size_t cut = 0; cut <= exact.size(); ++cut) {
    const std::string_view fits = exact;
    EXPECT_EQ(data_of(read({fits.substr(0, cut), fits.substr(cut)}, 100)).size(), 1u) << cut;
    const std::string_view does_not = over;
    const auto result = read({does_not.substr(0, cut), does_not.substr(cut)}, 100);
    EXPECT_EQ(result.last, Status::too_large) << cut;
    EXPECT_TRUE(result.events.empty());
  }
  // The LF of the closing CRLF may come late, so it never counts.
  const auto crlf = "data: xx\r\n\r\n"sv;
  for (std::size_t cut = 0; cut <= crlf.size(); ++cut) {
    EXPECT_EQ(read({crlf.substr(0, cut), crlf.substr(cut)}, 11).last, Status::need_more) << cut;
    EXPECT_EQ(read({crlf.substr(0, cut), crlf.substr(cut)}, 10).last, Status::too_large) << cut;
  }
  // Many small events are not one large one.
  std::string many;
  for (int i = 0; i < 100; ++i) many += "data: x\n\n\n";
  EXPECT_EQ(data_of(read({many}, 100)).size(), 100u);
}

TEST(SseReader, StaysBrokenOnceTooLarge) {
  SseReader reader(10);
  SseEvent event;
  auto in = "data: much too long"sv;
  EXPECT_EQ(reader.next(in, event), Status::too_large);
  in = "data: a\n\n"sv;
  EXPECT_EQ(reader.next(in, event), Status::too_large);
  EXPECT_EQ(reader.unfinished(), "");
}

}  // namespace
}  // namespace tollgate::http::sse_reader_test
