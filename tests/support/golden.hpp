// Golden cases: tensors computed by Python OpenFold (shared/golden's README has the format).
//
// Folder: FOLDPERF_GOLDEN_DIR when set; else ../shared/golden beside the checkout; else the small set in
// tests/data/golden. Cases are discovered, never listed in code.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "trainer/tensor_dict.hpp"

namespace foldperf::testing {

// The folder in force, and whether FOLDPERF_GOLDEN_DIR named it (then every part must yield a case).
std::filesystem::path golden_dir();
bool golden_dir_is_explicit();
// FOLDPERF_DATA_DIR, else ../shared/data, else tests/data.
std::filesystem::path data_dir();

// manifest.json of the golden folder, and of the set that a golden file <set>/<part>/<name>.pt belongs to.
const nlohmann::json& manifest();
const nlohmann::json& manifest_beside(const std::filesystem::path& file);
// What the latter says about the file; null where it says nothing.
nlohmann::json manifest_entry(const std::filesystem::path& file);
// The number that a section calls `key`, however deep; in its texts also as "key 3.25" or "key=3.25".
std::optional<double> find_number(const nlohmann::json& section, const std::string& key);

// A file that may be missing in an explicit golden folder and then comes from the default one (parameter list, tables).
std::filesystem::path golden_file_or_default(const std::string& name);

// Names (without .pt), sorted, of the files in a part ("modules", "losses", "features", "model", "training") that start
// with `prefix`.
std::vector<std::string> discover(const std::string& part, const std::string& prefix = "");
// Their paths; where there are none, that of the default set's file "<prefix>.pt".
std::vector<std::filesystem::path> discover_or_default(const std::string& part, const std::string& prefix);
// Fails for each file of the part whose name starts with none of the prefixes: no test would run it.
void expect_claimed(const std::string& part, const std::vector<std::string>& prefixes);

// The name of a golden case, as GoogleTest allows names: letters, digits and underscores, each name once.
std::string case_name(const ::testing::TestParamInfo<std::string>& info);

// Reads one .pt file: flat dictionary of tensors.
trainer::TensorDict load_tensors(const std::filesystem::path& path);
trainer::TensorDict load_golden(const std::string& part, const std::string& name);

// The tensors whose names start with `prefix`, with it removed.
trainer::TensorDict with_prefix(const trainer::TensorDict& dict, const std::string& prefix);

// max|a - b| / max|b| (0 where both are empty or zero; infinite on NaN or shape mismatch). Where `valid` is given (a
// 0/1 mask over the leading dimensions), other places do not count.
double relative_error(const at::Tensor& actual, const at::Tensor& expected, const at::Tensor& valid = {});

// GoogleTest assertions with the name, error and limit in the message.
void expect_close(const std::string& name, const at::Tensor& actual, const at::Tensor& expected, double limit,
                  const at::Tensor& valid = {});
// Largest magnitude over all tensors: the scale of a set of gradients.
double largest_magnitude(const trainer::TensorDict& dict);

// A gradient all of which is under this share of the largest in its file is rounding noise: it comes from float32 sums
// (measured: up to 1.2e-8 of it, while true gradients go down to 8.6e-6).
inline constexpr double gradient_noise = 1e-6;

// expect_close, but where `expected` is nothing but rounding noise beside the other gradients of its file (all of it
// under gradient_noise of `scale`), `actual` has to be as small. Such gradients are zero in exact arithmetic: a bias
// added to every logit of a softmax, for instance.
void expect_gradient_close(const std::string& name, const at::Tensor& actual, const at::Tensor& expected, double limit,
                           double scale);
void expect_equal(const std::string& name, const at::Tensor& actual, const at::Tensor& expected);

}  // namespace foldperf::testing
