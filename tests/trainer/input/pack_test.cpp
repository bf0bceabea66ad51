#include "trainer/input/pack.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "core/error.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/files.hpp"
#include "tests/trainer/input/mmcif_text.hpp"
#include "trainer/input/archive.hpp"
#include "trainer/input/archive_stores.hpp"
#include "trainer/input/chain_catalog.hpp"

namespace foldperf::trainer {
namespace {

namespace fs = std::filesystem;

using ::foldperf::testing::input_error;
using ::foldperf::testing::message_of;
using ::foldperf::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* a3m = ">query\nACD\n>hit\nA-D\n";

fs::path structures_of_tests() { return testing::project_dir() / "tests/data/openfold/mmcifs"; }
fs::path alignments_of_tests() { return testing::project_dir() / "tests/data/openfold/alignments"; }

class Pack : public ::testing::Test {
 protected:
  PackResult pack_from(const fs::path& structures, const fs::path& alignments, const PackOptions& options = {}) {
    if (!structures.empty()) structures_ = open_structure_store(structures);
    if (!alignments.empty()) alignments_ = open_alignment_store(alignments);
    source_.structures = structures_.get();
    source_.alignments = alignments_.get();
    return pack(source_, archive_, options);
  }
  // Names of what lies in the folder beside `data`.
  [[nodiscard]] std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& item : fs::directory_iterator(folder_.path())) {
      if (!item.is_directory()) names.push_back(item.path().filename().string());
    }
    return names;
  }
  [[nodiscard]] std::vector<std::string> members() const {
    std::vector<std::string> names;
    const ArchiveReader archive(archive_);
    for (const std::string_view prefix : {archived_alignments, archived_structures}) {
      archive.for_each_name(prefix, [&](std::string_view name) { names.emplace_back(name); });
    }
    return names;
  }

  TemporaryFolder folder_;
  fs::path archive_ = folder_ / "x.sqlar";
  std::unique_ptr<StructureStore> structures_;
  std::unique_ptr<AlignmentStore> alignments_;
  PackSource source_;
};

void expect_same(const AlignmentStore& ours, const AlignmentStore& expected) {
  ASSERT_EQ(ours.chains(), expected.chains());
  for (const std::string& chain : expected.chains()) {
    const auto files = ours.files(chain);
    const auto wanted = expected.files(chain);
    ASSERT_EQ(files.size(), wanted.size()) << chain;
    for (std::size_t i = 0; i < files.size(); ++i) {
      EXPECT_EQ(files[i].name, wanted[i].name);
      EXPECT_EQ(files[i].bytes, wanted[i].bytes) << chain << "/" << files[i].name;
    }
  }
}

TEST_F(Pack, TheArchiveHoldsWhatTheFoldersHold) {
  const PackResult result = pack_from(structures_of_tests(), alignments_of_tests(), {.verify = true, .threads = 3});
  const auto structures = open_structure_store(archive_);
  const auto alignments = open_alignment_store(archive_);
  EXPECT_EQ(structures->entries(), structures_->entries());
  EXPECT_EQ(structures->file("2q2k").bytes, structures_->file("2q2k").bytes);
  expect_same(*alignments, *alignments_);
  EXPECT_EQ(result.structures, 1U);
  EXPECT_EQ(result.chains, 1U);
  EXPECT_EQ(result.links, 0U);
  EXPECT_EQ(result.files, members().size());
  EXPECT_GT(result.bytes_before, 2 * result.bytes_after);
  EXPECT_GE(result.archive_bytes, result.bytes_after);
  EXPECT_EQ(result.archive_bytes, fs::file_size(archive_));
  const ChainCatalog catalog = find_chains(*structures, alignments.get(), {});
  EXPECT_FALSE(catalog.chains.empty());
}

TEST_F(Pack, CompressedFilesAreUnpackedAndNamesAreTheEntries) {
  const PackResult result = pack_from(testing::samples_dir(), {});
  EXPECT_EQ(result.structures, 6U);
  EXPECT_THAT(members(), ElementsAre("structures/1a7g.cif", "structures/1a8o.cif", "structures/1as5.cif",
                                     "structures/1ejg.pdb", "structures/1lcd.cif", "structures/1ubi.pdb"));
  const auto structures = open_structure_store(archive_);
  for (const std::string& entry : structures_->entries()) {
    EXPECT_EQ(structures->file(entry).bytes, structures_->file(entry).bytes) << entry;
  }
}

