#include "tests/fuzz/frame/structure_checks.hpp"

using namespace foldperf;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.cif", [](std::string_view text) {
    trainer::StructureOptions options;
    for (const bool repeat : {false, true}) {
      options.repeat_heterogeneous_residues = repeat;
      const auto read = [&](const trainer::StructureOptions& with) {
        return trainer::parse_mmcif(std::string(text), "fuzz.cif", with);
      };
      const trainer::StructureEntry entry = read(options);
      fuzz::check_entry(entry);
      fuzz::check_chains_alone(entry, options, read);
      for (const trainer::ProteinChain& chain : entry.chains) {
        fuzz::require(!chain.is_distillation, "an mmCIF file holds no prediction");
      }
    }
  });
}
