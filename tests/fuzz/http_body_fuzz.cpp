// Message bodies: the payload and the end are the same however the input is cut, and a chunked body
// that was accepted can be written again.
#include "http/body_decoder.hpp"
#include "http/chunk_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace tollgate::http;
using Status = BodyDecoder::Status;

void check(bool is_true) {
  if (!is_true) std::abort();
}

struct Decoded {
  std::string payload;
  Status last = Status::need_more;
  std::size_t consumed = 0;
  bool is_whole = false;  // at the end of the input
  bool operator==(const Decoded&) const = default;
};

// Feeds `text` in pieces: `first` bytes, then `step` at a time.
Decoded decode(Framing framing, std::string_view text, std::size_t first, std::size_t step) {
  BodyDecoder decoder(framing);
  Decoded decoded;
  for (std::size_t size = first; !text.empty(); size = step) {
    std::string_view in = text.substr(0, size);
    text.remove_prefix(in.size());
    do {
      const auto taken = decoder.next(in);
      check(taken.consumed <= in.size());
      check(taken.data.empty() == (taken.status != Status::data));
      if (taken.status == Status::data)
        check(taken.data.data() >= in.data() &&
              taken.data.data() + taken.data.size() <= in.data() + taken.consumed);
      if (taken.status == Status::need_more) check(taken.consumed == in.size());
      if (taken.status == Status::end) check(decoder.is_done());
      decoded.last = taken.status;
      decoded.payload.append(taken.data);
      decoded.consumed += taken.consumed;
      in.remove_prefix(taken.consumed);
    } while (decoded.last == Status::data);
    if (decoded.last != Status::need_more) break;
  }
  decoded.is_whole = decoder.finish_at_eof();
  check(decoded.last != Status::end || decoded.is_whole);
  check(decoded.last != Status::error || !decoded.is_whole);
  return decoded;
}

}  // namespace

// The first byte chooses the framing, the second a length or where to cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto kind = static_cast<Framing::Kind>(data[0] % 4);
  const Framing framing{kind, data[1]};

  const auto whole = decode(framing, text, text.size(), 1);
  check(decode(framing, text, 1, 1) == whole);
  check(decode(framing, text, std::max<std::size_t>(data[1], 1), text.size() + 1) == whole);
  check(decode(framing, text, 1 + data[1] % 7, 1 + data[0] % 13) == whole);

  if (kind == Framing::Kind::chunked && whole.last == Status::end) {
    check(text.substr(0, whole.consumed).ends_with("\r\n"));
    std::string again;
    if (!whole.payload.empty()) {
      append_chunk_head(again, whole.payload.size());
      again.append(whole.payload).append(end_of_chunk);
    }
    again += last_chunk;
    const auto second = decode(framing, again, again.size(), 1);
    check(second.payload == whole.payload && second.consumed == again.size());
  }
  return 0;
}
