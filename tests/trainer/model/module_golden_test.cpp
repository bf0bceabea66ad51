// Every golden file of a module: outputs and gradients as OpenFold computes them.
#include <gtest/gtest.h>

#include <set>

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

TEST(ModuleGolden, EveryFile) {
  ModuleFactories factories;
  add_evoformer_cases(factories);
  add_structure_cases(factories);
  std::size_t checked = 0;
  for (const std::string& name : discover("modules")) {
    if (is_without_module(name)) continue;
    const ModuleFactory factory = find_factory(factories, name);
    if (!factory) {
      ADD_FAILURE() << name << ": no module of this name";
      continue;
    }
    check_module_file(name, factory);
    ++checked;
  }
  EXPECT_GT(checked, 0U) << "no golden module file in " << golden_dir();
}

}  // namespace
}  // namespace foldperf::testing
