#include "config/load.hpp"

#include "config/field_tables.hpp"
#include "config/resolve.hpp"
#include "config/text_file.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

namespace tollgate::config {
namespace {

namespace fs = std::filesystem;

// All that one loading reads; the draft points into the tree.
struct Reading {
  explicit Reading(const LoadOptions& options) : context{options, {}, {}} {}

  std::vector<std::string> files;  // in the order read
  Node root;
  Draft draft;
  Context context;
  bool has_holes = false;  // a file could not be read, so what it defines is not in the tree
  std::shared_ptr<const Config> config;
};

// Puts what another file says under its section; a name or field that is there already is refused.
void merge_section(Entry& into, Entry&& more, Context& context) {
  bool are_maps = into.value.kind == Node::Kind::map && more.value.kind == Node::Kind::map;
  auto refuse = [&](const Entry& again, const Location& first) {
    context.refuse(again.where, cited(again.name) + " is already written in " + first.file + ":" +
                                    std::to_string(first.line));
  };
  if (!are_maps) return refuse(more, into.where);
  std::map<std::string, Location> places;
  for (const Entry& entry : into.value.entries) places.emplace(entry.name, entry.where);
  for (Entry& entry : more.value.entries) {
    auto first = places.find(entry.name);
    if (first != places.end())
      refuse(entry, first->second);
    else
      into.value.entries.push_back(std::move(entry));
  }
}

void merge(Node& root, Node&& more, Context& context) {
  if (root.kind != Node::Kind::map) {
    root = std::move(more);
    return;
  }
  if (more.kind != Node::Kind::map)
    return context.refuse(
        more.where, std::string("sections are expected here, but this is ") + more.kind_name());
  for (Entry& section : more.entries) {
    auto known = std::find_if(root.entries.begin(), root.entries.end(),
                              [&](const Entry& e) { return e.name == section.name; });
    if (known == root.entries.end())
      root.entries.push_back(std::move(section));
    else
      merge_section(*known, std::move(section), context);
  }
}

void add_text(std::string_view text, const std::string& name, Reading& reading) {
  reading.files.push_back(name);
  Problems& problems = reading.context.problems;
  std::size_t before = problems.size();
  Node tree = read_yaml(text, name, problems);
  if (tree.kind == Node::Kind::null) {
    reading.has_holes = true;
    if (problems.size() == before)
      reading.context.refuse({name, 0, 0},
                             "the file says nothing; write deployments, models, "
                             "products and subscriptions");
    return;
  }
  merge(reading.root, std::move(tree), reading.context);
}

void add_file(const std::string& path, Reading& reading) {
  std::string why;
  if (auto text = read_regular_file(path, max_file_bytes, why))
    return add_text(*text, path, reading);
  reading.files.push_back(path);
  reading.has_holes = true;
  reading.context.refuse({path, 0, 0}, "the file " + why);
}

// The configuration files of a directory. Kubernetes keeps its own entries there under hidden
// names.
std::vector<std::string> files_in(const std::string& directory, std::string& why) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const fs::path& path = it->path();
    bool is_yaml = path.extension() == ".yaml" || path.extension() == ".yml";
    if (is_yaml && !path.filename().string().starts_with('.')) files.push_back(path.string());
  }
  if (error) why = "cannot be read: " + error.message();
  std::sort(files.begin(), files.end());
  return files;
}

void add_path(const std::string& path, Reading& reading) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return add_file(path, reading);
  std::string why;
  std::vector<std::string> files = files_in(path, why);
  if (files.empty()) {
    reading.files.push_back(path);
    reading.has_holes = true;
    reading.context.refuse(
        {path, 0, 0}, "the directory " + (why.empty() ? "holds no *.yaml or *.yml file" : why));
  }
  for (const std::string& file : files) add_file(file, reading);
}

// From the tree to the configuration; the list of files for the watcher starts with `watched`.
void interpret(Reading& reading, std::vector<std::string> watched) {
  Context& context = reading.context;
  // A tree with holes would only give problems that are not there.
  if (!reading.has_holes) {
    all_fields(context.options).read(reading.root, reading.root.where, reading.draft, context);
    if (auto config = resolve(reading.draft, reading.root, context)) {
      config->files = std::move(watched);
      for (const std::string& file : context.files_read)
        if (std::find(config->files.begin(), config->files.end(), file) == config->files.end())
          config->files.push_back(file);
      reading.config = std::move(config);
    }
  }
  sort_by_position(context.problems, reading.files);
}

void read_path(const std::string& path, Reading& reading) {
  add_path(path, reading);
  std::vector<std::string> watched = reading.files;
  if (std::find(watched.begin(), watched.end(), path) == watched.end())
    watched.insert(watched.begin(), path);
  interpret(reading, std::move(watched));
}

}  // namespace

Loaded load(const std::string& path, const LoadOptions& options) {
  Reading reading(options);
  read_path(path, reading);
  return {std::move(reading.config), std::move(reading.context.problems)};
}

Loaded load_text(std::string_view text, const std::string& name, const LoadOptions& options) {
  Reading reading(options);
  add_text(text, name, reading);
  interpret(reading, {});
  return {std::move(reading.config), std::move(reading.context.problems)};
}

Shown show_defaults(const std::string& path, const LoadOptions& options) {
  Reading reading(options);
  read_path(path, reading);
  if (!reading.config) return {{}, std::move(reading.context.problems)};
  YamlWriter writer;
  all_fields(options).show(&reading.root, reading.draft, writer);
  return {writer.take(), {}};
}

}  // namespace tollgate::config
