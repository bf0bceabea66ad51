// foldperf-train predict and evaluate as a person runs them, on weights that it trained.
#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/files.hpp"
#include "tests/support/process.hpp"
#include "trainer/input/structure.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;
using ::foldperf::testing::ProcessResult;
using ::foldperf::testing::read_file;
using ::foldperf::testing::TemporaryFolder;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

ProcessResult run(std::vector<std::string> words) {
  words.insert(words.begin(), ::foldperf::testing::program("foldperf-train"));
  return ::foldperf::testing::run_process(words);
}

// A tiny model after a few steps on a small chain: once for all tests.
class Predict : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    const ProcessResult trained = run({"--preset", "tiny",
                                       "--data",   ::foldperf::testing::samples_dir().string(),
                                       "--output", run_folder(),
                                       "--steps",  "4",
                                       "--set",    "globals.c_m=16",
                                       "--set",    "globals.c_z=8",
                                       "--set",    "globals.c_s=16",
                                       "--set",    "model.structure_module.no_blocks=1",
                                       "--set",    "data.train.crop_size=16",
                                       "--set",    "data.source.train_chains=[\"1as5_A\"]",
                                       "--set",    "data.source.val_chains=[\"1as5_A\", \"1ejg_A\"]",
                                       "--set",    "train.threads=1"});
    ASSERT_EQ(trained.exit_code, 0) << trained.errors;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static std::string run_folder() { return (*folder_ / "run").string(); }
  static std::vector<std::string> command(const std::string& name, const fs::path& out,
                                          const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {name, "--config",  run_folder() + "/config.toml", "--weights", run_folder(),
                                      "-o", out.string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  static TemporaryFolder* folder_;
};
TemporaryFolder* Predict::folder_ = nullptr;

TEST_F(Predict, WritesStructuresThatReadBackAndScoresOfKnownOnes) {
  const TemporaryFolder out;
  const ProcessResult result = run(command("predict", out.path(), {"1ejg_A", "1ubi_A", "--recycles", "1"}));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("1ejg_A"), HasSubstr("1ubi_A"), HasSubstr("lDDT-Ca")));
  for (const char* name : {"1ejg_A", "1ubi_A"}) {
    SCOPED_TRACE(name);
    const StructureEntry mmcif = read_structure(out / (std::string(name) + ".cif"));
    const StructureEntry pdb = read_structure(out / (std::string(name) + ".pdb"));
    ASSERT_EQ(mmcif.chains.size(), 1u);
    ASSERT_EQ(pdb.chains.size(), 1u);
    EXPECT_EQ(mmcif.chains[0].sequence, pdb.chains[0].sequence);
    EXPECT_EQ(mmcif.chains[0].atom_mask, pdb.chains[0].atom_mask);
    for (std::size_t i = 0; i < mmcif.chains[0].atom_positions.size(); ++i)
      ASSERT_NEAR(mmcif.chains[0].atom_positions[i], pdb.chains[0].atom_positions[i], 1e-4);
    EXPECT_EQ(mmcif.chains[0].chain, "A");

    const json about = json::parse(read_file(out / (std::string(name) + ".json")));
    EXPECT_EQ(about.at("sequence"), mmcif.chains[0].sequence);
    EXPECT_EQ(about.at("recycles"), 1);
    EXPECT_EQ(about.at("plddt").size(), mmcif.chains[0].length());
    const json& known = about.at("known_structure");
    EXPECT_EQ(known.at("lddt_ca_by_residue").size(), mmcif.chains[0].length());
    EXPECT_GT(known.at("lddt_ca").get<double>(), 0);
    EXPECT_GT(known.at("alignment_rmsd").get<double>(), 0);
    // The B factors of the PDB file are the pLDDT.
    std::istringstream lines(read_file(out / (std::string(name) + ".pdb")));
    std::size_t ca = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("ATOM", 0) != 0 || line.substr(12, 4) != " CA ") continue;
      EXPECT_NEAR(std::stod(line.substr(60, 6)), about.at("plddt").at(ca).get<double>(), 5.1e-3);
      ++ca;
    }
    EXPECT_EQ(ca, mmcif.chains[0].length());
  }
  EXPECT_THAT(read_file(out / "predictions.tsv"),
              AllOf(HasSubstr("chain\tresidues\tlddt_ca\t"), HasSubstr("\n1ejg_A\t46\t"), HasSubstr("\n1ubi_A\t76\t")));

  // What is there is not lost by mistake; other chains may be added.
  EXPECT_EQ(run(command("predict", out.path(), {"1ubi_A"})).exit_code, 2);
  ASSERT_EQ(run(command("predict", out.path(), {"1as5_A", "--quiet"})).exit_code, 0);
  EXPECT_THAT(read_file(out / "predictions.tsv"), AllOf(HasSubstr("\n1ejg_A\t"), HasSubstr("\n1as5_A\t25\t")));
  ASSERT_EQ(run(command("predict", out.path(), {"1ubi_A", "--overwrite"})).exit_code, 0);
  const std::string table = read_file(out / "predictions.tsv");
  EXPECT_EQ(table.find("\n1ubi_A"), table.rfind("\n1ubi_A"));
  EXPECT_EQ(json::parse(read_file(out / "1ubi_A.json")).at("recycles"), 0) << "as configured";
}

