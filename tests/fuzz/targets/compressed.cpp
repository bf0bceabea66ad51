// Files as they lie on the disk: compressed, with a structure in them.
#include "tests/fuzz/frame/scratch_folder.hpp"
#include "tests/fuzz/frame/structure_checks.hpp"

using namespace foldperf;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const testing::TemporaryFolder& folder = fuzz::scratch_folder();
  const auto path = folder / "fuzz.cif.gz";
  return fuzz::try_input(data, size, path.native(), [&](std::string_view bytes) {
    testing::write_file(path, bytes);
    fuzz::check_entry(trainer::read_structure(path));
  });
}
