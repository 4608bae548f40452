// What `tollgate doctor` makes of token endpoints, Redis, files and addresses; and how it tells.
#include "cli/doctor/output.hpp"
#include "doctor_expect.hpp"

#include <cerrno>
#include <sstream>

namespace tollgate::cli::doctor {
namespace {

using namespace std::chrono_literals;

TEST(DoctorToken, KnowsWhatEntraIdSays) {
  const auto judged = [](std::string problem, CredentialKind kind = CredentialKind::client_secret) {
    CredentialSeen seen;
    seen.kind = kind;
    seen.problem = std::move(problem);
    seen.lifetime = 3'599s;
    return judge_token(seen);
  };
  expect(judged(""), Verdict::ok, "good for 60 min", "");
  expect(judged("status 401, invalid_client: AADSTS7000215: Invalid client secret provided."), Verdict::fail, "AADSTS7000215",
         "not its id");
  expect(judged("status 401, invalid_client: AADSTS7000222: expired"), Verdict::fail, "7000222", "has expired");
  expect(judged("status 400, AADSTS700016: no application"), Verdict::fail, "700016", "client_id");
  expect(judged("status 400, AADSTS700213: no matching"), Verdict::fail, "700213", "federated");
  expect(judged("status 400, AADSTS90002: Tenant not found"), Verdict::fail, "90002", "no such tenant");
  expect(judged("status 401, invalid_client: other"), Verdict::fail, "other", "not accepted");
  expect(judged("status 503"), Verdict::fail, "503", "trouble of its own");
  expect(judged("strange"), Verdict::fail, "strange", "Compare tenant");
  expect(judged("status 400, invalid_request: Identity not found", CredentialKind::managed_identity), Verdict::fail, "not found",
         "System assigned");
  expect(judged("strange", CredentialKind::managed_identity), Verdict::fail, "strange", "has a managed identity");
  CredentialSeen brief;
  brief.lifetime = 60s;
  expect(judge_token(brief), Verdict::warn, "good for 1 min", "policy");
}

TEST(DoctorKeys, AreThereOrSayWhoIsAskedForThem) {
  KeysSeen seen;
  seen.count = 5;
  expect(judge_keys(seen), Verdict::ok, "5 signing keys", "");
  seen.problem = "status 400";
  seen.answer.status = 400;
  expect(judge_keys(seen), Verdict::fail, "400", "identity.entra.tenants");
  seen.answer.status = 200;
  expect(judge_keys(seen), Verdict::fail, "400", "try again");
}

TEST(DoctorRedis, ExplainsItsWords) {
  const auto judged = [](std::string error, Milliseconds round_trip = 2ms) {
    RedisSeen seen;
    seen.user = "default";
    seen.error = std::move(error);
    seen.round_trip = round_trip;
    seen.patience = 50ms;
    return judge_redis(seen);
  };
  expect(judged(""), Verdict::ok, "signed in as default (2 ms)", "");
  expect(judged("", 80ms), Verdict::warn, "(80 ms)", "sharing.timeout (50 ms)");
  expect(judged("WRONGPASS invalid username-password pair"), Verdict::fail, "WRONGPASS", "access keys");
  expect(judged("NOAUTH Authentication required."), Verdict::fail, "NOAUTH", "write sharing.password");
  expect(judged("ERR AUTH <password> called without any password configured"), Verdict::fail, "without", "remove");
  expect(judged("NOPERM this user has no permissions"), Verdict::fail, "NOPERM", "scripts");
  expect(judged("LOADING Redis is loading the dataset in memory"), Verdict::warn, "LOADING", "try again");
  expect(judged("ERR unknown"), Verdict::fail, "unknown", "these words");
  RedisSeen silent;
  silent.problem = "no answer in time";
  expect(judge_redis(silent), Verdict::fail, "no answer", "rediss://");
}

TEST(DoctorFile, HasToBeWritableLocalAndRoomy) {
  FileSeen seen;
  seen.check = "ledger";
  seen.path = "ledger.db";
  seen.exists = seen.must_be_local = true;
  seen.free_bytes = std::int64_t{5} << 30;
  expect(judge_file(seen), Verdict::ok, "ledger.db, 5 GiB free", "");
  seen.exists = false;
  expect(judge_file(seen), Verdict::ok, "will be made", "");
  seen.free_bytes = 100 << 20;
  expect(judge_file(seen), Verdict::warn, "100 MiB free", "Make room");
  seen.free_bytes = 1 << 20;
  expect(judge_file(seen), Verdict::fail, "1 MiB free", "Make room");
  seen.is_remote = true;
  expect(judge_file(seen), Verdict::fail, "network file system", "local disk");
  seen.problem = "Permission denied";
  expect(judge_file(seen), Verdict::fail, "Permission denied", "user that runs the gateway");
}

TEST(DoctorListen, TellsWhoHasTheAddress) {
  const auto judged = [](int code, bool is_served = false) { return judge_listen({"listen", "10.0.0.4:8080", code, is_served}); };
  expect(judged(0), Verdict::ok, "10.0.0.4:8080 is free", "");
  expect(judged(EADDRINUSE, true), Verdict::ok, "served by a gateway", "");
  expect(judged(EADDRINUSE), Verdict::fail, "another program", "ss -ltnp");
  expect(judged(EACCES), Verdict::fail, "may not", "CAP_NET_BIND_SERVICE");
  expect(judged(EADDRNOTAVAIL), Verdict::fail, "not an address of this machine", "0.0.0.0");
}

const std::vector<Report> reports{
    {"deployment a", "https://a.example", {{"name", Verdict::ok, "10.0.0.1", ""}, failed("connect", "refused\x1b[2J", "Mend it.")}},
    {"deployment b", "https://b.example", {failed("connect", "refused", "Mend it."), skipped("tls", "not tried")}},
};

TEST(DoctorOutput, TellsAFixOnceAndWhere) {
  std::ostringstream out;
  write_reports(out, reports, false);
  EXPECT_EQ(out.str(),
            "deployment a  https://a.example\n"
            "  name     ok    10.0.0.1\n"
            "  connect  FAIL  refused?[2J  [1]\n"
            "deployment b  https://b.example\n"
            "  connect  FAIL  refused  [1]\n"
            "  tls      -     not tried\n"
            "\n"
            "What to do\n"
            "  [1] connect: deployment a, deployment b\n"
            "      Mend it.\n"
            "\n"
            "1 ok, 0 warnings, 2 faults\n");
  EXPECT_TRUE(has_failed(reports));
}

TEST(DoctorOutput, IsJsonForPrograms) {
  std::ostringstream out;
  write_reports_json(out, reports);
  EXPECT_NE(out.str().find("\"ok\": false"), std::string::npos);
  EXPECT_NE(out.str().find("\"fix\": \"Mend it.\""), std::string::npos);
  EXPECT_NE(out.str().find("\"result\": \"skipped\""), std::string::npos);
}

}  // namespace
}  // namespace tollgate::cli::doctor
