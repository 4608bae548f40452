// The only entry of the Azure OpenAI stand-in: `tollgate mock-azure`.
#pragma once

namespace tollgate::mock {

// Runs until SIGINT or SIGTERM. `argv` holds the arguments after the subcommand.
// Returns the process exit code: 0 clean, 1 could not start, 2 wrong usage.
int run(int argc, char** argv);

}  // namespace tollgate::mock
