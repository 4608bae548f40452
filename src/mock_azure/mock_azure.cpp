#include "mock_azure/mock_azure.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <sys/resource.h>

#include "mock_azure/config.hpp"
#include "mock_azure/http_server.hpp"
#include "mock_azure/service.hpp"
#include "mock_azure/text.hpp"
#include "mock_azure/transport.hpp"

namespace tollgate::mock {
namespace {

constexpr char usage_text[] =
    "usage: tollgate mock-azure [options]\n"
    "  --config FILE       deployments, limits, keys (docs/mock-azure.md)\n"
    "  --listen HOST:PORT  default 127.0.0.1:9001; port 0 takes a free one\n"
    "  --threads N         event loops, default 1\n"
    "  --journal FILE      also append every request to FILE, one JSON object a line\n"
    "  --no-journal        record nothing (benchmarks)\n"
    "  --tls-cert FILE     PEM certificate chain; needs --tls-key\n"
    "  --tls-key FILE      PEM private key\n"
    "  --help\n";

struct Flags {
  std::string config, listen, journal, certificate, key;
  std::optional<std::int64_t> threads;
  bool no_journal = false;
  bool help = false;
};

// Empty when the command line is wrong; says why on stderr.
std::optional<Flags> read_flags(int argc, char** argv) {
  Flags flags;
  for (int i = 0; i < argc; ++i) {
    const std::string_view flag = argv[i];
    std::string threads;
    std::string* value = nullptr;
    if (flag == "--help" || flag == "-h") flags.help = true;
    else if (flag == "--no-journal") flags.no_journal = true;
    else if (flag == "--config") value = &flags.config;
    else if (flag == "--listen") value = &flags.listen;
    else if (flag == "--journal") value = &flags.journal;
    else if (flag == "--tls-cert") value = &flags.certificate;
    else if (flag == "--tls-key") value = &flags.key;
    else if (flag == "--threads") value = &threads;
    else {
      std::fprintf(stderr, "mock-azure: unknown option %s\n%s", argv[i], usage_text);
      return std::nullopt;
    }
    if (value == nullptr) continue;
    if (i + 1 == argc) {
      std::fprintf(stderr, "mock-azure: %s needs a value\n", argv[i]);
      return std::nullopt;
    }
    *value = argv[++i];
    if (value != &threads) continue;
    flags.threads = to_integer(threads);
    if (!flags.threads || *flags.threads < 1 || *flags.threads > 256) {
      std::fprintf(stderr, "mock-azure: --threads must be from 1 to 256\n");
      return std::nullopt;
    }
  }
  return flags;
}

Config configure(const Flags& flags) {
  Config config = flags.config.empty() ? Config{} : load_config(flags.config);
  if (!flags.listen.empty()) set_listen(config, flags.listen);
  if (!flags.journal.empty()) config.journal_file = flags.journal;
  if (!flags.certificate.empty()) config.tls_certificate = flags.certificate;
  if (!flags.key.empty()) config.tls_key = flags.key;
  if (flags.threads) config.threads = static_cast<int>(*flags.threads);
  if (flags.no_journal) config.journal_enabled = false;
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    throw ConfigError("TLS needs both a certificate and a key");
  }
  return config;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int run(int argc, char** argv) {
  const auto flags = read_flags(argc, argv);
  if (!flags) return 2;
  if (flags->help) {
    std::fputs(usage_text, stdout);
    return 0;
  }
  try {
    const Config config = configure(*flags);
    raise_descriptor_limit();
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);  // before the threads, which inherit it

    SslContext tls;
    if (!config.tls_certificate.empty()) {
      tls = make_server_context(config.tls_certificate, config.tls_key);
    }
    Service service(config);
    HttpServer server({config.host, config.port, config.threads, tls.get(),
                       config.body_limit_bytes},
                      service);
    server.start();
    std::printf("mock-azure listening on %s:%u\n", config.host.c_str(),
                static_cast<unsigned>(server.port()));
    std::fflush(stdout);
    int signal = 0;
    sigwait(&ending, &signal);
    server.stop();
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "mock-azure: %s\n", e.what());
    return 1;
  }
}

}  // namespace tollgate::mock
