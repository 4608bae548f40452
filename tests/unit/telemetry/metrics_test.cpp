#include "telemetry/metrics.hpp"

#include "ended_exchange.hpp"
#include "prometheus_page.hpp"

#include "telemetry/record_writer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace tollgate::telemetry {
namespace {

using namespace std::chrono_literals;

const std::string payments =
    R"(subscription="payments-web",model="gpt-4o",deployment="gpt-4o-ptu")";
const std::string payments_chat =
    "tollgate_requests_total{" + payments +
    R"(,operation="chat_completions",status="200",stream="true"})";
const std::string chat_latency =
    R"({model="gpt-4o",deployment="gpt-4o-ptu",operation="chat_completions"})";

TEST(Metrics, AnEmptyPageIsValidAndComplete) {
  Metrics metrics("1.2.3");
  PrometheusPage page(metrics.render());
  EXPECT_EQ(page[R"(tollgate_build_info{version="1.2.3"})"], 1);
  EXPECT_EQ(page["tollgate_requests_in_flight"], 0);
  EXPECT_GT(page["process_resident_memory_bytes"], 1e6);
  EXPECT_GE(page["process_open_fds"], 3);
  EXPECT_GT(page["process_max_fds"], page["process_open_fds"]);
  EXPECT_GT(page["process_start_time_seconds"], 1.7e9);
  EXPECT_GT(page["process_cpu_seconds_total"], 0);
  for (const char* family :
       {"tollgate_requests_total", "tollgate_tokens_total", "tollgate_errors_total",
        "tollgate_time_to_first_token_seconds", "tollgate_time_per_output_token_seconds",
        "tollgate_request_duration_seconds", "tollgate_gateway_overhead_seconds"})
    EXPECT_TRUE(page.types().contains(family)) << family;
}

TEST(Metrics, CountsARequestWithItsTokensAndBytes) {
  Metrics metrics("1");
  EndedExchange ended;
  metrics.add_worker().on_end(ended.ex, ended.outcome);
  PrometheusPage page(metrics.render());
  EXPECT_EQ(page[payments_chat], 1);
  EXPECT_EQ(page["tollgate_tokens_total{" + payments + R"(,kind="prompt"})"], 100);
  EXPECT_EQ(page["tollgate_tokens_total{" + payments + R"(,kind="cached"})"], 60);
  EXPECT_EQ(page["tollgate_tokens_total{" + payments + R"(,kind="completion"})"], 41);
  EXPECT_EQ(page["tollgate_tokens_total{" + payments + R"(,kind="reasoning"})"], 0);
  EXPECT_EQ(page["tollgate_request_body_bytes_total"], 320);
  EXPECT_EQ(page["tollgate_response_body_bytes_total"], 9'000);
  EXPECT_EQ(page["tollgate_stream_chunks_total"], 43);
  EXPECT_EQ(page["tollgate_upstream_calls_total"], 1);
  EXPECT_EQ(page[R"(tollgate_streams_ended_total{end="complete"})"], 1);
}

TEST(Metrics, PutsTimesIntoTheRightBuckets) {
  Metrics metrics("1");
  EndedExchange ended;
  metrics.add_worker().on_end(ended.ex, ended.outcome);
  PrometheusPage page(metrics.render());
  auto bucket = [&](std::string name, std::string le) {
    return page[name + "_bucket" + chat_latency.substr(0, chat_latency.size() - 1) + ",le=\"" + le +
                "\"}"];
  };
  EXPECT_EQ(bucket("tollgate_time_to_first_token_seconds", "0.3"), 0);
  EXPECT_EQ(bucket("tollgate_time_to_first_token_seconds", "0.5"), 1);
  EXPECT_EQ(bucket("tollgate_time_per_output_token_seconds", "0.015"), 0);
  EXPECT_EQ(bucket("tollgate_time_per_output_token_seconds", "0.02"), 1);
  EXPECT_EQ(bucket("tollgate_request_duration_seconds", "1"), 0);
  EXPECT_EQ(bucket("tollgate_request_duration_seconds", "2"), 1);
  EXPECT_EQ(bucket("tollgate_gateway_overhead_seconds", "5e-05"), 0);
  EXPECT_EQ(bucket("tollgate_gateway_overhead_seconds", "7.5e-05"), 1);
  EXPECT_DOUBLE_EQ(page["tollgate_request_duration_seconds_sum" + chat_latency], 1.2);
}

TEST(Metrics, MeasuresTimePerTokenByChunksWithoutUsage) {
  Metrics metrics("1");
  EndedExchange ended;
  ended.ex.usage = {};
  ended.ex.chunks = 9;  // 800 ms over 8
  metrics.add_worker().on_end(ended.ex, ended.outcome);
  PrometheusPage page(metrics.render());
  EXPECT_DOUBLE_EQ(page["tollgate_time_per_output_token_seconds_sum" + chat_latency], 0.1);
  EXPECT_EQ(page["tollgate_tokens_total{" + payments + R"(,kind="prompt"})"], 0);
}

TEST(Metrics, LeavesReasoningOutOfTimePerToken) {
  Metrics metrics("1");
  EndedExchange ended;
  ended.ex.usage = {100, 0, 1'009, 1'000, 1'109, true};
  metrics.add_worker().on_end(ended.ex, ended.outcome);
  PrometheusPage page(metrics.render());
  EXPECT_DOUBLE_EQ(page["tollgate_time_per_output_token_seconds_sum" + chat_latency], 0.1);
}

TEST(Metrics, APlainAnswerHasNoFirstTokenTime) {
  Metrics metrics("1");
  EndedExchange ended;
  ended.ex.is_stream = false;
  metrics.add_worker().on_end(ended.ex, ended.outcome);
  PrometheusPage page(metrics.render());
  EXPECT_EQ(page.count("tollgate_time_to_first_token_seconds"), 0u);
  EXPECT_EQ(page["tollgate_request_duration_seconds_count" + chat_latency], 1);
  EXPECT_EQ(page[R"(tollgate_streams_ended_total{end="complete"})"], 0);
}

TEST(Metrics, ClocksThatDisagreeCountAsZero) {
  Metrics metrics("1");
  EndedExchange ended;
  ended.ex.waited_upstream = 10s;
  metrics.add_worker().on_end(ended.ex, ended.outcome);
  PrometheusPage page(metrics.render());
  EXPECT_EQ(page["tollgate_gateway_overhead_seconds_sum" + chat_latency], 0);
  EXPECT_EQ(page["tollgate_gateway_overhead_seconds_count" + chat_latency], 1);
}

TEST(Metrics, AddsUpTheWorkers) {
  Metrics metrics("1");
  EndedExchange ended;
  auto& one = metrics.add_worker();
  auto& two = metrics.add_worker();
  one.on_end(ended.ex, ended.outcome);
  two.on_end(ended.ex, ended.outcome);
  two.on_end(ended.ex, ended.outcome);
  one.requests_in_flight.add();
  two.requests_in_flight.add(4);
  two.requests_in_flight.subtract();
  one.upstream_busy.set(3);
  two.upstream_idle.set(5);
  two.http_errors[HttpError::write_stall].add();
  PrometheusPage page(metrics.render());
  EXPECT_EQ(page[payments_chat], 3);
  EXPECT_EQ(page["tollgate_tokens_total{" + payments + R"(,kind="prompt"})"], 300);
  EXPECT_EQ(page["tollgate_request_duration_seconds_count" + chat_latency], 3);
  EXPECT_EQ(page["tollgate_requests_in_flight"], 4);
  EXPECT_EQ(page[R"(tollgate_upstream_connections{state="busy"})"], 3);
  EXPECT_EQ(page[R"(tollgate_upstream_connections{state="idle"})"], 5);
  EXPECT_EQ(page[R"(tollgate_http_errors_total{kind="write_stall"})"], 1);
}

TEST(Metrics, CountsErrorsBySourceAndCode) {
  Metrics metrics("1");
  EndedExchange ended;
  ended.ex.status = 502;
  ended.outcome = {End::refused, ErrorKind::upstream_failed, ErrorSource::upstream};
  metrics.add_worker().on_end(ended.ex, ended.outcome);
  PrometheusPage page(metrics.render());
  EXPECT_EQ(page[R"(tollgate_errors_total{source="upstream",code="upstream_error"})"], 1);
  EXPECT_EQ(page.count("tollgate_errors_total"), 1u);
  EXPECT_EQ(page[R"(tollgate_streams_ended_total{end="refused"})"], 1);
}

TEST(Metrics, NothingAClientSentBecomesALabel) {
  Metrics metrics("1");
  EndedExchange ended;
  ended.ex.subscription = nullptr;
  ended.ex.model = nullptr;
  ended.ex.deployment = nullptr;
  ended.ex.model_asked = "invented-by-client";
  ended.ex.response_model = "invented-by-upstream";
  ended.ex.status = 777;
  metrics.add_worker().on_end(ended.ex, ended.outcome);
  std::string text = metrics.render();
  PrometheusPage page(text);
  EXPECT_EQ(text.find("invented"), std::string::npos);
  EXPECT_EQ(page[R"(tollgate_requests_total{subscription="",model="",deployment="",)"
                 R"(operation="chat_completions",status="none",stream="true"})"],
            1);
}

TEST(Metrics, EscapesLabelValues) {
  Metrics metrics("1");
  EndedExchange ended;
  ended.subscription.name = "a\"b\\c\nd";
  metrics.add_worker().on_end(ended.ex, ended.outcome);
  PrometheusPage page(metrics.render());
  EXPECT_EQ(page.count(R"(tollgate_requests_total{subscription="a\"b\\c\nd",)"), 1u);
}

TEST(Metrics, SeriesSurviveANewConfiguration) {
  Metrics metrics("1");
  auto& worker = metrics.add_worker();
  EndedExchange before;
  worker.on_end(before.ex, before.outcome);
  worker.on_new_config();
  EndedExchange after;  // the same names at other addresses
  worker.on_end(after.ex, after.outcome);
  EXPECT_EQ(PrometheusPage(metrics.render())[payments_chat], 2);
}

TEST(Metrics, AReusedAddressIsNotTakenForTheOldName) {
  Metrics metrics("1");
  auto& worker = metrics.add_worker();
  EndedExchange ended;
  worker.on_end(ended.ex, ended.outcome);
  worker.on_new_config();
  ended.subscription.name = "fraud-check";
  worker.on_end(ended.ex, ended.outcome);
  PrometheusPage page(metrics.render());
  EXPECT_EQ(page[payments_chat], 1);
  EXPECT_EQ(page.count(R"(tollgate_requests_total{subscription="fraud-check")"), 1u);
}

TEST(Metrics, SeriesAreBoundedAndTheRestIsCountedAsOther) {
  Metrics metrics("1", 20);
  auto& worker = metrics.add_worker();
  EndedExchange ended;
  for (int i = 0; i < 50; ++i) {
    worker.on_new_config();
    ended.subscription.name = "team-" + std::to_string(i);
    worker.on_end(ended.ex, ended.outcome);
  }
  PrometheusPage page(metrics.render());
  EXPECT_EQ(page.count("tollgate_requests_total"), 21u);
  EXPECT_EQ(page[R"(tollgate_requests_total{subscription="other",model="other",)"
                 R"(deployment="other",operation="other",status="other",stream="other"})"],
            30);
  EXPECT_EQ(page["tollgate_requests_other_total"], 30);
  EXPECT_EQ(page["tollgate_request_duration_seconds_count" + chat_latency], 50);
}

TEST(Metrics, ShowsReloadsAndRecords) {
  RecordWriter records({"/dev/null", 1 << 20});
  Metrics metrics("1");
  metrics.watch(records);
  metrics.on_config_reload(true);
  metrics.on_config_reload(false);
  metrics.on_config_reload(false);
  PrometheusPage page(metrics.render());
  EXPECT_EQ(page[R"(tollgate_config_reloads_total{result="ok"})"], 1);
  EXPECT_EQ(page[R"(tollgate_config_reloads_total{result="failed"})"], 2);
  EXPECT_GT(page["tollgate_config_last_reload_success_timestamp_seconds"], 1.7e9);
  EXPECT_EQ(page["tollgate_records_dropped_total"], 0);
}

// For the thread sanitizer, and to show that nothing is lost between writers and scraper.
TEST(Metrics, ScrapesWhileWorkersCount) {
  constexpr int rounds = 20'000;
  Metrics metrics("1");
  auto work = [rounds](WorkerMetrics& worker) {
    EndedExchange ended;
    for (int i = 0; i < rounds; ++i) {
      if (i % 1'000 == 0) {
        worker.on_new_config();
        ended.deployment.name = "deployment-" + std::to_string(i / 1'000);
      }
      worker.requests_in_flight.add();
      worker.on_end(ended.ex, ended.outcome);
      worker.requests_in_flight.subtract();
    }
  };
  std::atomic<bool> is_over{false};
  std::thread scraper([&] {
    double last = 0;
    while (!is_over) {
      PrometheusPage page(metrics.render());
      double now = page["tollgate_upstream_calls_total"];
      EXPECT_GE(now, last);
      last = now;
    }
  });
  std::thread one(work, std::ref(metrics.add_worker()));
  std::thread two(work, std::ref(metrics.add_worker()));
  one.join();
  two.join();
  is_over = true;
  scraper.join();
  PrometheusPage page(metrics.render());
  EXPECT_EQ(page["tollgate_upstream_calls_total"], 2 * rounds);
  EXPECT_EQ(page.count("tollgate_requests_total"), 20u);
  EXPECT_EQ(page["tollgate_requests_in_flight"], 0);
}

}  // namespace
}  // namespace tollgate::telemetry
