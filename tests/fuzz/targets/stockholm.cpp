#include "tests/fuzz/frame/alignment_checks.hpp"

using namespace foldperf;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.sto", [](std::string_view text) {
    const trainer::Alignment alignment = trainer::parse_stockholm(text, "fuzz.sto");
    fuzz::check_alignment(alignment);
    fuzz::require(alignment.row(0).find('-') == std::string_view::npos, "the query has no gap");
  });
}
