#include "cli/commands.hpp"
#include "ledger/lane.hpp"
#include "ledger/ledger.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace tollgate::cli::usage_test {
namespace {

using nlohmann::json;

struct Result {
  int status;
  std::string out;
  std::string err;
};

Result usage(std::vector<std::string> arguments) {
  std::ostringstream out, err;
  auto* old_out = std::cout.rdbuf(out.rdbuf());
  auto* old_err = std::cerr.rdbuf(err.rdbuf());
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  int status = usage_command(static_cast<int>(argv.size()), argv.data());
  std::cout.rdbuf(old_out);
  std::cerr.rdbuf(old_err);
  return {status, out.str(), err.str()};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Three charges on two days, of two cost centers.
class UsageCommand : public testing::Test {
 protected:
  UsageCommand() {
    std::string name = (std::filesystem::temp_directory_path() / "tollgate-usage-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    LedgerConfig config;
    config.path = path_ = folder_ / "ledger.db";
    ledger::Ledger books(config);
    ledger::Lane& lane = books.add_lane();
    ledger::MeterId meter =
        books.meter("standard.money/month|subscription=payments-web", std::chrono::hours(24 * 36'500));
    ledger::Charge c;
    c.at = WallTime(std::chrono::seconds(1'767'268'800));  // 2026-01-01 12:00
    c.subscription = "payments-web";
    c.product = "standard";
    c.cost_center = "CC-1042";
    c.task = "invoice, \"paid\"";
    c.operation = "chat_completions";
    c.model_asked = "auto";
    c.model = "gpt-4o";
    c.deployment = "gpt-4o-ptu";
    c.region = "eastus2";
    c.kind = DeploymentKind::ptu;
    c.usage.prompt_tokens = 1'000;
    c.usage.cached_tokens = 400;
    c.usage.completion_tokens = 234;
    c.usage.reasoning_tokens = 34;
    c.cost = 1'234'567;
    lane.append(c, std::vector<ledger::Delta>{{meter, 1'767'225'600'000, c.cost}});
    c.is_estimated = true;
    c.saved = 5;
    lane.append(c, {});
    c = ledger::Charge{};
    c.at = WallTime(std::chrono::seconds(1'767'355'200));  // a day later
    c.subscription = "search";
    c.model = "text-embedding-3-small";
    c.is_batch = true;
    c.usage.prompt_tokens = 2'000'000;
    c.cost = 20'000'000'000;
    lane.append(c, {});
  }
  ~UsageCommand() override { std::filesystem::remove_all(folder_); }

  Result run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--ledger", path_});
    return usage(std::move(arguments));
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(UsageCommand, ShowsATableWithTotalsAndBurnRate) {
  Result result = run({"--from", "2026-01-01", "--to", "2026-01-02"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(lines_of(result.out),
            (std::vector<std::string>{
                "cost_center  subscription  model                   requests     prompt  cached"
                "  completion  reasoning      cost    saved  cost/day",
                "-            search        text-embedding-3-small         1  2,000,000       0"
                "           0          0  $20.0000  $0.0000  $10.0000",
                "CC-1042      payments-web  gpt-4o                         2      2,000     800"
                "         468         68   $0.0025  $0.0000   $0.0012",
                "total                                                     3  2,002,000     800"
                "         468         68  $20.0025  $0.0000  $10.0012",
                "estimated requests: 1 (they cost at least what is shown)"}));
}

TEST_F(UsageCommand, WritesCsv) {
  Result result =
      run({"--format", "csv", "--by", "day,task", "--from", "2026-01-01", "--to", "2026-01-02"});
  EXPECT_EQ(lines_of(result.out),
            (std::vector<std::string>{
                "day,task,requests,prompt_tokens,cached_tokens,completion_tokens,reasoning_tokens,"
                "estimated_requests,cost_usd,saved_usd,cost_usd_per_day",
                "2026-01-01,\"invoice, \"\"paid\"\"\",2,2000,800,468,68,1,0.002469134,0.000000005,"
                "0.001234567",
                "2026-01-02,,1,2000000,0,0,0,0,20.0,0.0,10.0"}));
}

TEST_F(UsageCommand, WritesJson) {
  Result result = run({"--format", "json", "--by", "model,kind", "--from", "2026-01-01", "--to",
                       "2026-01-02T00:00"});
  json told = json::parse(result.out);
  EXPECT_EQ(told["from"], "2026-01-01T00:00:00Z");
  EXPECT_EQ(told["to"], "2026-01-02T00:00:00Z");
  ASSERT_EQ(told["rows"].size(), 1u);
  json numbers = told["total"];
  EXPECT_EQ(numbers, json::parse(R"({"requests":2,"prompt_tokens":2000,"cached_tokens":800,
      "completion_tokens":468,"reasoning_tokens":68,"estimated_requests":1,"cost_usd":0.002469134,
      "saved_usd":0.000000005,"cost_usd_per_day":0.002469134})"));
  numbers["model"] = "gpt-4o";
  numbers["kind"] = "ptu";
  EXPECT_EQ(told["rows"][0], numbers);
}

TEST_F(UsageCommand, WritesFocusColumns) {
  Result csv = run({"--format", "focus-csv"});
  EXPECT_EQ(lines_of(csv.out),
            (std::vector<std::string>{
                "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,"
                "BillingPeriodStart,CapacityReservationId,CapacityReservationStatus,"
                "ChargeCategory,ChargeClass,ChargeDescription,ChargeFrequency,"
                "ChargePeriodEnd,ChargePeriodStart,ConsumedQuantity,ConsumedUnit,ContractedCost,"
                "EffectiveCost,InvoiceIssuerName,ListCost,PricingQuantity,PricingUnit,ProviderName,"
                "PublisherName,RegionId,RegionName,ResourceId,ResourceName,ResourceType,ServiceCategory,"
                "ServiceName,ServiceSubcategory,SubAccountId,SubAccountName,SubAccountType,Tags,"
                "x_CachedTokens,x_CompletionTokens,x_DeploymentKind,x_EstimatedRequests,x_IsBatch,"
                "x_Model,x_PromptTokens,x_ReasoningTokens,x_Requests,x_SavedCost",
                "0.002469134,CC-1042,CC-1042,USD,2026-02-01T00:00:00Z,2026-01-01T00:00:00Z,"
                "gpt-4o-ptu,Used,Usage,,Tokens of gpt-4o,Usage-Based,2026-01-02T00:00:00Z,2026-01-01T00:00:00Z,2468,Tokens,"
                "0.002469134,0.002469134,Tollgate,0.002469134,2468,Tokens,Microsoft,Microsoft,eastus2,"
                "eastus2,gpt-4o-ptu,gpt-4o-ptu,Model deployment,AI and Machine Learning,Azure OpenAI,"
                "Generative AI,payments-web,payments-web,Subscription,"
                "\"{\"\"cost_center\"\":\"\"CC-1042\"\",\"\"product\"\":\"\"standard\"\","
                "\"\"task\"\":\"\"invoice, \\\"\"paid\\\"\"\"\"}\",800,468,ptu,1,no,gpt-4o,2000,68,2,"
                "0.000000005",
                "20.0,search,search,USD,2026-02-01T00:00:00Z,2026-01-01T00:00:00Z,,,Usage,,"
                "\"Tokens of text-embedding-3-small, batch\",Usage-Based,2026-01-03T00:00:00Z,"
                "2026-01-02T00:00:00Z,2000000,Tokens,20.0,20.0,Tollgate,20.0,2000000,Tokens,Microsoft,"
                "Microsoft,,,,,,AI and Machine Learning,Azure OpenAI,Generative AI,search,search,"
                "Subscription,,0,0,payg,0,yes,text-embedding-3-small,2000000,0,1,0.0"}));
}

TEST_F(UsageCommand, WritesFocusAsJsonLinesOfOneCostCenter) {
  auto lines = lines_of(run({"--format", "focus-jsonl", "--cost-center", "CC-1042"}).out);
  ASSERT_EQ(lines.size(), 1u);
  json row = json::parse(lines[0]);
  EXPECT_EQ(row["BilledCost"], 0.002469134);
  EXPECT_TRUE(row["ChargeClass"].is_null());
  EXPECT_EQ(row["SubAccountId"], "payments-web");
  EXPECT_EQ(json::parse(row["Tags"].get<std::string>())["task"], "invoice, \"paid\"");
  EXPECT_EQ(row["x_Requests"], 2);
}

// A deployment of 50 units, a dollar each an hour; what is booked on it is in the ledger above.
class UsageOfReservedCapacity : public UsageCommand {
 protected:
  UsageOfReservedCapacity() {
    ::setenv("USAGE_TEST_KEY", "a-key-of-a-deployment", 1);
    write_config(50);
  }

  void write_config(int units) {
    std::ofstream(config_)
        << "deployments:\n  gpt-4o-ptu: {endpoint: https://contoso.openai.azure.com, model: gpt-4o, kind: ptu,"
        << " units: " << units << ", unit_price: $1/hour, region: eastus2,"
        << " credential: {api_key: env:USAGE_TEST_KEY}}\n"
        << "models: {gpt-4o: {route: [gpt-4o-ptu]}}\n"
        << "products: {standard: {models: [gpt-4o]}}\n"
        << "subscriptions: {payments-web: {product: standard, keys: [env:USAGE_TEST_KEY]}}\n"
        << "ledger: {path: " << path_ << "}\n";
  }

  Result run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--config", config_});
    return usage(std::move(arguments));
  }

  // Books `cost` on the deployment, at noon of the second day.
  void book(std::int64_t cost) {
    LedgerConfig config;
    config.path = path_;
    ledger::Ledger books(config);
    ledger::Charge c;
    c.at = WallTime(std::chrono::seconds(1'767'355'200));
    c.deployment = "gpt-4o-ptu";
    c.kind = DeploymentKind::ptu;
    c.cost = cost;
    books.add_lane().append(c, {});
  }

  const std::string config_ = folder_ / "tollgate.yaml";
};

TEST_F(UsageOfReservedCapacity, IsAPartOfItsOwnInTheTable) {
  auto lines = lines_of(run({"--from", "2026-01-01", "--to", "2026-01-02"}).out);
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_EQ(lines[5], "");
  EXPECT_EQ(lines[6], "reserved capacity  units  hours         cost  shared out         idle");
  EXPECT_EQ(lines[7], "gpt-4o-ptu            50  48.00  $2,400.0000     $0.0025  $2,399.9975");
}

TEST_F(UsageOfReservedCapacity, IsAPartOfItsOwnInCsv) {
  auto lines = lines_of(run({"--format", "csv", "--from", "2026-01-01", "--to", "2026-01-02"}).out);
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_EQ(lines[3], "");
  EXPECT_EQ(lines[4], "reserved_deployment,units,hours,cost_usd,shared_usd,idle_usd");
  EXPECT_EQ(lines[5], "gpt-4o-ptu,50,48.00,2400.0,0.002469134,2399.997530866");
}

TEST_F(UsageOfReservedCapacity, WithoutDatesItGoesFromTheFirstToTheLastMinuteWithUsage) {
  json told = json::parse(run({"--format", "json"}).out);
  EXPECT_EQ(told["reserved_capacity"], json::parse(R"([{"deployment":"gpt-4o-ptu","units":50,
      "hours":24.02,"cost_usd":1200.833333333,"shared_usd":0.002469134,
      "idle_usd":1200.830864199}])"));
}

TEST_F(UsageOfReservedCapacity, IsNeverIdleBelowNothing) {
  book(5'000'000'000'000);
  json told = json::parse(run({"--format", "json", "--from", "2026-01-01", "--to", "2026-01-02"}).out);
  EXPECT_EQ(told["reserved_capacity"][0]["cost_usd"], 2400.0);
  EXPECT_EQ(told["reserved_capacity"][0]["shared_usd"], 5000.002469134);
  EXPECT_EQ(told["reserved_capacity"][0]["idle_usd"], 0.0);
}

TEST_F(UsageOfReservedCapacity, IsOneFocusRowADayOfWhatLayIdle) {
  auto lines = lines_of(run({"--format", "focus-jsonl", "--from", "2026-01-01T18:00", "--to", "2026-01-03"}).out);
  ASSERT_EQ(lines.size(), 4u);
  json row = json::parse(lines[1]);
  EXPECT_EQ(row["BilledCost"], 300.0);
  EXPECT_EQ(row["BillingAccountId"], "idle reserved capacity");
  EXPECT_EQ(row["CapacityReservationId"], "gpt-4o-ptu");
  EXPECT_EQ(row["CapacityReservationStatus"], "Unused");
  EXPECT_EQ(row["ChargeCategory"], "Usage");
  EXPECT_EQ(row["ChargeDescription"], "idle reserved capacity");
  EXPECT_EQ(row["ChargePeriodStart"], "2026-01-01T00:00:00Z");
  EXPECT_TRUE(row["ConsumedQuantity"].is_null());
  EXPECT_TRUE(row["ConsumedUnit"].is_null());
  EXPECT_EQ(row["PricingQuantity"], 300.0);
  EXPECT_EQ(row["PricingUnit"], "PTU-Hours");
  EXPECT_TRUE(row["SubAccountId"].is_null());
  EXPECT_EQ(json::parse(lines[3])["BilledCost"], 1200.0);
}

TEST_F(UsageOfReservedCapacity, ADayWithoutIdleHoursHasNoFocusRow) {
  book(1'200'000'000'000);
  auto lines = lines_of(run({"--format", "focus-csv", "--from", "2026-01-02", "--to", "2026-01-02"}).out);
  ASSERT_EQ(lines.size(), 3u);
  for (const std::string& line : lines) EXPECT_EQ(line.find("Unused"), std::string::npos) << line;
}

TEST_F(UsageOfReservedCapacity, IsNobodysAndLeftOutWhereOnePayerIsAskedFor) {
  EXPECT_EQ(run({"--cost-center", "CC-1042"}).out.find("reserved"), std::string::npos);
  EXPECT_EQ(run({"--subscription", "search"}).out.find("reserved"), std::string::npos);
}

TEST_F(UsageOfReservedCapacity, IsToldOfDaysWithoutAnyRequest) {
  auto lines = lines_of(run({"--from", "2026-01-10", "--to", "2026-01-10"}).out);
  EXPECT_EQ(lines.back(), "gpt-4o-ptu            50  24.00  $1,200.0000     $0.0000  $1,200.0000");
  EXPECT_EQ(run({"--from", "2020-01-01"}).status, 0);
  EXPECT_EQ(usage({"--config", config_, "--to", "2020-01-01"}).out, "");
}

TEST_F(UsageOfReservedCapacity, ReadsALedgerNamedBesideTheConfiguration) {
  const std::string copy = folder_ / "copy.db";
  std::filesystem::copy_file(path_, copy);
  std::filesystem::remove(path_);
  EXPECT_NE(run({"--ledger", copy}).out.find("reserved capacity"), std::string::npos);
}

TEST_F(UsageCommand, ShowsMeters) {
  EXPECT_EQ(lines_of(run({"--meters"}).out),
            (std::vector<std::string>{
                "meter                                           since                    used",
                "standard.money/month|subscription=payments-web  2026-01-01T00:00:00Z  1234567"}));
}

TEST_F(UsageCommand, ReadsWhileAGatewayWrites) {
  LedgerConfig config;
  config.path = path_;
  ledger::Ledger books(config);
  EXPECT_EQ(lines_of(run({"--by", "subscription"}).out).size(), 5u);
}

TEST_F(UsageCommand, ANameIsNoFormulaInASpreadsheet) {
  {
    LedgerConfig config;
    config.path = path_;
    ledger::Ledger books(config);
    ledger::Charge c;
    c.at = WallTime(std::chrono::seconds(1'767'268'800));
    c.task = "=HYPERLINK(\"x\")";
    books.add_lane().append(c, {});
  }
  EXPECT_NE(run({"--format", "csv", "--by", "task"}).out.find("\n\"'=HYPERLINK(\"\"x\"\")\",1,"),
            std::string::npos);
}

TEST_F(UsageCommand, SaysWhatIsWrong) {
  Result missing = usage({"--ledger", folder_ / "none.db"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_NE(missing.err.find("there is no ledger at"), std::string::npos) << missing.err;

  std::ofstream(folder_ / "notes.txt") << std::string(5'000, 'x');
  Result text = usage({"--ledger", folder_ / "notes.txt"});
  EXPECT_EQ(text.status, 1);
  EXPECT_NE(text.err.find("notes.txt cannot be read: "), std::string::npos) << text.err;

  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--by", "colour"}, {"--from", "yesterday"}, {"--to", "2026-02-30"},
        {"--format", "xml"}, {"--by"}, {"--frmo", "2026-01-01"},
        {"--from", "2026-01-02", "--to", "2026-01-01"}}) {
    Result result = run(wrong);
    EXPECT_EQ(result.status, 2) << wrong[0];
    EXPECT_NE(result.err.find("usage: tollgate usage"), std::string::npos);
  }
  EXPECT_NE(run({"--by", "colour"}).err.find("no column \"colour\""), std::string::npos);

  Result nothing = run({"--from", "2020-01-01", "--to", "2020-01-31"});
  EXPECT_EQ(nothing.status, 0);
  EXPECT_NE(nothing.err.find("no usage in "), std::string::npos);
}

}  // namespace
}  // namespace tollgate::cli::usage_test
