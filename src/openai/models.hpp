// The bodies of `GET models` and `GET models/{id}`, which the gateway answers itself.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tollgate::openai {

std::string models_list(std::span<const std::string_view> names);
std::string model_object(std::string_view name);

}  // namespace tollgate::openai
