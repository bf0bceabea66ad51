#include "tests/support/golden.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <regex>

#include "tests/support/files.hpp"

namespace foldperf::testing {

namespace fs = std::filesystem;

namespace {

// The folder of an environment variable, else the one in ../shared, else the small set that travels with the project.
fs::path resolve(const char* variable, const char* name) {
  if (const char* dir = std::getenv(variable); dir && *dir) return dir;
  const fs::path beside = project_dir() / ".." / "shared" / name;
  if (fs::is_directory(beside)) return fs::canonical(beside);
  return project_dir() / "tests" / "data" / (std::string(name) == "data" ? "" : name);
}

// The manifest of a golden folder, read once.
const nlohmann::json& manifest_of(const fs::path& folder) {
  static std::map<fs::path, nlohmann::json> parsed;
  const auto known = parsed.find(folder);
  if (known != parsed.end()) return known->second;
  const fs::path path = folder / "manifest.json";
  std::ifstream file(path);
  if (!file) throw InputError(path.string(), "cannot be opened");
  return parsed[folder] = nlohmann::json::parse(file);
}

}  // namespace

fs::path golden_dir() { return resolve("FOLDPERF_GOLDEN_DIR", "golden"); }

bool golden_dir_is_explicit() {
  const char* dir = std::getenv("FOLDPERF_GOLDEN_DIR");
  return dir && *dir;
}

fs::path data_dir() { return resolve("FOLDPERF_DATA_DIR", "data"); }

const nlohmann::json& manifest() { return manifest_of(golden_dir()); }

const nlohmann::json& manifest_beside(const fs::path& file) { return manifest_of(file.parent_path().parent_path()); }

nlohmann::json manifest_entry(const fs::path& file) {
  const nlohmann::json& all = manifest_beside(file);
  const auto part = all.find(file.parent_path().filename().string());
  if (part == all.end() || !part->is_object()) return {};
  const auto entry = part->find(file.stem().string());
  if (entry == part->end()) return {};
  return *entry;
}

std::optional<double> find_number(const nlohmann::json& section, const std::string& key) {
  if (section.is_string()) {
    const std::string text = section.get<std::string>();
    const std::regex pattern("\\b" + key + "[ =:]+([-+]?[0-9]+(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)");
    std::smatch match;
    if (!std::regex_search(text, match, pattern)) return std::nullopt;
    return std::stod(match[1].str());
  }
  if (section.is_object()) {
    const auto found = section.find(key);
    if (found != section.end() && found->is_number()) return found->get<double>();
  }
  if (!section.is_structured()) return std::nullopt;
  for (const nlohmann::json& child : section) {
    if (const auto found = find_number(child, key)) return found;
  }
  return std::nullopt;
}

fs::path golden_file_or_default(const std::string& name) {
  for (const fs::path& dir :
       {golden_dir(), project_dir() / ".." / "shared" / "golden", project_dir() / "tests" / "data" / "golden"}) {
    if (fs::exists(dir / name)) return dir / name;
  }
  throw InputError((golden_dir() / name).string(), "not found there or in the default places");
}

std::vector<std::string> discover(const std::string& part, const std::string& prefix) {
  std::vector<std::string> names;
  const fs::path dir = golden_dir() / part;
  if (!fs::is_directory(dir)) return names;
  for (const auto& entry : fs::directory_iterator(dir)) {
    const std::string stem = entry.path().stem().string();
    if (entry.path().extension() == ".pt" && stem.rfind(prefix, 0) == 0) names.push_back(stem);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<fs::path> discover_or_default(const std::string& part, const std::string& prefix) {
  std::vector<fs::path> paths;
  for (const std::string& name : discover(part, prefix)) paths.push_back(golden_dir() / part / (name + ".pt"));
  if (paths.empty()) paths.push_back(golden_file_or_default(part + "/" + prefix + ".pt"));
  return paths;
}

void expect_claimed(const std::string& part, const std::vector<std::string>& prefixes) {
  for (const std::string& name : discover(part)) {
    const bool claimed = std::any_of(prefixes.begin(), prefixes.end(),
                                     [&](const std::string& prefix) { return name.rfind(prefix, 0) == 0; });
    EXPECT_TRUE(claimed) << golden_dir() / part / (name + ".pt") << " is run by no test";
  }
}

std::string case_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  // "a-b" must not become the same as "a_b".
  if (name.empty() || name != info.param) name.append("_").append(std::to_string(info.index));
  return name;
}

trainer::TensorDict load_tensors(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(path.string(), "cannot be opened");
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
  trainer::TensorDict result;
  for (const auto& item : torch::pickle_load(bytes).toGenericDict()) {
    result[item.key().toStringRef()] = item.value().toTensor();
  }
  return result;
}

trainer::TensorDict load_golden(const std::string& part, const std::string& name) {
  return load_tensors(golden_dir() / part / (name + ".pt"));
}

trainer::TensorDict with_prefix(const trainer::TensorDict& dict, const std::string& prefix) {
  trainer::TensorDict result;
  for (const auto& [name, tensor] : dict) {
    if (name.rfind(prefix, 0) == 0) result[name.substr(prefix.size())] = tensor;
  }
  return result;
}

double relative_error(const at::Tensor& actual, const at::Tensor& expected, const at::Tensor& valid) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (!actual.defined() || actual.sizes() != expected.sizes()) return infinite;
  if (expected.numel() == 0) return 0;
  at::Tensor a = actual.detach().to(torch::kCPU, torch::kFloat64);
  at::Tensor b = expected.detach().to(torch::kCPU, torch::kFloat64);
  if (valid.defined()) {
    at::Tensor mask = valid.to(torch::kFloat64);
    while (mask.dim() < b.dim()) mask = mask.unsqueeze(-1);
    a = torch::where(mask.expand_as(b) != 0, a, torch::zeros_like(a));
    b = torch::where(mask.expand_as(b) != 0, b, torch::zeros_like(b));
  }
  const double difference = (a - b).abs().max().item<double>();
  const double scale = b.abs().max().item<double>();
  if (std::isnan(difference) || std::isnan(scale)) return infinite;
  if (difference == 0) return 0;
  return scale == 0 ? infinite : difference / scale;
}

void expect_close(const std::string& name, const at::Tensor& actual, const at::Tensor& expected, double limit,
                  const at::Tensor& valid) {
  if (!actual.defined()) {
    ADD_FAILURE() << name << ": not computed";
    return;
  }
  if (actual.sizes() != expected.sizes()) {
    ADD_FAILURE() << name << ": shape " << actual.sizes() << ", expected " << expected.sizes();
    return;
  }
  EXPECT_LE(relative_error(actual, expected, valid), limit) << name << " differs from OpenFold";
}

double largest_magnitude(const trainer::TensorDict& dict) {
  double largest = 0;
  for (const auto& [name, tensor] : dict) {
    if (tensor.numel() > 0) largest = std::max(largest, tensor.abs().max().item<double>());
  }
  return largest;
}

void expect_gradient_close(const std::string& name, const at::Tensor& actual, const at::Tensor& expected, double limit,
                           double scale) {
  const double noise = gradient_noise * scale;
  if (!actual.defined() || actual.sizes() != expected.sizes() || expected.numel() == 0 ||
      expected.abs().max().item<double>() > noise) {
    expect_close(name, actual, expected, limit);
    return;
  }
  EXPECT_LE(actual.abs().max().item<double>(), noise) << name << " is zero in OpenFold";
}

void expect_equal(const std::string& name, const at::Tensor& actual, const at::Tensor& expected) {
  ASSERT_TRUE(actual.defined()) << name << ": not computed";
  ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
  EXPECT_TRUE(torch::equal(actual.cpu().to(expected.scalar_type()), expected)) << name << " differs from OpenFold";
}

}  // namespace foldperf::testing
