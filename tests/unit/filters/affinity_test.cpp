// Requests for what resources keep: looked up, pinned, searched for, denied. Behind the filter stand
// resources that know what they were told to know.
#include "affinity/directory.hpp"
#include "base/branch.hpp"
#include "filters/filters.hpp"
#include "filters/reply.hpp"
#include "net/loop.hpp"
#include "net/perimeter.hpp"
#include "openai/missing_object.hpp"
#include "openai/request_scan.hpp"
#include "openai/route.hpp"
#include "telemetry/worker_metrics.hpp"
#include "upstream/upstreams.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace tollgate::affinity_test {
namespace {

using namespace std::chrono_literals;
using affinity::key_of;
using affinity::Lookup;
using affinity::Owner;

class RecordingSink final : public ResponseSink {
 public:
  awaitable<Flow> head(const ResponseHead& head) override {
    status = head.status;
    ++heads;
    return Flow::go_on;
  }
  awaitable<Flow> chunk(const Chunk& chunk) override {
    body.append(chunk.bytes);
    return Flow::go_on;
  }
  awaitable<Flow> flush() override { return Flow::go_on; }
  int status = 0;
  int heads = 0;
  std::string body;
};

// Stands for the balancer, the call and the resources.
class Azure final : public Filter {
 public:
  struct Resource {
    std::set<std::string> knows;
    int fails_with = 0;      // answers every call so; forward tells it in its own words
    int forgets = 0;         // denies what it knows so many times
    std::string creates;     // the body of an answer that is no look at something
    std::vector<std::string> events;
  };

  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next) const override {
    const Deployment* deployment = ex.pinned ? ex.pinned
                                   : ex.route.names_model ? ex.model->deployment
                                                          : ex.subscription->product->home;
    ex.deployment = deployment;
    ++ex.attempts;
    asked.push_back(deployment->name);
    Resource& resource = resources[deployment->endpoint.authority];
    if (resource.fails_with != 0) {
      Error error;
      error.kind = resource.fails_with == 429 ? ErrorKind::rate_limited : ErrorKind::upstream_failed;
      error.source = ErrorSource::upstream;
      co_return co_await filters::reply_error(ex, out, std::move(error));
    }
    std::string_view id = openai::ids_in_path(ex.route).outer.empty() ? "" : path_id(ex);
    std::string_view field;
    if (id.empty() && ex.facts && !ex.facts->references.empty()) {
      id = ex.facts->references.front().id;
      field = ex.facts->references.front().field;
    }
    if (!id.empty() && (!resource.knows.contains(std::string(id)) || resource.forgets-- > 0)) {
      const auto missing = openai::missing_object(ex.route, id, field);
      co_return co_await answer(out, missing.status, missing.body);
    }
    if (!resource.events.empty()) co_return co_await stream(out, resource.events);
    const std::string body = resource.creates.empty() ? std::string(R"({"object":"x"})") : resource.creates;
    co_return co_await answer(out, 200, body);
  }

  mutable std::map<std::string, Resource> resources;
  mutable std::vector<std::string> asked;  // deployments

 private:
  static std::string_view path_id(const Exchange& ex) {
    const auto begin = ex.route.tail.find('/', 1) + 1;
    return ex.route.tail.substr(begin, ex.route.tail.find('/', begin) - begin);
  }
  static awaitable<Outcome> answer(ResponseSink& out, int status, const std::string& body) {
    ResponseHead head;
    head.status = status;
    head.content_type = "application/json";
    head.content_length = body.size();
    Outcome outcome;
    co_await out.head(head);
    for (const char& byte : body) {  // cut as badly as can be
      Chunk chunk;
      chunk.bytes = std::string_view(&byte, 1);
      co_await out.chunk(chunk);
    }
    co_return outcome;
  }
  static awaitable<Outcome> stream(ResponseSink& out, const std::vector<std::string>& events) {
    ResponseHead head;
    head.is_event_stream = true;
    head.content_type = "text/event-stream";
    Outcome outcome;
    co_await out.head(head);
    for (const std::string& data : events) {
      Chunk chunk;
      chunk.kind = Chunk::Kind::event;
      chunk.bytes = chunk.data = data;
      co_await out.chunk(chunk);
    }
    co_return outcome;
  }
};

