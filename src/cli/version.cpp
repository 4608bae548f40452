// `tollgate version`: what this binary was built from.
#include "cli/commands.hpp"
#include "cli/text.hpp"

#include <openssl/crypto.h>
#include <boost/version.hpp>

#include <iostream>
#include <string_view>

#ifndef TOLLGATE_VERSION
#define TOLLGATE_VERSION "0.1.0"
#endif
#ifndef TOLLGATE_BUILD_TYPE
#define TOLLGATE_BUILD_TYPE ""
#endif
// These two libraries are asked by CMake: simdjson's header is half a minute of compiling,
// yaml-cpp's do not say.
#ifndef TOLLGATE_SIMDJSON_VERSION
#define TOLLGATE_SIMDJSON_VERSION "unknown"
#endif
#ifndef TOLLGATE_YAML_CPP_VERSION
#define TOLLGATE_YAML_CPP_VERSION "unknown"
#endif

namespace tollgate::cli {
namespace {

constexpr const char* version_usage = "usage: tollgate version\n";

#ifdef __clang__
constexpr const char* compiler = __VERSION__;
#else
constexpr const char* compiler = "GCC " __VERSION__;
#endif

}  // namespace

int version_command(int argc, char** argv) {
  if (tells_help(argc, argv, version_usage)) return 0;
  if (argc > 0) {
    std::cerr << version_usage;
    return 2;
  }
  std::string_view build = TOLLGATE_BUILD_TYPE;
  std::cout << "tollgate " << TOLLGATE_VERSION << "\n"
            << "build     " << (build.empty() ? "none" : build) << "\n"
            << "compiler  " << compiler << "\n"
            << "boost     " << BOOST_VERSION / 100000 << "." << BOOST_VERSION / 100 % 1000 << "."
            << BOOST_VERSION % 100 << "\n"
            << "openssl   " << OpenSSL_version(OPENSSL_FULL_VERSION_STRING) << "\n"
            << "simdjson  " << TOLLGATE_SIMDJSON_VERSION << "\n"
            << "yaml-cpp  " << TOLLGATE_YAML_CPP_VERSION << std::endl;
  return 0;
}

}  // namespace tollgate::cli