TEST_F(Pack, AnyNumberOfThreadsWritesTheSameMembers) {
  for (int i = 0; i < 50; ++i) {
    folder_.write("data/" + std::to_string(i) + "abc_A/a.a3m",
                  a3m + std::string(static_cast<std::size_t>(i) * 999, 'A'));
  }
  std::vector<std::string> bytes;
  for (const std::size_t threads : {1, 5}) {
    (void)pack_from({}, folder_ / "data", {.overwrite = true, .threads = threads});
    std::string all;
    const auto store = open_alignment_store(archive_);
    for (const std::string& chain : store->chains()) all += chain + store->files(chain).at(0).bytes;
    bytes.push_back(all);
    expect_same(*store, *alignments_);
  }
  EXPECT_EQ(bytes.at(0), bytes.at(1));
}

TEST_F(Pack, ChainsThatShareFilesAreLinked) {
  folder_.write("data/1abc_A/a.a3m", a3m);
  folder_.write("data/3abc_A/a.a3m", a3m);
  fs::create_directory_symlink("1abc_A", folder_ / "data/2abc_B");
  fs::create_directory(folder_ / "data/4abc_A");
  fs::create_directory_symlink("4abc_A", folder_ / "data/5abc_A");
  const PackResult result = pack_from({}, folder_ / "data");
  EXPECT_THAT(members(), ElementsAre("alignments/1abc_A/a.a3m", "alignments/2abc_B", "alignments/3abc_A/a.a3m"));
  EXPECT_EQ(result.chains, 3U);
  EXPECT_EQ(result.links, 1U);
  EXPECT_EQ(result.files, 2U);
  const auto store = open_alignment_store(archive_);
  EXPECT_EQ(store->files("2abc_B").at(0).bytes, a3m);
  // An archive is a source too, and keeps its links.
  PackSource again;
  again.alignments = store.get();
  EXPECT_EQ(pack(again, folder_ / "again.sqlar").links, 1U);
  expect_same(*open_alignment_store(folder_ / "again.sqlar"), *store);
}

TEST_F(Pack, ReadsAlignmentDatabases) {
  folder_.write("x.db", std::string("#hits") + a3m);
  const std::string size = std::to_string(std::string(a3m).size());
  const std::string files = R"([["c.hhr", 0, 5], ["b.a3m", 5, )" + size + "]]";
  const auto index = folder_.write(
      "x.index", R"({"1abc_A": )" + files + R"(, "2abc_A": )" + files + R"(, "3abc_A": [["b.a3m", 5, )" + size + "]]}");
  const PackResult result = pack_from({}, index);
  EXPECT_EQ(result.chains, 3U);
  EXPECT_EQ(result.links, 1U);
  EXPECT_EQ(result.files, 3U);
  expect_same(*open_alignment_store(archive_), *alignments_);
}

TEST_F(Pack, OnlyTheListedChains) {
  for (const char* name : {"1abc.cif", "2ABC.cif", "3abc.cif", "4abc.cif"})
    folder_.write(std::string("s/") + name, "x");
  for (const char* name : {"1abc_A", "1abc_B", "2abc_A", "3abc", "4abc_A", "5abc_A"}) {
    folder_.write(std::string("a/") + name + "/a.a3m", a3m);
  }
  source_.chains = {"1abc_B", "2abc", "3abc_A", "5abc_A", "6abc_A", "1abc"};
  source_.chains->pop_back();
  const PackResult result = pack_from(folder_ / "s", folder_ / "a");
  EXPECT_THAT(members(), ElementsAre("alignments/1abc_B/a.a3m", "alignments/2abc_A/a.a3m", "alignments/3abc/a.a3m",
                                     "alignments/5abc_A/a.a3m", "structures/1abc.cif", "structures/2ABC.cif",
                                     "structures/3abc.cif"));
  EXPECT_THAT(result.not_found, ElementsAre("6abc_A"));
  source_.chains = {"6abc_A"};
  EXPECT_THAT(input_error([&] { (void)pack_from({}, {}, {.overwrite = true}); }),
              AllOf(HasSubstr("x.sqlar: nothing to pack"), HasSubstr("of the list")));
  EXPECT_EQ(members().size(), 7U) << "the archive that was there";
}

