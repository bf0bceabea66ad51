#include "tests/trainer/feed/mixed_samples.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "tests/trainer/input/hhr_text.hpp"
#include "tests/trainer/input/mmcif_text.hpp"
#include "trainer/feed/random_stream.hpp"
#include "trainer/input/archive_stores.hpp"
#include "trainer/input/archive_writer.hpp"
#include "trainer/input/hhr_hits.hpp"
#include "trainer/input/merged_alignment.hpp"
#include "trainer/input/template_search.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::size_t chain_count = 250;
constexpr std::size_t cache_limit = std::size_t{350} << 10;  // most of the small entries, and never the long one
constexpr std::size_t long_chain = 5'000;
constexpr std::size_t deep_alignment = 50'000;

constexpr std::array<std::string_view, 8> entries = {"1a7g", "1a8o", "1as5", "1ejg", "1lcd", "1ubi", "2q2k", "3jqh"};
constexpr std::array<std::string_view, 5> alignment_names = {"2q2k_A", "1ubi_A", "a3m_A", "sto_A", "none_A"};

// FNV-1a.
class Digest {
 public:
  void add(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) value_ = (value_ ^ bytes[i]) * 0x100000001b3U;
  }
  template <class T>
  void add(std::span<const T> values) {
    add(values.data(), values.size_bytes());
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

std::string long_entry() {
  testing::EntryText entry;
  for (std::size_t i = 0; i < long_chain; ++i) {
    entry.sequence.push_back(std::string(residue_names[i % residue_type_count]));
    testing::AtomLine atom;
    atom.component = entry.sequence.back();
    atom.position = static_cast<int>(i) + 1;
    atom.x = std::to_string(3.8 * static_cast<double>(i));
    entry.atoms.push_back(atom);
  }
  return to_mmcif(entry);
}

std::string deep_a3m() {
  constexpr std::size_t width = 60;
  const SampleKey key{3, 0, 0};
  RandomStream random(key, Purpose::sample_msa);
  std::string text;
  for (std::size_t row = 0; row < deep_alignment; ++row) {
    text.append(">row ").append(std::to_string(row)).push_back('\n');
    std::uint32_t bits = random.next();
    for (std::size_t column = 0; column < width; ++column) {
      if (column % 8 == 0) bits = random.next();
      text.push_back(residue_letters[(bits >> (column % 8 * 4)) % residue_type_count]);
    }
    if (row % 7 == 1) text.insert(text.size() - 20, "acd");
    text.push_back('\n');
  }
  return text;
}

}  // namespace

MixedFiles::MixedFiles() : cache_(cache_limit) {
  make_structures();
  make_alignments();
  structures_ = open_structure_store(folder_ / "structures");
  archive_ = open_archived_structures(folder_ / "structures.sqlar");
  alignments_ = open_alignment_store(folder_ / "alignments");
  database_ = open_alignment_store(folder_ / "joined.index");
  for (std::size_t i = 0; chains_.size() < chain_count - 4; ++i) {
    chains_.push_back({std::string(entries[i % entries.size()]),
                       std::string(alignment_names[i / 2 % alignment_names.size()]), 1, false});
  }
  chains_.push_back({"long", "none_A", 30, false});
  chains_.push_back({"1ubi", "deep_A", 100, false});
  chains_.push_back({"cut", "none_A", 1, true});
  chains_.push_back({"1ejg", "uneven_A", 1, true});
}

void MixedFiles::make_structures() const {
  const auto copy = [&](const std::filesystem::path& from) {
    folder_.write("structures/" + from.filename().string(), testing::read_file(from));
  };
  for (const char* name : {"1a7g.cif", "1a8o.cif", "1as5.cif.gz", "1ejg.pdb", "1lcd.cif.gz", "1ubi.pdb"}) {
    copy(testing::samples_dir() / name);
  }
  const auto data = testing::project_dir() / "tests" / "data";
  copy(data / "structures" / "3jqh.cif");
  copy(data / "openfold" / "mmcifs" / "2q2k.cif");
  folder_.write("structures/long.cif", long_entry());
  const std::string whole = testing::read_file(testing::samples_dir() / "1as5.cif.gz");
  folder_.write("structures/cut.cif.gz", std::string_view(whole).substr(0, whole.size() / 2));
  ArchiveWriter archive(folder_ / "structures.sqlar");
  for (const auto& file : std::filesystem::directory_iterator(folder_ / "structures")) {
    archive.add(std::string(archived_structures) + file.path().filename().string(),
                pack_bytes(testing::read_file(file.path())));
  }
  archive.finish();
}

