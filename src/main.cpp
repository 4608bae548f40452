// The tollgate program: one subcommand a job.
#include "app/serve_command.hpp"
#include "cli/commands.hpp"
#include "mock_azure/mock_azure.hpp"
#include "pipeline/registry.hpp"

#include <cstdio>
#include <iostream>
#include <string_view>

namespace {

constexpr const char* usage =
    "usage: tollgate COMMAND [ARGUMENTS]\n"
    "\n"
    "  serve [--config FILE]   run the gateway (default config/tollgate.yaml)\n"
    "  check FILE              validate a configuration; --show-defaults prints it in full\n"
    "  doctor                  what does not work from here to deployments and services, and what to do\n"
    "  schema                  print the JSON Schema of the configuration, for editors\n"
    "  keys new | keys hash    make a subscription key, or hash one from stdin\n"
    "  usage [--by COLUMNS]    who spent what, from the ledger; as a table, CSV, JSON or FOCUS\n"
    "  ptu-advisor             how many PTUs to reserve, from the ledger; what the alternatives cost\n"
    "  tokens                  count the tokens of stdin; --encoding NAME or --model NAME\n"
    "  mock-azure              run a stand-in for Azure OpenAI on loopback\n"
    "  version                 print version and build\n";

tollgate::config::LoadOptions load_options() {
  tollgate::config::LoadOptions options;
  options.known_filters = options.required_filters = tollgate::pipeline::filter_names();
  return options;
}

// What cannot be written has not been told, whatever the command came to.
int when_told(int status) {
  const bool is_told = std::cout.flush().good() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (is_told) return status;
  std::fputs("tollgate: standard output cannot be written\n", stderr);
  return status == 0 ? 1 : status;
}

// The commands that come to an end by themselves.
int run_briefly(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  const int count = argc - 2;
  char** arguments = argv + 2;
  if (command == "check") return tollgate::cli::check_command(count, arguments, load_options());
  if (command == "doctor") return tollgate::cli::doctor_command(count, arguments, load_options());
  if (command == "schema") return tollgate::cli::schema_command(count, arguments, load_options());
  if (command == "keys") return tollgate::cli::keys_command(count, arguments);
  if (command == "usage") return tollgate::cli::usage_command(count, arguments);
  if (command == "ptu-advisor") return tollgate::cli::ptu_advisor_command(count, arguments);
  if (command == "tokens") return tollgate::cli::tokens_command(count, arguments);
  if (command == "version") return tollgate::cli::version_command(count, arguments);
  const bool asked = command == "help" || command == "--help" || command == "-h";
  std::fputs(usage, asked ? stdout : stderr);
  return asked ? 0 : 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "serve") return tollgate::app::serve_command(argc - 2, argv + 2);
  if (command == "mock-azure") return tollgate::mock::run(argc - 2, argv + 2);
  return when_told(run_briefly(argc, argv));
}
