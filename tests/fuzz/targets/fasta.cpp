#include "trainer/input/fasta.hpp"

#include <algorithm>
#include <set>

#include "tests/fuzz/frame/fuzz_target.hpp"

using namespace foldperf;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::try_input(data, size, "fuzz.fasta", [](std::string_view text) {
    const auto records = trainer::parse_fasta(text, "fuzz.fasta");
    fuzz::require(!records.empty(), "there is a record");
    std::set<std::string> names;
    std::string again;
    for (const trainer::FastaRecord& record : records) {
      fuzz::require(names.insert(record.name).second, "each name is there once");
      fuzz::require(!record.name.empty() && record.name.front() != '.' && record.name.find('/') == std::string::npos,
                    "a name is one of a file");
      fuzz::require(!record.sequence.empty() && std::all_of(record.sequence.begin(), record.sequence.end(),
                                                            [](char c) { return c >= 'A' && c <= 'Z'; }),
                    "a sequence is letters");
      again += ">" + record.name + "\n" + record.sequence + "\n";
    }
    const auto second = trainer::parse_fasta(again, "again");
    fuzz::require(second.size() == records.size(), "as many when written and read again");
    for (std::size_t i = 0; i < second.size(); ++i) {
      fuzz::require(second[i].name == records[i].name && second[i].sequence == records[i].sequence,
                    "the same when written and read again");
    }
  });
}
