#include "tests/fuzz/frame/structure_checks.hpp"

using namespace foldperf;

namespace {

int try_with(const std::uint8_t* data, std::size_t size, bool is_prediction) {
  return fuzz::try_input(data, size, "fuzz.pdb", [&](std::string_view text) {
    trainer::StructureOptions options;
    options.treat_pdb_as_distillation = is_prediction;
    const auto read = [&](const trainer::StructureOptions& with) {
      return trainer::parse_pdb(std::string(text), "fuzz.pdb", with);
    };
    const trainer::StructureEntry entry = read(options);
    fuzz::check_entry(entry);
    fuzz::check_chains_alone(entry, options, read);
    for (const trainer::ProteinChain& chain : entry.chains) {
      fuzz::require(chain.is_distillation == is_prediction, "a prediction is marked as one");
    }
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try_with(data, size, false);
  return try_with(data, size, true);
}
