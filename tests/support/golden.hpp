// Golden cases: tensors computed by Python OpenFold (shared/golden's README has the format).
//
// Folder: FOLDPERF_GOLDEN_DIR when set; else ../shared/golden beside the checkout; else the small set in
// tests/data/golden. Cases are discovered, never listed in code.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "trainer/tensor_dict.hpp"

namespace foldperf::testing {

// The folder in force, and whether FOLDPERF_GOLDEN_DIR named it (then every part must yield a case).
std::filesystem::path golden_dir();
bool golden_dir_is_explicit();
// FOLDPERF_DATA_DIR, else ../shared/data, else tests/data.
std::filesystem::path data_dir();

// manifest.json of the golden folder.
const nlohmann::json& manifest();

// A file that may be missing in an explicit golden folder and then comes from the default one (parameter list).
std::filesystem::path golden_file_or_default(const std::string& name);

// Names (without .pt), sorted, of the files in a part ("modules", "losses", "features", "model", "training") that start
// with `prefix`.
std::vector<std::string> discover(const std::string& part, const std::string& prefix = "");

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

// expect_close, but where `expected` is nothing but rounding noise beside the other gradients of its file (all of it
// under 1e-6 of `scale`, float32's resolution of the sums it comes from), `actual` has to be as small. Such gradients
// are zero in exact arithmetic: a bias added to every logit of a softmax, for instance.
void expect_gradient_close(const std::string& name, const at::Tensor& actual, const at::Tensor& expected, double limit,
                           double scale);
void expect_equal(const std::string& name, const at::Tensor& actual, const at::Tensor& expected);

}  // namespace foldperf::testing