TEST_F(Predict, SequencesNeedNoStructure) {
  const TemporaryFolder out;
  // A record called as a column of the table is.
  out.write("two.fasta", ">sp|P1|FIRST some protein\nMQIFVKTLTGK\n>chain\nTTCCPSIVARSNFNVC\n");
  const ProcessResult result =
      run(command("predict", out / "made", {"--fasta", (out / "two.fasta").string(), "--raw"}));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const StructureEntry first = read_structure(out / "made" / "sp_P1_FIRST.cif");
  EXPECT_EQ(first.chains.at(0).sequence, "MQIFVKTLTGK");
  const json about = json::parse(read_file(out / "made" / "chain.json"));
  EXPECT_FALSE(about.contains("known_structure"));
  EXPECT_THAT(about.at("weights").get<std::string>(), HasSubstr("weights_raw.pt"));
  EXPECT_THAT(
      read_file(out / "made" / "predictions.tsv"),
      AllOf(HasSubstr("chain\tresidues\tlddt_ca\t"), HasSubstr("\nsp_P1_FIRST\t11\t"), HasSubstr("\nchain\t16\t")));
  // No structures are needed at all.
  const ProcessResult alone = run(command(
      "predict", out / "alone", {"--fasta", (out / "two.fasta").string(), "--set", "data.source.train_data_dir=\"\""}));
  EXPECT_EQ(alone.exit_code, 0) << alone.errors;
}

TEST_F(Predict, ACheckpointsAverageIsTakenOrItsWeights) {
  const TemporaryFolder out;
  const std::string checkpoint = run_folder() + "/checkpoints/step-000000004.pt";
  const auto predicted = [&](const std::string& name, const std::string& weights,
                             const std::vector<std::string>& more) {
    std::vector<std::string> words = {"predict",   "1as5_A", "--config", run_folder() + "/config.toml",
                                      "--weights", weights,  "-o",       (out / name).string()};
    words.insert(words.end(), more.begin(), more.end());
    const ProcessResult result = run(words);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return read_file(out / name / "1as5_A.pdb");
  };
  const auto atoms = [](const std::string& pdb) { return pdb.substr(pdb.find("ATOM")); };
  const std::string average = atoms(predicted("a", checkpoint, {})), raw = atoms(predicted("b", checkpoint, {"--raw"}));
  EXPECT_NE(average, raw);
  EXPECT_EQ(average, atoms(predicted("c", run_folder(), {})));
  EXPECT_EQ(raw, atoms(predicted("d", run_folder(), {"--raw"})));
  EXPECT_EQ(json::parse(read_file(out / "a" / "1as5_A.json")).at("weights_section"), "ema.params");
}

TEST_F(Predict, WithoutNamesThatIsTheValidationSet) {
  const TemporaryFolder out;
  const ProcessResult result = run(command("predict", out.path()));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_TRUE(fs::exists(out / "1as5_A.cif"));
  EXPECT_TRUE(fs::exists(out / "1ejg_A.cif"));
}

