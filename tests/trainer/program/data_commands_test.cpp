// foldperf-train's commands around training data, as a person runs them.
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <tuple>

#include "tests/support/process.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::foldperf::testing::ProcessResult;
using ::foldperf::testing::read_file;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string samples() { return ::foldperf::testing::samples_dir().string(); }
fs::path openfold_data() { return ::foldperf::testing::project_dir() / "tests" / "data" / "openfold"; }

ProcessResult run(std::vector<std::string> words) {
  words.insert(words.begin(), ::foldperf::testing::program("foldperf-train"));
  return ::foldperf::testing::run_process(words);
}

TEST(FeaturesCommand, PythonReadsWhatItWrites) {
  const TemporaryFolder folder;
  const std::string file = (folder / "f.pt").string();
  const std::vector<std::string> words = {"features",     "2q2k_A",
                                          "--data",       (openfold_data() / "mmcifs").string(),
                                          "--alignments", (openfold_data() / "alignments").string(),
                                          "-o",           file};
  const ProcessResult result = run(words);
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("msa_feat Float [1, 128, 256, 49, "), HasSubstr(file)));
  // A file that is there is not lost by mistake.
  EXPECT_EQ(run(words).exit_code, 2);

  const fs::path python = ::foldperf::testing::project_dir() / ".venv" / "bin" / "python";
  if (!fs::exists(python)) GTEST_SKIP() << "no Python with torch at " << python;
  const ProcessResult read =
      ::foldperf::testing::run_process({python.string(), "-c",
                                        "import sys, torch\n"
                                        "f = torch.load(sys.argv[1], weights_only=True)\n"
                                        "print(tuple(f['aatype'].shape[:2]), f['msa_feat'].dtype, f['true_msa'].dtype, "
                                        "float(f['seq_mask'].sum(1).max()))",
                                        file});
  ASSERT_EQ(read.exit_code, 0) << read.errors;
  EXPECT_EQ(read.output, "(1, 256) torch.float32 torch.int64 70.0\n");
}

TEST(FeaturesCommand, RawOnesHaveOpenFoldsNamesAndTypes) {
  const TemporaryFolder folder;
  const ProcessResult result =
      run({"features", "2q2k_A", "--raw", "--data", (openfold_data() / "mmcifs").string(), "--alignments",
           (openfold_data() / "alignments").string(), "-o", (folder / "f.pt").string()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("aatype Int [70, 21]"), HasSubstr("deletion_matrix_int Int ["),
                                   HasSubstr("msa Int ["), HasSubstr("all_atom_positions Float [70, 37, 3]")));
}

TEST(FeaturesCommand, MistakesAreNamed) {
  const TemporaryFolder folder;
  const std::string file = (folder / "f.pt").string();
  EXPECT_EQ(run({"features"}).exit_code, 2);
  const ProcessResult unknown = run({"features", "9zzz_A", "--data", samples(), "-o", file});
  EXPECT_EQ(unknown.exit_code, 3);
  EXPECT_THAT(unknown.errors, HasSubstr("9zzz"));
  const ProcessResult entry = run({"features", "2q2k", "--data", (openfold_data() / "mmcifs").string(), "-o", file});
  EXPECT_EQ(entry.exit_code, 2);
  EXPECT_THAT(entry.errors, HasSubstr("name one"));
  const std::vector<std::string> outputs = {"features", "1as5_A", "--data",    samples(),
                                            "-o",       file,     "--outputs", file + ".out"};
  const ProcessResult no_weights = run(outputs);
  EXPECT_EQ(no_weights.exit_code, 2);
  EXPECT_THAT(no_weights.errors, HasSubstr("train.initial_weights"));
  std::vector<std::string> same_file = outputs;
  same_file.back() = (folder / "." / "f.pt").string();
  const ProcessResult one_file = run(same_file);
  EXPECT_EQ(one_file.exit_code, 2);
  EXPECT_THAT(one_file.errors, HasSubstr("a file of its own"));
  std::vector<std::string> missing = outputs;
  missing.insert(missing.end(), {"--preset", "tiny", "--set", "train.initial_weights=none.pt"});
  const ProcessResult no_file = run(missing);
  EXPECT_EQ(no_file.exit_code, 3);
  EXPECT_THAT(no_file.errors, HasSubstr("none.pt"));
}

TEST(CheckDataCommand, TellsWhatCanBePreparedAndWhatNot) {
  const TemporaryFolder folder;
  for (const char* name : {"1ejg.pdb", "1ubi.pdb"}) fs::copy(::foldperf::testing::samples_dir() / name, folder / name);
  folder.write("alignments/1ubi_A/hits.a3m", ">q\nMQIF\n");
  const std::vector<std::string> words = {"check-data", "--data", folder.path().string()};
  const ProcessResult good = run(words);
  EXPECT_EQ(good.exit_code, 0) << good.errors;
  EXPECT_THAT(good.output, AllOf(HasSubstr("training set: 2 chains"), HasSubstr("2 of 2 chains checked"),
                                 HasSubstr("residues: median"), HasSubstr("in all")));
  std::vector<std::string> with_alignments = words;
  with_alignments.insert(with_alignments.end(), {"--alignments", (folder / "alignments").string()});
  const ProcessResult bad = run(with_alignments);
  EXPECT_EQ(bad.exit_code, 3);
  EXPECT_THAT(bad.output, AllOf(HasSubstr("1ubi_A: "), HasSubstr("hits.a3m"), HasSubstr("another sequence"),
                                HasSubstr("1 of 2 chains checked")));
  with_alignments.insert(with_alignments.end(), {"--limit", "1"});
  EXPECT_THAT(run(with_alignments).output, HasSubstr("1 of 1 chains checked"));
}

