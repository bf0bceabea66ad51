#include "tests/fuzz/frame/structure_checks.hpp"

using namespace foldperf;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.cif", [](std::string_view text) {
    trainer::StructureOptions options;
    for (const bool repeat : {false, true}) {
      options.repeat_heterogeneous_residues = repeat;
      const trainer::StructureEntry entry = trainer::parse_mmcif(std::string(text), "fuzz.cif", options);
      fuzz::check_entry(entry);
      for (const trainer::ProteinChain& chain : entry.chains) {
        fuzz::require(!chain.is_distillation, "an mmCIF file holds no prediction");
      }
    }
  });
}
