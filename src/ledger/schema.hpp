// The tables of the file, and which files are ledgers.
#pragma once

#include "sqlite/sqlite.hpp"

#include <cstdint>
#include <string>

namespace tollgate::ledger {

inline constexpr std::int64_t schema_version = 1;
inline constexpr std::int64_t application_id = 0x54474c44;  // "TGLD", in the header of the file

// Sets the connection up for writing and makes the tables when the file is new. Throws Refused when
// the file is of a newer version or something else than a ledger, SqliteError.
void prepare_for_writing(sqlite::Database& db, const std::string& path);

// Throws Refused unless it is a ledger that this program can read, SqliteError.
void check_is_ledger(sqlite::Database& db, const std::string& path);

}  // namespace tollgate::ledger
