// What an error inside an answer that began well means: whose affair it is.
#pragma once

#include <string_view>

namespace tollgate::openai {

enum class InBandError : unsigned char {
  callers,    // about what was asked: content, length, a field; nobody else would answer better
  throttled,  // the deployment is at its limit
  failed,     // anything else
};

// `data` is the event's data or a JSON body with an error in one of its places: `error`,
// `response.error`, or beside `type`. What cannot be read has failed.
InBandError in_band_error(std::string_view data);

// Whether the text could be one JSON object, by its ends: a piece of one is not. For every event, so
// nothing inside is looked at.
bool has_ends_of_object(std::string_view data) noexcept;

}  // namespace tollgate::openai