TEST_F(Predict, NamesMayBeOfBothFolders) {
  const TemporaryFolder out;
  fs::create_directories(out / "val");
  fs::copy(::foldperf::testing::samples_dir() / "1ejg.pdb", out / "val" / "1abc.pdb");
  const ProcessResult result =
      run(command("predict", out / "made",
                  {"1as5_A", "1abc_A", "--set", "data.source.val_data_dir=\"" + (out / "val").string() + "\""}));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.errors, HasSubstr("2 chains"));
  EXPECT_THAT(read_file(out / "made" / "predictions.tsv"),
              AllOf(HasSubstr("\n1abc_A\t46\t"), HasSubstr("\n1as5_A\t25\t")));
  EXPECT_TRUE(fs::exists(out / "made" / "1abc_A.cif"));
  EXPECT_TRUE(fs::exists(out / "made" / "1as5_A.cif"));
}

TEST_F(Predict, AChainThatCannotBeReadDoesNotKeepTheOthersAway) {
  const TemporaryFolder out;
  fs::create_directories(out / "structures");
  fs::copy(::foldperf::testing::samples_dir() / "1ejg.pdb", out / "structures" / "1ejg.pdb");
  out.write("a.fasta", ">one\nMQIFVKT\n>two\nACDEFGH\n");
  out.write("alignments/one/hits.a3m", ">q\nMQIF\n");
  const ProcessResult result = run(command(
      "predict", out / "made", {"--fasta", (out / "a.fasta").string(), "--alignments", (out / "alignments").string()}));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.errors, AllOf(HasSubstr("one: "), HasSubstr("hits.a3m"), HasSubstr("another sequence")));
  EXPECT_FALSE(fs::exists(out / "made" / "one.cif"));
  EXPECT_TRUE(fs::exists(out / "made" / "two.cif"));
  EXPECT_THAT(read_file(out / "made" / "predictions.tsv"), HasSubstr("another sequence"));
}

TEST_F(Predict, WhatEndsItLaterLeavesTheScoresOfTheChainsBefore) {
  const TemporaryFolder out;
  fs::create_directories(out / "made" / "1ejg_A.cif" / "in the way");
  const ProcessResult result = run(command("predict", out / "made", {"1as5_A", "1ejg_A", "--overwrite"}));
  EXPECT_EQ(result.exit_code, 4) << result.errors;
  EXPECT_THAT(read_file(out / "made" / "predictions.tsv"), HasSubstr("\n1as5_A\t25\t"));
}

TEST_F(Predict, MistakesHaveTheirExitCodes) {
  const TemporaryFolder out;
  out.write("bad.fasta", ">a\nMK-T\n");
  const auto expect = [&](std::vector<std::string> words, int code, const std::string& text) {
    const ProcessResult result = run(std::move(words));
    EXPECT_EQ(result.exit_code, code) << result.errors;
    EXPECT_THAT(result.errors, HasSubstr(text));
  };
  const std::string config = run_folder() + "/config.toml";
  expect({"predict", "1ejg_A", "--config", config, "-o", out.path().string()}, 2, "--weights");
  expect(command("predict", out / "x", {"9zzz_A"}), 3, "9zzz");
  expect(command("predict", out / "x", {"--fasta", (out / "bad.fasta").string()}), 3, "bad.fasta:2");
  expect(command("predict", out / "x", {"--fasta", (out / "bad.fasta").string(), "1ejg_A"}), 2, "not both");
  expect(command("predict", "/proc/none/x", {"1ejg_A"}), 4, "/proc/none/x");
  expect({"predict", "1ejg_A", "--config", config, "--weights", (out / "no.pt").string()}, 3, "no.pt");
  expect(command("predict", out / "x", {"1ejg_A", "--set", "globals.c_z=16"}), 3, "weights.pt");
  expect(command("predict", out / "x", {"1ejg_A", "--recycles", "-1"}), 2, "max_recycling_iters");
  expect(command("predict", out / "x", {"1ejg_A", "--device", "gpu"}), 2, "train.device");
  out.write("table/predictions.tsv", "something else\n");
  expect(command("predict", out / "table", {"1ejg_A"}), 2, "predictions.tsv");
  EXPECT_FALSE(fs::exists(out / "x"));
}

