// Realtime sessions over a WebSocket: items, responses with text or audio, usage. The dated surface
// speaks the preview's event names, v1 the present ones.
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "mock_azure/api_error.hpp"
#include "mock_azure/question.hpp"
#include "mock_azure/surfaces/surfaces.hpp"
#include "mock_azure/text.hpp"
#include "mock_azure/tokens.hpp"
#include "mock_azure/websocket.hpp"

namespace tollgate::mock {
namespace {

constexpr std::size_t audio_bytes_per_token = 4800;  // of input: 100 ms of 24 kHz, 16 bit
constexpr std::int64_t audio_tokens_per_word = 4;    // of answers, beside each token of the transcript

std::string text_of(const Json& item) {
  std::string text = string_member(item, "output") + string_member(item, "arguments");
  const Json& parts = member(item, "content");
  if (!parts.is_array()) return text;
  for (const Json& part : parts) text += string_member(part, "text") + string_member(part, "transcript");
  return text;
}

class Session final : public Conversation {
 public:
  Session(const Call& call, std::uint64_t meaning)
      : deployment_(*call.deployment), fault_(call.fault), is_preview_(call.is_dated()), meaning_(meaning) {
    session_ = Json{{"id", "sess_" + token_id(meaning_, 21)},
                    {"object", "realtime.session"},
                    {"type", "realtime"},
                    {"model", deployment_.model().version},
                    {"instructions", "You are a helpful assistant."}};
    session_[is_preview_ ? "modalities" : "output_modalities"] = Json::array({"audio"});
    say("session.created", {{"session", session_}});
  }

  void hear(std::string_view message) override {
    const Json event = parse_json(message);
    if (!event.is_object()) return refuse(event, "The event is not valid JSON.");
    const std::string type = string_member(event, "type");
    if (type == "session.update") return update_session(event);
    if (type == "conversation.item.create") return create_item(event);
    if (type == "conversation.item.delete") return say("conversation.item.deleted", {{"item_id", string_member(event, "item_id")}});
    if (type == "input_audio_buffer.append") {
      audio_bytes_ += string_member(event, "audio").size() / 4 * 3;
      return;
    }
    if (type == "input_audio_buffer.clear") {
      audio_bytes_ = 0;
      return say("input_audio_buffer.cleared", Json::object());
    }
    if (type == "input_audio_buffer.commit") return commit_audio(event);
    if (type == "response.create") return create_response(event);
    if (type == "response.cancel") return cancel_response(event);
    refuse(event, "Invalid value: '" + type + "'.");
  }

  bool next(EventSource::Event& event) override {
    if (queue_.empty()) return false;
    event.data = std::move(queue_.front().data);
    event.paced = queue_.front().is_paced;
    is_answering_ = is_answering_ && !queue_.front().is_last;
    if (event.paced) ++delivered_;
    queue_.pop_front();
    return true;
  }

  Pace pace() const override { return pace_; }
  Fault fault() const override { return fault_; }
  Usage usage() const override { return used_; }

 private:
  struct Said {
    std::string data;
    bool is_paced = false;
    bool is_last = false;  // of a response
  };
  struct Count {
    std::int64_t text = 0, audio = 0;
    std::int64_t total() const { return text + audio; }
  };

  void say(const char* type, Json fields, bool is_paced = false) {
    Json event{{"type", type}, {"event_id", "event_" + token_id(meaning_ + ++events_, 21)}};
    event.update(fields);
    queue_.push_back({dump_json(event), is_paced, false});
  }

  void refuse(const Json& event, const std::string& why) {
    const std::string id = string_member(event, "event_id");
    say("error", {{"error", {{"type", "invalid_request_error"}, {"code", "invalid_value"}, {"message", why}, {"param", nullptr},
                             {"event_id", id.empty() ? Json() : Json(id)}}}});
  }

  void update_session(const Json& event) {
    const Json& wanted = member(event, "session");
    if (!wanted.is_object()) return refuse(event, "Missing required parameter: 'session'.");
    session_.update(wanted);
    take_directives(string_member(session_, "instructions"));
    say("session.updated", {{"session", session_}});
  }

  void create_item(const Json& event) {
    Json item = member(event, "item");
    if (!item.is_object()) return refuse(event, "Missing required parameter: 'item'.");
    add_item(std::move(item));
  }