class AffinityTest : public testing::Test {
 protected:
  AffinityTest() {
    config_.affinity.path = "off";
    east_ = add_deployment("gpt-east", "east");
    west_ = add_deployment("gpt-west", "west");
    mini_west_ = add_deployment("mini-west", "west");
    north_ = add_deployment("o3-north", "north");
    gpt_east_ = add_model("gpt", east_);
    gpt_west_ = add_model("gpt-w", west_);
    o3_ = add_model("o3", north_);
    Product product;
    product.name = "plan";
    product.models = {gpt_east_, gpt_west_, o3_};
    product.home = east_;
    product_ = new Product(product);
    config_.products.emplace_back(product_);
    web_ = add_subscription("web");
    payroll_ = add_subscription("payroll");
    directory_ = std::make_unique<affinity::Directory>(config_.affinity);
  }

  const Deployment* add_deployment(const char* name, const char* resource) {
    auto deployment = std::make_unique<Deployment>();
    deployment->name = name;
    deployment->endpoint.authority = resource;
    deployment->index = config_.deployments.size();
    config_.deployments.push_back(std::move(deployment));
    return config_.deployments.back().get();
  }
  const Model* add_model(const char* name, const Deployment* deployment) {
    auto model = std::make_unique<Model>();
    model->name = name;
    model->deployment = deployment;
    model->steps = {{RouteChoice{deployment}}};
    model->index = config_.models.size();
    config_.models.push_back(std::move(model));
    return config_.models.back().get();
  }
  const Subscription* add_subscription(const char* name) {
    auto subscription = std::make_unique<Subscription>();
    subscription->name = name;
    subscription->product = product_;
    subscription->index = config_.subscriptions.size();
    config_.subscriptions.push_back(std::move(subscription));
    return config_.subscriptions.back().get();
  }

  void call(std::string_view method, std::string_view target, const std::string& body = {}, const Model* model = nullptr,
            const Subscription* caller = nullptr) {
    azure_->asked.clear();
    sink_ = RecordingSink();
    ex_ = std::make_unique<Exchange>(loop_, upstreams_);
    ex_->method = method;
    openai::RouteError problem;
    const auto route = openai::parse_target(method, target, problem);
    ASSERT_TRUE(route);
    ex_->route = *route;
    ex_->config = &config_;
    ex_->subscription = caller ? caller : web_;
    ex_->model = model;
    ex_->model_asked = model ? model->name : "";
    openai::RequestFacts facts;
    if (!body.empty()) {
      openai::ScanProblem fault;
      ASSERT_TRUE(openai::scan_request(body, ex_->route.operation, facts, fault)) << fault.message;
      ex_->facts = &facts;
    }
    filters::Services services;
    services.directory = directory_.get();
    const auto filter = filters::make_affinity(config_, services);
    const std::vector<std::shared_ptr<const Filter>> rest{azure_};
    base::Result<Outcome> result;
    base::Branch branch = base::run(drive(*filter, rest), result);
    std::coroutine_handle<> nobody;
    branch.start(&nobody);
    if (!branch.is_done()) loop_.run();
    ASSERT_TRUE(branch.is_done());
    ex_->facts = nullptr;
  }
  awaitable<Outcome> drive(const Filter& filter, const std::vector<std::shared_ptr<const Filter>>& rest) {
    Outcome outcome = co_await filter.handle(*ex_, sink_, Next(rest));
    outcome_ = outcome;
    loop_.stop();
    co_return outcome;
  }

  Azure::Resource& resource(const char* name) { return azure_->resources[name]; }
  void remember(const char* id, const char* resource, const char* deployment, const char* subscription = "web") {
    directory_->note(key_of(id), Owner{"https://" + std::string(resource), deployment, subscription}, 1h, true);
  }
  const Owner* owner_of(const char* id) { return directory_->find(key_of(id)); }
  std::uint64_t count(Lookup lookup) const { return directory_->numbers().lookups[static_cast<std::size_t>(lookup)]; }
  using Asked = std::vector<std::string>;