TEST_F(Predict, EvaluateGivesTheScoresOfTraining) {
  const TemporaryFolder out;
  const ProcessResult result = run(command("evaluate", out.path()));
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("1as5_A"), HasSubstr("1ejg_A"), HasSubstr("mean")));
  EXPECT_THAT(result.errors, HasSubstr("2 chains of 25 to 46 residues"));
  const json about = json::parse(read_file(out / "evaluation.json"));
  ASSERT_EQ(about.at("chains").size(), 2u);
  // The last evaluation of the run used the same weights.
  std::istringstream metrics(read_file(run_folder() + "/metrics.jsonl"));
  json mean;
  std::vector<json> chains;
  for (std::string line; std::getline(metrics, line);) {
    const json parsed = json::parse(line);
    if (parsed.at("kind") == "eval_mean") mean = parsed;
    if (parsed.at("kind") == "eval") chains.push_back(parsed);
  }
  for (const char* name : {"lddt_ca", "drmsd_ca", "alignment_rmsd", "gdt_ts", "gdt_ha", "plddt"}) {
    EXPECT_EQ(about.at("mean").at(name), mean.at(name)) << name;
    EXPECT_EQ(about.at("chains")[1].at(name), chains.at(1).at(name)) << name;
  }
  EXPECT_THAT(read_file(out / "evaluation.tsv"), AllOf(HasSubstr("\n1ejg_A\t46\t"), HasSubstr("\nmean\t\t")));
  EXPECT_EQ(run(command("evaluate", out.path())).exit_code, 2) << "what is there is kept";
  EXPECT_EQ(run(command("evaluate", out.path(), {"--overwrite"})).exit_code, 0);
}

TEST_F(Predict, EvaluateReportsAChainThatCannotBeRead) {
  const TemporaryFolder out;
  out.write("alignments/1ejg_A/hits.a3m", ">q\nMQIF\n");
  const ProcessResult result = run(command("evaluate", out / "made", {"--alignments", (out / "alignments").string()}));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.errors, HasSubstr("1ejg_A cannot be evaluated"));
  const json about = json::parse(read_file(out / "made" / "evaluation.json"));
  EXPECT_THAT(about.at("chains")[1].at("error").get<std::string>(), HasSubstr("another sequence"));
  EXPECT_EQ(about.at("mean").at("lddt_ca"), about.at("chains")[0].at("lddt_ca"));
}

TEST_F(Predict, ThePlotScriptReadsWhatIsWritten) {
  const TemporaryFolder out;
  ASSERT_EQ(run(command("predict", out.path(), {"1ejg_A"})).exit_code, 0);
  const fs::path script = ::foldperf::testing::project_dir() / "scripts" / "plot_prediction.py";
  if (!fs::exists(script) || std::system("command -v python3 >/dev/null") != 0) GTEST_SKIP() << "no Python or script";
  const auto plot = [&](const std::string& file, const std::string& svg) {
    return ::foldperf::testing::run_process({"python3", script.string(), file, "-o", svg});
  };
  const ProcessResult chain = plot((out / "1ejg_A.json").string(), (out / "a.svg").string());
  EXPECT_EQ(chain.exit_code, 0) << chain.errors;
  EXPECT_THAT(read_file(out / "a.svg"),
              AllOf(HasSubstr("1ejg_A: 46 residues"), HasSubstr("<polyline"), HasSubstr("</svg>")));
  const ProcessResult curve = plot(run_folder() + "/metrics.jsonl", (out / "b.svg").string());
  EXPECT_EQ(curve.exit_code, 0) << curve.errors;
  EXPECT_THAT(read_file(out / "b.svg"), HasSubstr("after 4 steps, mean of 2 chains"));
  out.write("c.json", "{}");
  const ProcessResult wrong = plot((out / "c.json").string(), (out / "c.svg").string());
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.errors, AllOf(HasSubstr("c.json"), HasSubstr("plddt"), Not(HasSubstr("Traceback"))));
}

}  // namespace
}  // namespace foldperf::trainer
