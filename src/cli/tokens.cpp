// `tollgate tokens`: the exact number of tokens of what stands on standard input.
#include "cli/commands.hpp"
#include "cli/text.hpp"

#include "tokens/tokens.hpp"

#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::cli {
namespace {

constexpr const char* tokens_usage =
    "usage: tollgate tokens [--encoding NAME | --model NAME] < TEXT\n"
    "  NAME of an encoding: cl100k_base, o200k_base (default)\n";

}  // namespace

int tokens_command(int argc, char** argv) {
  if (tells_help(argc, argv, tokens_usage)) return 0;
  auto encoding = std::optional(tokens::Encoding::o200k_base);
  if (argc != 0) {
    const std::string_view option = argv[0];
    const bool is_model = option == "--model";
    if (argc != 2 || (!is_model && option != "--encoding")) {
      std::cerr << tokens_usage;
      return 2;
    }
    encoding = is_model ? tokens::encoding_of_model(argv[1]) : tokens::encoding_named(argv[1]);
    if (!encoding) {
      std::cerr << "tollgate tokens: "
                << (is_model ? "no encoding is known for the model \"" : "there is no encoding \"")
                << argv[1] << "\"\n";
      return 1;
    }
  }
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  std::cout << tokens::count(*encoding, text) << '\n';
  return 0;
}

}  // namespace tollgate::cli