void MixedFiles::make_alignments() const {
  std::string joined;
  std::string index;
  const auto write = [&](const std::string& chain, const std::string& name, const std::string& text) {
    folder_.write("alignments/" + chain + "/" + name, text);
    if (chain == "deep_A" || chain == "uneven_A") return;
    index += (index.empty() ? "{\"" : ", \"") + chain + "/" + name + R"(": [[")" + name + R"(", )" +
             std::to_string(joined.size()) + ", " + std::to_string(text.size()) + "]]";
    joined += text;
  };
  const auto real = testing::project_dir() / "tests" / "data" / "openfold" / "alignments" / "2q2k_A";
  for (const char* name : {"bfd_uniclust_hits.a3m", "mgnify_hits.sto", "uniref90_hits.sto"}) {
    write("2q2k_A", name, testing::read_file(real / name));
  }
  write("a3m_A", "bfd_uniclust_hits.a3m", ">query\nMKVLAAGIVG\n>first\nMKV--AGIVG\n>second\nMKcVLAA-IVG\n");
  write("sto_A", "uniref90_hits.sto", "# STOCKHOLM 1.0\nquery MKVLA-AGIVG\nfirst MKV--AAGIVG\n//\n");
  write("deep_A", "bfd_uniclust_hits.a3m", deep_a3m());
  write("uneven_A", "bfd_uniclust_hits.a3m", ">query\nMKVLAAGIVG\n>first\nMKV\n");

  // A hit of ubiquitin on crambin.
  const auto sequence = [](const char* name) {
    return read_structure(testing::samples_dir() / name).chains.front().sequence;
  };
  constexpr std::size_t width = 40;
  testing::HitText hit;
  hit.name = "1EJG_A crambin";
  hit.query = sequence("1ubi.pdb").substr(5, width);
  hit.hit = sequence("1ejg.pdb").substr(2, width);
  hit.query_start = 6;
  hit.hit_start = 3;
  write("1ubi_A", "pdb70_hits.hhr", testing::to_hhr({hit}, 76));
  write("1ubi_A", "bfd_uniclust_hits.a3m", ">query\n" + sequence("1ubi.pdb") + "\n");

  folder_.write("joined.db", joined);
  folder_.write("joined.index", index + "}");
}

std::shared_ptr<const StructureEntry> MixedFiles::structure(const std::string& entry, const StructureStore& store) {
  return cache_.get(entry, [&] {
    auto read = std::make_shared<const StructureEntry>(store.read(entry));
    std::size_t bytes = 0;
    for (const ProteinChain& chain : read->chains) bytes += chain.length() * atom37_count * 4 * sizeof(float);
    return ChainCache<StructureEntry>::Loaded{std::move(read), bytes};
  });
}

MixedSample MixedFiles::prepare(const SamplePlace& place) {
  const Chain& chain = chains_[place.chain];
  const StructureStore& store = place.position % 2 == 0 ? *structures_ : *archive_;
  const auto entry = structure(chain.entry, store);
  const ProteinChain& protein = entry->chains.front();
  MixedSample sample{chain.entry, protein.length(), 0, 0, 0};

  std::vector<Alignment> alignments;
  std::vector<Template> templates;
  for (const AlignmentFile& file : alignments_->files(chain.alignments)) {
    if (alignment_file_kind(file.name) == AlignmentFileKind::alignment) {
      alignments.push_back(parse_alignment(file));
      continue;
    }
    TemplateSearchOptions options;
    options.max_template_date = "2030-01-01";
    templates = find_templates(
                    structure("1ubi", store)->chains.front().sequence, parse_hhr(file.bytes, file.path),
                    [&](const std::string& name) { return structure(name, store); }, options)
                    .templates;
  }
  // The same bytes from the database, now and then.
  for (const std::string& name : alignments_->file_names(chain.alignments)) {
    for (const AlignmentFile& file : database_->files(chain.alignments + "/" + name)) {
      if (alignment_file_kind(name) == AlignmentFileKind::alignment) alignments.push_back(parse_alignment(file));
    }
  }
  if (alignments.empty()) alignments.push_back(own_sequence_alignment(protein.sequence));
  const MergedAlignment merged = merge(alignments);
  sample.rows = static_cast<std::size_t>(merged.depth);
  sample.templates = templates.size();

  constexpr std::size_t crop = 16;
  RandomStream random(place.key, Purpose::crop);
  const auto some = [&](std::size_t size) {
    return static_cast<std::size_t>(random.integer(0, static_cast<std::int64_t>(size - std::min(size, crop))));
  };
  Digest digest;
  const std::size_t first = some(protein.length());
  const std::size_t residues = std::min(crop, protein.length());
  digest.add(protein.sequence.data() + first, residues);
  constexpr std::size_t positions = std::size_t{atom37_count} * 3;
  digest.add(std::span(protein.atom_positions).subspan(first * positions, residues * positions));
  const auto width = static_cast<std::size_t>(merged.width);
  for (std::size_t i = 0; i < crop; ++i) {
    const std::size_t row = some(sample.rows);
    digest.add(std::span(merged.residues).subspan(row * width, width));
    digest.add(std::span(merged.deletions).subspan(row * width, width));
  }
  for (const Template& one : templates) digest.add(std::span(one.atom_positions));
  sample.digest = digest.value();
  return sample;
}

}  // namespace foldperf::trainer