  void add_item(Json item) {
    if (string_member(item, "id").empty()) item["id"] = "item_" + token_id(meaning_ + 7'000 + items_.size(), 21);
    item["object"] = "realtime.item";
    item["status"] = "completed";
    take_directives(text_of(item));
    const Json previous = items_.empty() ? Json() : Json(string_member(items_.back(), "id"));
    if (is_preview_) {
      say("conversation.item.created", {{"previous_item_id", previous}, {"item", item}});
    } else {
      say("conversation.item.added", {{"previous_item_id", previous}, {"item", item}});
      say("conversation.item.done", {{"previous_item_id", previous}, {"item", item}});
    }
    items_.push_back(std::move(item));
  }

  void commit_audio(const Json& event) {
    if (audio_bytes_ == 0) return refuse(event, "The input audio buffer is empty.");
    const std::string id = "item_" + token_id(meaning_ + 7'000 + items_.size(), 21);
    say("input_audio_buffer.committed", {{"previous_item_id", nullptr}, {"item_id", id}});
    input_.audio += static_cast<std::int64_t>((audio_bytes_ + audio_bytes_per_token - 1) / audio_bytes_per_token);
    audio_bytes_ = 0;
    add_item(Json{{"id", id}, {"type", "message"}, {"role", "user"}, {"content", {{{"type", "input_audio"}, {"transcript", nullptr}}}}});
  }

  // Wishes hold from where they are written on.
  void take_directives(const std::string& text) {
    Directives wishes = parse_directives(text);
    if (wishes.fault) fault_ = wishes.fault;
    if (wishes.gap) pace_.gap = *wishes.gap;
    if (wishes.first_token) pace_.first_delay = *wishes.first_token;
    if (wishes.tokens) directives_.tokens = wishes.tokens;
  }

  Count count_input() const {
    Count count = input_;
    count.text += count_tokens(string_member(session_, "instructions"));
    for (const Json& item : items_) count.text += tokens_per_message + count_tokens(text_of(item));
    return count;
  }

  bool speaks(const Json& event) const {
    const char* name = is_preview_ ? "modalities" : "output_modalities";
    const Json& wanted = member(member(event, "response"), name);
    const Json& modalities = wanted.is_array() ? wanted : member(session_, name);
    for (const Json& modality : modalities) {
      if (modality == "audio") return true;
    }
    return false;
  }

  void create_response(const Json& event) {
    if (is_answering_) return refuse(event, "Conversation already has an active response in progress.");
    Question question;
    for (const Json& item : items_) {
      const std::string role = string_member(item, "role", "user");
      const std::string text = text_of(item);
      question.add_message(role, text);
      if (role != "assistant") question.asked = text;
      question.user_is_last = role == "user";
    }
    const std::uint64_t meaning = meaning_of("realtime", deployment_.config().name, question.content);
    const Answer answer = make_answer(question, deployment_.model(), directives_, meaning);
    has_audio_ = speaks(event);
    asked_ = count_input();
    from_cache_ = std::exchange(cached_, asked_);
    is_answering_ = true;
    delivered_ = 0;
    response_ = Json{{"object", "realtime.response"}, {"id", "resp_" + token_id(meaning + ++responses_, 21)}, {"status", "in_progress"},
                     {"status_details", nullptr}, {"output", Json::array()}, {"conversation_id", "conv_" + token_id(meaning_, 21)},
                     {is_preview_ ? "modalities" : "output_modalities", Json::array({has_audio_ ? "audio" : "text"})},
                     {"metadata", nullptr}, {"usage", nullptr}};
    say("response.created", {{"response", response_}});
    say_answer(answer.choices.front().text);
    finish_response("completed", count_tokens(answer.choices.front().text));
  }

  void say_answer(const std::string& text) {
    const std::string id = "item_" + token_id(meaning_ + 7'000 + items_.size(), 21);
    Json item{{"id", id}, {"object", "realtime.item"}, {"type", "message"}, {"status", "in_progress"}, {"role", "assistant"},
              {"content", Json::array()}};
    const Json where{{"response_id", string_member(response_, "id")}, {"output_index", 0}, {"item_id", id}, {"content_index", 0}};
    const auto with = [&where](Json more) {
      Json fields = where;
      fields.update(more);
      return fields;
    };
    const auto name = [this](const char* present, const char* preview) { return is_preview_ ? preview : present; };
    say("response.output_item.added", {{"response_id", where["response_id"]}, {"output_index", 0}, {"item", item}});
    Json part{{"type", has_audio_ ? name("output_audio", "audio") : name("output_text", "text")}};
    part[has_audio_ ? "transcript" : "text"] = "";
    say("response.content_part.added", with({{"part", part}}));
    const char* delta = has_audio_ ? name("response.output_audio_transcript.delta", "response.audio_transcript.delta")
                                   : name("response.output_text.delta", "response.text.delta");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = token_end(text, at);
      say(delta, with({{"delta", text.substr(at, end - at)}}), true);
      // A fifth of a second of silence, as 24 kHz of 16 bit.
      if (has_audio_) say(name("response.output_audio.delta", "response.audio.delta"), with({{"delta", base64(std::string(9600, '\0'))}}));
      at = end;
    }
    part[has_audio_ ? "transcript" : "text"] = text;
    if (has_audio_) say(name("response.output_audio.done", "response.audio.done"), where);
    say(has_audio_ ? name("response.output_audio_transcript.done", "response.audio_transcript.done")
                   : name("response.output_text.done", "response.text.done"),
        with({{has_audio_ ? "transcript" : "text", text}}));
    say("response.content_part.done", with({{"part", part}}));
    item["status"] = "completed";
    item["content"].push_back(part);
    say("response.output_item.done", {{"response_id", where["response_id"]}, {"output_index", 0}, {"item", item}});
    response_["output"] = Json::array({item});
    items_.push_back(std::move(item));
  }

  void finish_response(const char* status, std::int64_t words) {
    const Count out{words, has_audio_ ? words * audio_tokens_per_word : 0};
    const Count cached = from_cache_;
    response_["status"] = status;
    response_["usage"] = Json{
        {"total_tokens", asked_.total() + out.total()},
        {"input_tokens", asked_.total()},
        {"output_tokens", out.total()},
        {"input_token_details",
         {{"text_tokens", asked_.text}, {"audio_tokens", asked_.audio}, {"image_tokens", 0}, {"cached_tokens", cached.total()},
          {"cached_tokens_details", {{"text_tokens", cached.text}, {"audio_tokens", cached.audio}, {"image_tokens", 0}}}}},
        {"output_token_details", {{"text_tokens", out.text}, {"audio_tokens", out.audio}}}};
    say("response.done", {{"response", response_}});
    queue_.back().is_last = true;
    used_.prompt += asked_.total();
    used_.completion += out.total();
    used_.cached += cached.total();
  }

  // What was not said yet never is; what was said is charged.
  void cancel_response(const Json& event) {
    if (!is_answering_) return refuse(event, "Cancellation failed: no active response found.");
    const Json& usage = response_["usage"];
    used_.prompt -= int_member(usage, "input_tokens", 0);
    used_.completion -= int_member(usage, "output_tokens", 0);
    used_.cached -= int_member(member(usage, "input_token_details"), "cached_tokens", 0);
    queue_.clear();
    response_["output"] = Json::array();
    finish_response("cancelled", delivered_);
  }

  Deployment& deployment_;
  Fault fault_;
  bool is_preview_;
  std::uint64_t meaning_;
  Json session_, response_;
  std::vector<Json> items_;
  std::deque<Said> queue_;
  Directives directives_;
  Pace pace_;
  Usage used_;
  Count input_, asked_, from_cache_;
  Count cached_;  // what the next response finds
  std::size_t audio_bytes_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t responses_ = 0;
  std::int64_t delivered_ = 0;
  bool has_audio_ = false;
  bool is_answering_ = false;
};

}  // namespace

Reply realtime(Call& call) {
  if (!call.is("GET")) return method_not_allowed();
  if (!asks_for_websocket(call.http)) return edge_error(426, "426", "Upgrade Required");
  const auto model = query_value(call.http.query, call.is_dated() ? "deployment" : "model");
  if (auto refused = choose_deployment(call, model.value_or(""))) return std::move(*refused);
  if (auto throttled = admit(call, 0, 0)) return std::move(*throttled);
  Reply reply;
  reply.status = 101;
  reply.meaning = meaning_of("realtime", call.deployment->config().name, 1);
  reply.headers = accept_websocket(call.http);
  reply.conversation = std::make_unique<Session>(call, reply.meaning);
  return reply;
}

}  // namespace tollgate::mock
