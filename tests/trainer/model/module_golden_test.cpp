// Every golden file of a module: outputs and gradients as OpenFold computes them.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/support/golden.hpp"
#include "tests/trainer/model/module_cases.hpp"

namespace foldperf::testing {
namespace {

// Files without a module, checked in tests/trainer/protein and, for parts of feats, beside this file.
const std::set<std::string> without_module = {"feats", "residue_constants", "rigid_ops"};

bool is_without_module(const std::string& name) {
  for (const std::string& other : without_module) {
    if (name == other || name.rfind(other + "_", 0) == 0) return true;
  }
  return false;
}

std::vector<std::string> module_files() {
  std::vector<std::string> names = discover("modules");
  std::erase_if(names, is_without_module);
  return names;
}

class ModuleGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(ModuleGolden, EqualsOpenFold) {
  ModuleFactories factories;
  add_evoformer_cases(factories);
  add_structure_cases(factories);
  const ModuleFactory factory = find_factory(factories, GetParam());
  ASSERT_TRUE(factory) << GetParam() << ": no module of this name";
  check_module_file(GetParam(), factory);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ModuleGolden);
INSTANTIATE_TEST_SUITE_P(Files, ModuleGolden, ::testing::ValuesIn(module_files()), case_name);

TEST(ModuleGoldenFiles, AreFound) {
  EXPECT_FALSE(module_files().empty()) << "no golden module file in " << golden_dir();
}

}  // namespace
}  // namespace foldperf::testing
