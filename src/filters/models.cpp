// Answers `GET models` and `GET models/{id}` from the configuration and the caller's rights: a
// deployment's own list would show base models and other people's fine-tunes.
#include "filters/filters.hpp"
#include "filters/reply.hpp"
#include "openai/models.hpp"
#include "openai/route.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace tollgate::filters {

namespace {

class Models final : public Filter {
 public:
  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    if (ex.route.operation != Operation::models) return next(ex, out);
    const auto& allowed = ex.subscription->product->models;
    if (ex.route.model.empty()) {
      std::vector<std::string_view> names;
      for (const auto* model : allowed) names.push_back(model->name);
      return reply_json(ex, out, 200, openai::models_list(names));
    }
    const auto name = openai::decode_model(ex.route.model).value_or("");
    const bool is_allowed = std::any_of(allowed.begin(), allowed.end(),
                                        [&](const Model* model) { return model->name == name; });
    if (is_allowed) return reply_json(ex, out, 200, openai::model_object(name));
    Error error;
    error.kind = ErrorKind::model_not_found;
    error.source = ErrorSource::client;
    error.message = "There is no model of that name, or this subscription may not use it.";
    error.param = "model";
    return reply_error(ex, out, std::move(error));
  }
};

}  // namespace

std::shared_ptr<const Filter> make_models(const Config&, const Services&) { return std::make_shared<Models>(); }

}  // namespace tollgate::filters
