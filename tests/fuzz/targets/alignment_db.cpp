// The index is the input; its .db files are two small ones.
#include "trainer/input/alignment_db.hpp"

#include "tests/fuzz/frame/alignment_checks.hpp"
#include "tests/fuzz/frame/scratch_folder.hpp"
#include "trainer/input/alignment_store.hpp"

using namespace foldperf;

namespace {

const std::string shard =
    ">query\nMKVLAAGIVG\n>first\nMKV--AGIVG\n>second\nMKcVLAA-IVG\n"                                  // bytes 0 to 55
    "# STOCKHOLM 1.0\nquery MKVLAAGIVG\nfirst MKV--AGIVG\n//\n"                                       // bytes 56 to 108
    "Query         query\nMatch_columns 10\n\n No Hit                             Prob E-value\n\n";  // to the end

// Apart, so that no index can name itself as a database.
struct Database {
  const testing::TemporaryFolder& folder = fuzz::scratch_folder();
  std::filesystem::path index = folder.write("index/fuzz.index", "{}");
  std::filesystem::path db_folder = folder / "db";
  Database() {
    folder.write("db/fuzz.db", shard);
    folder.write("db/other.db", shard);
  }
};

void check_store(const trainer::AlignmentStore& store) {
  for (const std::string& chain : store.chains()) {
    for (const trainer::AlignmentFile& file : store.files(chain, trainer::AlignmentFileKind::alignment)) {
      fuzz::check_alignment(trainer::parse_alignment(file));
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Database database;
  const std::string folder = database.folder.path();
  return fuzz::try_input(data, size, folder, [&](std::string_view text) {
    testing::write_file(database.index, text);
    {
      const trainer::AlignmentDb db(database.index, database.db_folder);
      for (const std::string& chain : db.chains()) {
        fuzz::require(!db.db_file(chain).empty(), "each chain has a database");
        for (const std::string& file : db.file_names(chain)) {
          fuzz::require(shard.find(db.read(chain, file)) != std::string::npos,
                        "what is read is a part of the database");
        }
      }
    }
    check_store(*trainer::open_alignment_store(database.index, database.db_folder));
  });
}
