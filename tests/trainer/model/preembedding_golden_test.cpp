// The golden file of the sequence-embedding mode's embedder, which only the set that travels with the project is sure
// to have.
#include <gtest/gtest.h>

#include "tests/support/golden.hpp"
#include "tests/trainer/model/module_cases.hpp"

namespace foldperf::testing {
namespace {

TEST(PreembeddingEmbedderGolden, EqualsOpenFold) {
  ModuleFactories factories;
  add_evoformer_cases(factories);
  check_module_path(golden_file_or_default("modules/PreembeddingEmbedder.pt"), factories.at("PreembeddingEmbedder"));
}

}  // namespace
}  // namespace foldperf::testing
