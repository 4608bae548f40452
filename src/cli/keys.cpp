// `tollgate keys`: makes subscription keys and hashes them. A key is shown once, when it is made.
#include "cli/commands.hpp"
#include "cli/text.hpp"

#include "base/sha256.hpp"
#include "config/secrets.hpp"
#include "identity/new_key.hpp"

#include <openssl/crypto.h>

#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <string_view>

namespace tollgate::cli {
namespace {

constexpr const char* keys_usage =
    "usage: tollgate keys new\n"
    "       tollgate keys hash < FILE\n";

std::string hash_of(std::string_view key) {
  return "sha256:" + config::to_hex(base::sha256(key));
}

// Typing on a terminal is not shown while this lives.
class NoEcho {
 public:
  NoEcho() {
    if (!::isatty(STDIN_FILENO) || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    is_set_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
    if (is_set_) std::cerr << "key: " << std::flush;
  }
  NoEcho(const NoEcho&) = delete;
  ~NoEcho() {
    if (!is_set_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::cerr << '\n';
  }

 private:
  termios before_{};
  bool is_set_ = false;
};

int print_new_key() {
  std::string key = identity::make_key();
  if (key.empty()) {
    std::cerr << "tollgate keys: the system gives no random bytes\n";
    return 1;
  }
  std::cout << "key:   " << key << "\n"
            << "hash:  " << hash_of(key) << "\n"
            << "yaml:  keys: [" << hash_of(key) << "]\n"
            << "\nThe key is shown this once. Give it to the app; the hash goes into the "
               "configuration.\n"
            << std::flush;
  OPENSSL_cleanse(key.data(), key.size());
  return 0;
}

int print_hash() {
  std::string key;
  {
    NoEcho quiet;
    std::getline(std::cin, key);
  }
  while (!key.empty() && (key.back() == '\r' || key.back() == '\n')) key.pop_back();
  if (key.empty()) {
    std::cerr << "tollgate keys hash: write the key to standard input\n";
    return 1;
  }
  std::cout << hash_of(key) << std::endl;
  OPENSSL_cleanse(key.data(), key.size());
  return 0;
}

}  // namespace

int keys_command(int argc, char** argv) {
  if (tells_help(argc, argv, keys_usage)) return 0;
  std::string_view action = argc == 1 ? argv[0] : "";
  if (action == "new") return print_new_key();
  if (action == "hash") return print_hash();
  std::cerr << keys_usage;
  return 2;
}

}  // namespace tollgate::cli