  Config config_;
  const Deployment *east_, *west_, *mini_west_, *north_;
  const Model *gpt_east_, *gpt_west_, *o3_;
  Product* product_;
  const Subscription *web_, *payroll_;
  std::unique_ptr<affinity::Directory> directory_;
  std::shared_ptr<Azure> azure_ = std::make_shared<Azure>();
  net::Loop loop_;
  telemetry::WorkerMetrics metrics_{100};
  net::Perimeter perimeter_;
  upstream::Upstreams upstreams_{loop_, perimeter_, metrics_};
  std::unique_ptr<Exchange> ex_;
  RecordingSink sink_;
  Outcome outcome_;
};

TEST_F(AffinityTest, RemembersWhatAnAnswerCreates) {
  resource("west").creates = R"({"id":"resp_1","output":[{"id":"rs_1","type":"reasoning"},{"id":"msg_1","type":"message"}]})";
  call("POST", "/v1/responses", R"({"model":"gpt-w","input":"Hi"})", gpt_west_);
  EXPECT_EQ(azure_->asked, Asked({"gpt-west"}));
  for (const auto* id : {"resp_1", "rs_1", "msg_1"}) {
    ASSERT_TRUE(owner_of(id)) << id;
    EXPECT_EQ(*owner_of(id), (Owner{"https://west", "gpt-west", "web"}));
  }
  EXPECT_EQ(sink_.body, resource("west").creates);
}

TEST_F(AffinityTest, RemembersWhatAStreamCreatesBeforeTheClientHasIt) {
  resource("east").events = {R"({"type":"response.created","response":{"id":"resp_1","output":[]}})",
                             R"({"type":"response.output_text.delta","delta":"response.created"})",
                             R"({"type":"response.completed","response":{"id":"resp_1","output":[{"id":"msg_1"}]}})"};
  call("POST", "/v1/responses", R"({"model":"gpt","input":"Hi","stream":true})", gpt_east_);
  EXPECT_TRUE(owner_of("resp_1"));
  EXPECT_TRUE(owner_of("msg_1"));
}

// Thoughts that come back encrypted can be read by the resource that had them alone.
TEST_F(AffinityTest, RemembersOnlyThoughtsOfWhatIsNotStored) {
  resource("east").creates = R"({"id":"resp_1","output":[{"id":"rs_1"},{"id":"msg_1"}]})";
  call("POST", "/v1/responses", R"({"model":"gpt","input":"Hi","store":false})", gpt_east_);
  EXPECT_FALSE(owner_of("resp_1"));
  EXPECT_FALSE(owner_of("msg_1"));
  EXPECT_TRUE(owner_of("rs_1"));
}

TEST_F(AffinityTest, KeepsContainersWithWhoeverRanCodeInThem) {
  resource("west").creates = R"({"id":"resp_1","output":[{"id":"ci_1","container_id":"cntr_1"}]})";
  call("POST", "/v1/responses", R"({"model":"gpt-w","input":"Hi","store":false})", gpt_west_);
  ASSERT_TRUE(owner_of("cntr_1"));
  const std::string again = R"({"model":"gpt","input":"Hi","tools":[{"type":"code_interpreter","container":"cntr_1"}]})";
  call("POST", "/v1/responses", again, gpt_east_, payroll_);
  EXPECT_EQ(azure_->asked, Asked());
  EXPECT_EQ(sink_.status, 404);
  EXPECT_NE(sink_.body.find("Container with id 'cntr_1' not found."), std::string::npos) << sink_.body;
  resource("west").knows = {"cntr_1"};
  call("POST", "/v1/responses", again, gpt_west_);
  EXPECT_EQ(ex_->route_reason, "affinity");
  EXPECT_EQ(owner_of("cntr_1")->subscription, "web");
}

TEST_F(AffinityTest, RemembersTheFilesOfABatch) {
  remember("batch_1", "west", "gpt-west");
  resource("west") = {{"batch_1"}, 0, 0, R"({"id":"batch_1","output_file_id":"file-out","error_file_id":"file-err"})", {}};
  call("GET", "/v1/batches/batch_1");
  ASSERT_TRUE(owner_of("file-out"));
  EXPECT_EQ(owner_of("file-out")->resource, "https://west");
  EXPECT_TRUE(owner_of("file-err"));
}