TEST_F(Pack, CachesTravelWithTheArchive) {
  source_.chain_data_cache = folder_.write("c.json", R"({"2q2k_A": {"seq": "ACD"}})");
  source_.mmcif_cache = folder_.write("m.json", R"({"2q2k": {"release_date": "2008-02-05"}})");
  const PackResult result = pack_from(structures_of_tests(), {}, {.verify = true});
  EXPECT_EQ(result.files, 3U);
  EXPECT_EQ(read_archived_text(archive_, archived_chain_data_cache)->text, R"({"2q2k_A": {"seq": "ACD"}})");
  EXPECT_THAT(read_archived_text(archive_, archived_mmcif_cache)->text, HasSubstr("2008-02-05"));
  source_.mmcif_cache = folder_.write("m.json", "[]");
  (void)pack_from({}, {}, {.overwrite = true});
  EXPECT_THAT(input_error([&] { (void)pack_from({}, {}, {.overwrite = true, .verify = true}); }), HasSubstr("m.json"));
}

TEST_F(Pack, AFileThatCannotBeReadIsNamedAndLeavesNoArchive) {
  folder_.write("s/1abc.cif", testing::to_mmcif({{"ALA"}, {{}}}));
  folder_.write("a/1abc_A/a.a3m", a3m);
  folder_.write("a/1abc_B/a.a3m", "");
  EXPECT_THAT(input_error([&] { (void)pack_from(folder_ / "s", folder_ / "a"); }),
              HasSubstr("a/1abc_B/a.a3m: is empty"));
  EXPECT_THAT(left(), IsEmpty());
  folder_.write("a/1abc_B/a.a3m", "\x1f\x8b damaged");
  EXPECT_THAT(input_error([&] { (void)pack_from(folder_ / "s", folder_ / "a"); }), HasSubstr("a/1abc_B/a.a3m"));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(Pack, VerifyParsesEveryFile) {
  folder_.write("s/1abc.cif", testing::to_mmcif({{"ALA"}, {{}}}));
  folder_.write("a/1abc_A/a.a3m", a3m);
  folder_.write("a/1abc_A/notes.txt", "anything");
  (void)pack_from(folder_ / "s", folder_ / "a", {.verify = true});
  const std::map<std::string, std::string> wrong = {{"s/2abc.cif", "data_x\n_a.b\n"},
                                                    {"a/2abc_A/a.a3m", "no header\n"},
                                                    {"a/2abc_A/a.sto", "# STOCKHOLM 1.0\nx ACD\n"},
                                                    {"a/2abc_A/a.hhr", "nothing of the kind\n"}};
  for (const auto& [name, bytes] : wrong) {
    folder_.write(name, bytes);
    (void)pack_from(folder_ / "s", folder_ / "a", {.overwrite = true});
    fs::remove(archive_);
    EXPECT_THAT(input_error([&] { (void)pack_from(folder_ / "s", folder_ / "a", {.verify = true}); }), HasSubstr(name));
    EXPECT_THAT(left(), IsEmpty()) << name;
    fs::remove(folder_ / name);
  }
}

TEST_F(Pack, ProgressIsToldAndMayEndTheWork) {
  for (int i = 0; i < 9; ++i) folder_.write("a/" + std::to_string(i) + "abc_A/a.a3m", a3m);
  alignments_ = open_alignment_store(folder_ / "a");
  source_.alignments = alignments_.get();
  std::vector<std::size_t> done;
  PackProgress last;
  const PackResult result = pack(source_, archive_, {}, [&](const PackProgress& progress) {
    done.push_back(progress.done);
    last = progress;
  });
  EXPECT_THAT(done, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_EQ(last.total, 9U);
  EXPECT_EQ(last.bytes_before, result.bytes_before);
  EXPECT_EQ(last.bytes_after, result.bytes_after);
  fs::remove(archive_);
  EXPECT_THROW((void)pack(source_, archive_, {},
                          [](const PackProgress& progress) {
                            if (progress.done == 5) throw std::runtime_error("Ctrl-C");
                          }),
               std::runtime_error);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(Pack, NothingIsNoArchive) {
  EXPECT_THAT(input_error([&] { (void)pack({}, archive_); }), HasSubstr("x.sqlar: nothing to pack"));
  fs::create_directories(folder_ / "a");
  EXPECT_THAT(input_error([&] { (void)pack_from({}, folder_ / "a"); }), HasSubstr("nothing to pack"));
  EXPECT_THAT(left(), IsEmpty());
  folder_.write("x.sqlar", "precious");
  EXPECT_THAT(message_of<UsageError>([&] { (void)pack_from(testing::samples_dir(), {}); }),
              HasSubstr("x.sqlar: is there already"));
}

}  // namespace
}  // namespace foldperf::trainer
