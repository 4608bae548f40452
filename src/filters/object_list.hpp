// Lists of what a resource keeps, with no more in them than the caller may use.
#pragma once

#include "filters/object_memory.hpp"
#include "filters/resources.hpp"
#include "tollgate/filter.hpp"

namespace tollgate::filters {

// Asks for page after page until the client's is full or there are no more, and tells what of them the caller may
// use. A list that cannot be read is not told. All have to outlive the call.
awaitable<Outcome> tell_own_list(Exchange& ex, ResponseSink& out, Next next, ObjectMemory& memory, const Resources& resources);

}  // namespace tollgate::filters