// Made in the background: the answer that created it names no items yet. They are theirs who made it.
TEST_F(AffinityTest, RemembersTheItemsOfAResponseThatIsLookedAt) {
  product_->objects = ObjectSharing::product;
  for (const auto* id : {"resp_1", "resp_2"}) remember(id, "west", "gpt-west", "payroll");
  resource("west") = {{"resp_1", "resp_2"}, 0, 0, R"({"id":"resp_1","output":[{"id":"rs_1"},{"id":"msg_1"}]})", {}};
  call("GET", "/v1/responses/resp_1");
  for (const auto* id : {"rs_1", "msg_1"}) {
    ASSERT_TRUE(owner_of(id)) << id;
    EXPECT_EQ(*owner_of(id), (Owner{"https://west", "gpt-west", "payroll"}));
  }
  resource("west").events = {R"({"type":"response.completed","response":{"id":"resp_2","output":[{"id":"msg_2"}]}})"};
  call("GET", "/v1/responses/resp_2?stream=true&starting_after=7");
  ASSERT_TRUE(owner_of("msg_2"));
  EXPECT_EQ(owner_of("msg_2")->subscription, "payroll");
}

TEST_F(AffinityTest, BelievesNoFilesContent) {
  resource("east") = {{"file-1"}, 0, 0, R"({"id":"file-of-somebody-else"})", {}};
  call("GET", "/v1/files/file-1/content");
  EXPECT_EQ(sink_.status, 200);
  EXPECT_FALSE(owner_of("file-of-somebody-else"));
}

TEST_F(AffinityTest, PinsToTheOwner) {
  remember("resp_1", "west", "gpt-west");
  resource("west").knows = {"resp_1"};
  call("GET", "/v1/responses/resp_1");
  EXPECT_EQ(azure_->asked, Asked({"gpt-west"}));
  EXPECT_EQ(ex_->pinned, west_);
  EXPECT_EQ(ex_->route_reason, "affinity");
  EXPECT_EQ(sink_.status, 200);
  EXPECT_EQ(count(Lookup::known), 1u);
}

TEST_F(AffinityTest, StaysWithAnOwnerThatFails) {
  remember("resp_1", "west", "gpt-west");
  resource("west").fails_with = 429;
  resource("east").knows = {"resp_1"};
  call("GET", "/v1/responses/resp_1");
  EXPECT_EQ(azure_->asked, Asked({"gpt-west"}));
  EXPECT_EQ(sink_.status, 429);
  EXPECT_TRUE(owner_of("resp_1"));
}

TEST_F(AffinityTest, PinsAChainedResponseToTheModelsDeploymentThere) {
  remember("resp_1", "west", "mini-west");
  resource("west") = {{"resp_1"}, 0, 0, R"({"id":"resp_2"})", {}};
  call("POST", "/v1/responses", R"({"model":"gpt-w","previous_response_id":"resp_1","input":"More"})", gpt_west_);
  EXPECT_EQ(azure_->asked, Asked({"gpt-west"}));
  EXPECT_TRUE(owner_of("resp_2"));
  call("POST", "/v1/responses", R"({"model":"gpt","previous_response_id":"resp_1","input":"More"})", gpt_east_);
  EXPECT_EQ(azure_->asked, Asked());
  EXPECT_EQ(sink_.status, 400);
  EXPECT_NE(sink_.body.find("does not serve the model `gpt`; it serves `gpt-w`."), std::string::npos) << sink_.body;
}

TEST_F(AffinityTest, LooksTwiceWhereAResponseIsDeniedByMistake) {
  remember("resp_1", "west", "gpt-west");
  resource("west") = {{"resp_1"}, 0, 1, R"({"id":"resp_2"})", {}};
  call("POST", "/v1/responses", R"({"model":"gpt-w","previous_response_id":"resp_1","input":"More"})", gpt_west_);
  EXPECT_EQ(azure_->asked, Asked({"gpt-west", "gpt-west"}));
  EXPECT_EQ(sink_.status, 200);
  EXPECT_EQ(sink_.heads, 1);
}

TEST_F(AffinityTest, BelievesAResponseToBeGoneTheSecondTime) {
  remember("resp_1", "west", "gpt-west");
  resource("west") = {{"resp_1"}, 0, 5, R"({"id":"resp_2"})", {}};
  call("POST", "/v1/responses", R"({"model":"gpt-w","previous_response_id":"resp_1","input":"More"})", gpt_west_);
  EXPECT_EQ(azure_->asked.size(), 2u);
  EXPECT_EQ(sink_.status, 400);
  EXPECT_NE(sink_.body.find("previous_response_not_found"), std::string::npos);
}

