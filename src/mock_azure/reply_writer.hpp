// Turns replies into bytes: head, chunks, SSE events, and the faults that change how they look.
#pragma once

#include <string>
#include <string_view>

#include "mock_azure/reply.hpp"

namespace tollgate::mock {

enum class Framing { length, chunked, until_close };

std::string_view reason_phrase(int status);

void append_head(std::string& out, const Reply& reply, Framing framing, bool keep_alive);
void append_chunk(std::string& out, std::string_view bytes, Framing framing);
void append_last_chunk(std::string& out, Framing framing);

// One event in the reply's SSE style (LF or CR LF, with or without the space, comment before it).
void append_event(std::string& out, const EventSource::Event& event, const Fault& fault);

// Makes a JSON object larger than `kib` KiB by a padding member; other text is left alone.
void pad_json(std::string& json, std::int64_t kib);

}  // namespace tollgate::mock
