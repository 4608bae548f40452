// Fine-tuning jobs: each look at one moves it on until it has succeeded.
#include <utility>

#include "mock_azure/api_error.hpp"
#include "mock_azure/object_store.hpp"
#include "mock_azure/resource.hpp"
#include "mock_azure/surfaces/surfaces.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

Reply create_job(Call& call) {
  const Json body = parse_json(call.http.body);
  if (!body.is_object()) return bad_json();
  const std::string model = string_member(body, "model");
  const std::string file = string_member(body, "training_file");
  if (model.empty()) return invalid_request("Missing required parameter: 'model'.", "model");
  ObjectStore& store = call.world.objects;
  const std::lock_guard lock(store.mutex);
  if (!store.files.contains(file)) {
    return invalid_request("invalid training_file: " + file, "training_file", "invalid_value");
  }
  const std::string suffix = string_member(body, "suffix");
  const std::uint64_t content = hash_bytes(hash_bytes(hash_bytes(0, model), file), suffix);
  const std::uint64_t meaning = meaning_of("fine_tuning/jobs", "", content);
  StoredJob job;
  job.object = Json{{"id", "ftjob-" + token_id(meaning, 24)},
                    {"object", "fine_tuning.job"},
                    {"model", model},
                    {"created_at", created_of(meaning)},
                    {"finished_at", nullptr},
                    {"fine_tuned_model", nullptr},
                    {"organization_id", "org-mock"},
                    {"result_files", Json::array()},
                    {"status", "pending"},
                    {"training_file", file},
                    {"validation_file", member(body, "validation_file")},
                    {"hyperparameters", {{"n_epochs", 3}, {"batch_size", 1}}},
                    {"trained_tokens", nullptr},
                    {"error", nullptr},
                    {"seed", int_member(body, "seed", 42)},
                    {"suffix", suffix.empty() ? Json() : Json(suffix)}};
  Reply reply = json_answer(job.object);
  reply.meaning = meaning;
  store.jobs.insert_or_assign(string_member(job.object, "id"), std::move(job));
  return reply;
}

void advance(StoredJob& job) {
  const std::string status = string_member(job.object, "status");
  if (status == "pending") job.object["status"] = "running";
  if (status != "running") return;
  const std::string id = string_member(job.object, "id");
  job.object["status"] = "succeeded";
  job.object["finished_at"] = int_member(job.object, "created_at", 0) + 3600;
  job.object["trained_tokens"] = 10'000;
  job.object["fine_tuned_model"] =
      string_member(job.object, "model") + ".ft-" + hex16(hash_bytes(6, id));
}

Json events_of(const Json& job) {
  Json events = Json::array();
  const std::string id = string_member(job, "id");
  const std::int64_t created = int_member(job, "created_at", 0);
  std::int64_t number = 0;
  const auto add = [&](const char* message) {
    events.push_back(Json{{"object", "fine_tuning.job.event"},
                          {"id", "ftevent-" + token_id(hash_bytes(8, id) + events.size(), 20)},
                          {"created_at", created + number++},
                          {"level", "info"},
                          {"message", message},
                          {"type", "message"}});
  };
  add("Job enqueued. Waiting for jobs ahead to complete.");
  const std::string status = string_member(job, "status");
  if (status != "pending") add("Training started.");
  if (status == "succeeded") add("Training succeeded.");
  return events;
}

Json checkpoints_of(const Json& job) {
  Json list = Json::array();
  if (string_member(job, "status") != "succeeded") return list;
  const std::string id = string_member(job, "id");
  for (int step = 1; step <= 3; ++step) {
    list.push_back(
        Json{{"object", "fine_tuning.job.checkpoint"},
             {"id", "ftchkpt-" + token_id(hash_bytes(static_cast<std::uint64_t>(step), id), 20)},
             {"created_at", int_member(job, "created_at", 0) + step * 1000},
             {"fine_tuned_model_checkpoint",
              string_member(job, "fine_tuned_model") + ":ckpt-step-" + std::to_string(step * 10)},
             {"fine_tuning_job_id", id},
             {"metrics", {{"step", step * 10}, {"train_loss", 1.0 / step}}},
             {"step_number", step * 10}});
  }
  return list;
}

}  // namespace

Reply fine_tuning_jobs(Call& call) {
  const auto& segments = call.route.segments;
  if (segments.empty() && call.is("POST")) return create_job(call);
  ObjectStore& store = call.world.objects;
  const std::lock_guard lock(store.mutex);
  if (segments.empty()) {
    if (!call.is("GET")) return method_not_allowed();
    Json data = Json::array();
    for (const auto& [id, job] : store.jobs) data.push_back(job.object);
    return json_answer(list_page(data, call.http.query));
  }
  const auto it = store.jobs.find(segments[0]);
  if (it == store.jobs.end()) {
    return error_reply({.status = 404,
                        .message = "Could not find fine tune: " + std::string(segments[0]),
                        .code = "fine_tune_not_found",
                        .param = "fine_tuning_job_id"});
  }
  Json& job = it->second.object;
  if (segments.size() == 1) {
    if (!call.is("GET")) return method_not_allowed();
    advance(it->second);
    return json_answer(job);
  }
  if (segments.size() != 2) return resource_not_found();
  const std::string_view part = segments[1];
  if (part == "events" && call.is("GET")) return json_answer(list_object(events_of(job)));
  if (part == "checkpoints" && call.is("GET")) {
    return json_answer(list_object(checkpoints_of(job)));
  }
  const std::string status = string_member(job, "status");
  if (part == "cancel" && call.is("POST")) {
    if (status == "succeeded") return invalid_request("Job has already completed.");
    job["status"] = "cancelled";
    return json_answer(job);
  }
  if ((part == "pause" || part == "resume") && call.is("POST")) {
    if (status == "running" || status == "paused") {
      job["status"] = part == "pause" ? "paused" : "running";
    }
    return json_answer(job);
  }
  return resource_not_found();
}

}  // namespace tollgate::mock
