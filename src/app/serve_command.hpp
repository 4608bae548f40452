// `tollgate serve`.
#pragma once

namespace tollgate::app {

// serve [--config FILE]; the arguments are those after the subcommand's name.
int serve_command(int argc, char** argv);

}  // namespace tollgate::app