TEST_F(AffinityTest, AsksEveryResourceOnceTheHomeFirst) {
  resource("north").knows = {"file-1"};
  call("GET", "/v1/files/file-1");
  EXPECT_EQ(azure_->asked, Asked({"gpt-east", "gpt-west", "o3-north"}));
  EXPECT_EQ(sink_.status, 200);
  EXPECT_EQ(sink_.heads, 1);
  EXPECT_EQ(ex_->route_reason, "affinity:search");
  EXPECT_EQ(count(Lookup::probed), 1u);
  call("GET", "/v1/files/file-1");
  EXPECT_EQ(azure_->asked, Asked({"o3-north"}));
  EXPECT_EQ(count(Lookup::known), 1u);
}

TEST_F(AffinityTest, SaysMissingWhenNobodyHasIt) {
  call("GET", "/v1/files/file-1");
  EXPECT_EQ(azure_->asked.size(), 3u);
  EXPECT_EQ(sink_.status, 404);
  EXPECT_EQ(sink_.heads, 1);
  EXPECT_NE(sink_.body.find("No such File object: file-1"), std::string::npos);
  EXPECT_EQ(count(Lookup::unknown), 1u);
  EXPECT_EQ(outcome_.end, End::complete);
}

// The one that could not be asked may have it.
TEST_F(AffinityTest, DoesNotSayMissingWhileOneCannotBeAsked) {
  resource("west").fails_with = 502;
  call("GET", "/v1/files/file-1");
  EXPECT_EQ(azure_->asked.size(), 3u);
  EXPECT_EQ(sink_.status, 502);
  EXPECT_EQ(count(Lookup::unknown), 0u);
  resource("north").knows = {"file-1"};
  call("GET", "/v1/files/file-1");
  EXPECT_EQ(sink_.status, 200);
  EXPECT_EQ(ex_->error_detail, "");
}

// The search for a model's call is among the resources that serve the model.
TEST_F(AffinityTest, SearchesOnlyWhereTheModelIs) {
  call("POST", "/v1/responses", R"({"model":"gpt-w","previous_response_id":"resp_1","input":"More"})", gpt_west_);
  EXPECT_EQ(azure_->asked, Asked({"gpt-west"}));
  EXPECT_EQ(sink_.status, 400);
}

TEST_F(AffinityTest, DeniesWhatBelongsToAnotherSubscription) {
  remember("file-1", "east", "gpt-east", "payroll");
  resource("east").knows = {"file-1"};
  call("GET", "/v1/files/file-2");
  const std::string missing = sink_.body;
  call("GET", "/v1/files/file-1");
  EXPECT_EQ(azure_->asked, Asked());
  EXPECT_EQ(sink_.status, 404);
  std::string expected = missing;
  expected.replace(expected.find("file-2"), 6, "file-1");
  EXPECT_EQ(sink_.body, expected);
  EXPECT_EQ(outcome_.error, ErrorKind::not_found);
  EXPECT_EQ(count(Lookup::foreign), 1u);
  call("DELETE", "/v1/files/file-1");
  EXPECT_EQ(sink_.status, 404);
  EXPECT_TRUE(owner_of("file-1"));
  call("POST", "/v1/batches", R"({"input_file_id":"file-1"})");
  EXPECT_EQ(azure_->asked, Asked());
  EXPECT_EQ(sink_.status, 400);
  call("GET", "/v1/files/file-1", {}, nullptr, payroll_);
  EXPECT_EQ(sink_.status, 200);
}

TEST_F(AffinityTest, SharesObjectsWithinAProductThatSaysSo) {
  remember("file-1", "west", "gpt-west", "payroll");
  resource("west").knows = {"file-1"};
  product_->objects = ObjectSharing::product;
  call("GET", "/v1/files/file-1");
  EXPECT_EQ(sink_.status, 200);
  remember("file-2", "west", "gpt-west", "of-another-product");
  call("GET", "/v1/files/file-2");
  EXPECT_EQ(sink_.status, 404);
}

