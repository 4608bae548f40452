// Deterministic text vectors: a bag of words hashed into a unit vector.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace tollgate::mock {

// Texts with the same words (in any case and order) get nearly the same vector; texts without a
// common word are nearly orthogonal. Good enough to try semantic caches and searches.
std::vector<float> embed_text(std::string_view text, std::size_t size);

}  // namespace tollgate::mock
