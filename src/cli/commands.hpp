// The subcommands that need no running gateway. The arguments are those after the subcommand's
// name; the result is the exit status: 0 well, 1 refused, 2 not a way to call it.
#pragma once

#include "config/load.hpp"

namespace tollgate::cli {

// check [--show-defaults] FILE
int check_command(int argc, char** argv, const config::LoadOptions& options = {});

// doctor [--config FILE] ...: 0 no fault, 1 a fault, 2 it could not begin
int doctor_command(int argc, char** argv, const config::LoadOptions& options = {});

// schema
int schema_command(int argc, char** argv, const config::LoadOptions& options = {});

// keys new | keys hash
int keys_command(int argc, char** argv);

// usage [--ledger FILE | --config FILE] [--by COLUMN,...] ...
int usage_command(int argc, char** argv);

// ptu-advisor [--ledger FILE | --config FILE] ...
int ptu_advisor_command(int argc, char** argv);

// tokens [--encoding NAME | --model NAME]
int tokens_command(int argc, char** argv);

// version
int version_command(int argc, char** argv);

}  // namespace tollgate::cli