TEST_F(AffinityTest, RefusesWhatIsKeptApart) {
  remember("resp_1", "west", "gpt-west");
  remember("file-1", "east", "gpt-east");
  call("POST", "/v1/responses",
       R"({"model":"gpt-w","previous_response_id":"resp_1","input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}]})",
       gpt_west_);
  EXPECT_EQ(azure_->asked, Asked());
  EXPECT_EQ(sink_.status, 400);
  EXPECT_NE(sink_.body.find("`resp_1` (`previous_response_id`) and `file-1` (`file_id`)"), std::string::npos) << sink_.body;
  EXPECT_EQ(count(Lookup::conflict), 1u);
}

TEST_F(AffinityTest, SaysWhenTheOwnerIsNotServedAnyMore) {
  remember("resp_1", "south", "gpt-south");
  call("GET", "/v1/responses/resp_1");
  EXPECT_EQ(azure_->asked, Asked());
  EXPECT_EQ(sink_.status, 404);
  EXPECT_NE(sink_.body.find("does not serve any more"), std::string::npos);
  EXPECT_EQ(count(Lookup::gone), 1u);
  // The same deployment behind another address is still it.
  remember("resp_2", "old-name-of-west", "gpt-west");
  resource("west").knows = {"resp_2"};
  call("GET", "/v1/responses/resp_2");
  EXPECT_EQ(sink_.status, 200);
}

TEST_F(AffinityTest, GoesToNoRegionThatTheProductMayNotUse) {
  product_->allowed = {true, false, false, true};
  remember("resp_1", "west", "gpt-west");
  call("GET", "/v1/responses/resp_1");
  EXPECT_EQ(azure_->asked, Asked());
  EXPECT_EQ(sink_.status, 403);
  call("GET", "/v1/responses/resp_2");
  EXPECT_EQ(azure_->asked, Asked({"gpt-east", "o3-north"}));
  // Another deployment of the same resource may be one that it may use.
  product_->allowed = {true, false, true, true};
  resource("west").knows = {"resp_1"};
  call("GET", "/v1/responses/resp_1");
  EXPECT_EQ(azure_->asked, Asked({"mini-west"}));
}

TEST_F(AffinityTest, ForgetsWhatItsOwnerSaysIsGone) {
  remember("resp_1", "west", "gpt-west");
  resource("west").knows = {"resp_1"};
  call("DELETE", "/v1/responses/resp_1");
  EXPECT_TRUE(owner_of("resp_1")) << "its owner alone is asked for it once more";
  remember("resp_2", "west", "gpt-west");
  call("GET", "/v1/responses/resp_2");
  EXPECT_EQ(sink_.status, 404);
  EXPECT_EQ(azure_->asked, Asked({"gpt-west"}));
  EXPECT_FALSE(owner_of("resp_2"));
  resource("north").knows = {"resp_3"};
  call("DELETE", "/v1/responses/resp_3");
  EXPECT_EQ(sink_.status, 200);
  EXPECT_TRUE(owner_of("resp_3"));
}

// Taking a file out of a vector store deletes neither.
TEST_F(AffinityTest, KeepsAVectorStoreWhoseFileIsTakenOut) {
  remember("vs_1", "west", "gpt-west");
  remember("file-1", "west", "gpt-west");
  resource("west").knows = {"vs_1", "file-1"};
  call("DELETE", "/v1/vector_stores/vs_1/files/file-1");
  EXPECT_EQ(sink_.status, 200);
  EXPECT_TRUE(owner_of("vs_1"));
  EXPECT_TRUE(owner_of("file-1"));
}

TEST_F(AffinityTest, LeavesListsAtHome) {
  call("GET", "/v1/files");
  EXPECT_EQ(azure_->asked, Asked({"gpt-east"}));
  EXPECT_EQ(ex_->route_reason, "primary");
}

TEST_F(AffinityTest, LeavesOtherCallsAlone) {
  call("POST", "/v1/chat/completions", R"({"model":"gpt","messages":[]})", gpt_east_);
  EXPECT_EQ(azure_->asked, Asked({"gpt-east"}));
  EXPECT_EQ(count(Lookup::known) + count(Lookup::unknown), 0u);
}

}  // namespace
}  // namespace tollgate::affinity_test