TEST(CachesCommand, WritesWhatTrainingReads) {
  const TemporaryFolder folder;
  folder.write("clusters", "1UBI_A 9ZZZ_B\n1EJG_A\n");
  const std::vector<std::string> words = {
      "caches", "--data", samples(), "-o", folder.path().string(), "--clusters", (folder / "clusters").string()};
  const ProcessResult result = run(words);
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const auto chains = nlohmann::json::parse(read_file(folder / "chain_data_cache.json"));
  EXPECT_EQ(chains.at("1ubi_A").at("cluster_size"), 2);
  EXPECT_EQ(chains.at("1ejg_A").at("seq"), "TTCCPSIVARSNFNVCRLPGTPEALCATYTGCIIIPGATCPGDYAN");
  EXPECT_TRUE(nlohmann::json::parse(read_file(folder / "mmcif_cache.json")).contains("1a8o"));
  EXPECT_EQ(run(words).exit_code, 2) << "files that are there are kept";
  const std::string cache =
      "data.source.train_chain_data_cache_path=\"" + (folder / "chain_data_cache.json").string() + "\"";
  const ProcessResult check = run({"check-data", "--data", samples(), "--set", cache});
  EXPECT_EQ(check.exit_code, 0) << check.errors;
  EXPECT_THAT(check.output, AllOf(HasSubstr("chains kept"), Not(HasSubstr("cannot be prepared\n"))));
}

TEST(CachesCommand, ADamagedStructureIsNamedAndTheOthersAreKept) {
  const TemporaryFolder folder;
  fs::copy(::foldperf::testing::samples_dir() / "1ejg.pdb", folder / "1ejg.pdb");
  folder.write("2bad.cif", "data_2BAD\nloop_\n");
  const ProcessResult result = run({"caches", "--data", folder.path().string(), "-o", (folder / "made").string()});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.errors, AllOf(HasSubstr("2bad.cif"), HasSubstr("1 of 2 structures")));
  EXPECT_TRUE(fs::exists(folder / "made" / "chain_data_cache.json"));
}

TEST(PackCommand, AnArchiveStandsForBothFolders) {
  const TemporaryFolder folder;
  const std::string archive = (folder / "set.sqlar").string();
  const std::string structures = (openfold_data() / "mmcifs").string();
  const std::string alignments = (openfold_data() / "alignments").string();
  folder.write("duplicates", "2q2k_A 2q2k_B\n");
  const std::string duplicates = "data.source.train_duplicate_chains_path=\"" + (folder / "duplicates").string() + "\"";
  const ProcessResult packed =
      run({"pack", archive, "--data", structures, "--alignments", alignments, "--verify", "--set", duplicates});
  ASSERT_EQ(packed.exit_code, 0) << packed.errors;
  EXPECT_THAT(packed.output,
              AllOf(HasSubstr("1 structures and the alignments of 2 chains (1 of them"), HasSubstr(archive)));
  EXPECT_EQ(run({"pack", archive, "--data", structures}).exit_code, 2) << "an archive that is there is kept";

  // Both chains have the alignments, and their features are those of the folders'.
  const ProcessResult check = run({"check-data", "--data", archive, "--alignments", archive});
  EXPECT_EQ(check.exit_code, 0) << check.errors << check.output;
  EXPECT_THAT(check.output, AllOf(HasSubstr("2 of 2 chains checked"), Not(HasSubstr("no alignment but"))));
  for (const auto& [file, data, rows] : {std::tuple{"a.pt", archive, archive}, {"b.pt", structures, alignments}}) {
    EXPECT_EQ(
        run({"features", "2q2k_A", "--data", data, "--alignments", rows, "-o", (folder / file).string()}).exit_code, 0);
  }
  EXPECT_TRUE(read_file(folder / "a.pt") == read_file(folder / "b.pt"));
}

TEST(PackCommand, TheArchiveBringsItsCaches) {
  const TemporaryFolder folder;
  const std::string archive = (folder / "set.sqlar").string();
  ASSERT_EQ(run({"caches", "--data", samples(), "-o", folder.path().string()}).exit_code, 0);
  const ProcessResult packed =
      run({"pack", archive, "--data", samples(), "--set",
           "data.source.train_chain_data_cache_path=\"" + (folder / "chain_data_cache.json").string() + "\""});
  ASSERT_EQ(packed.exit_code, 0) << packed.errors;
  const ProcessResult check =
      run({"check-data", "--data", archive, "--set", "data.source.max_release_date=\"1998-12-31\""});
  EXPECT_EQ(check.exit_code, 0) << check.errors;
  EXPECT_THAT(check.output, AllOf(HasSubstr("of 6 chains kept"), HasSubstr("after the limit")));
}

}  // namespace
}  // namespace foldperf::trainer
