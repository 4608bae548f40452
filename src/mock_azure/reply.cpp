#include "mock_azure/reply.hpp"

#include "mock_azure/journal.hpp"

namespace tollgate::mock {

Reply::Reply() = default;
Reply::Reply(Reply&&) noexcept = default;
Reply& Reply::operator=(Reply&&) noexcept = default;
Reply::~Reply() = default;

}  // namespace tollgate::mock
