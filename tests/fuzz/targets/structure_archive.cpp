// Packed archives: what is in them is not trusted, nor is the SQLite file itself.
#include "tests/fuzz/frame/alignment_checks.hpp"
#include "tests/fuzz/frame/scratch_folder.hpp"
#include "tests/fuzz/frame/structure_checks.hpp"
#include "trainer/input/archive.hpp"
#include "trainer/input/archive_stores.hpp"

using namespace foldperf;

namespace {

// Members that cannot be read do not keep the others from being tried. Returns whether it could.
template <class Use>
bool try_member(const std::string& archive, Use&& use) {
  try {
    use();
    return true;
  } catch (const InputError& error) {
    fuzz::require(std::string_view(error.what()).starts_with(archive), "messages begin with the archive");
    return false;
  }
}

void check_members(const std::string& path) {
  const trainer::ArchiveReader archive(path);
  std::vector<std::string> names;
  for (const char* prefix : {"structures/", "alignments/", "chain", "mmcif"}) {
    const std::size_t first = names.size();
    archive.for_each_name(prefix, [&](std::string_view name) {
      fuzz::require(name.starts_with(prefix), "only names that begin so");
      fuzz::require(names.size() == first || names.back() < name, "names are sorted, each there once");
      names.emplace_back(name);
    });
  }
  for (const std::string& name : names) {
    try_member(path, [&] {
      const std::string target = archive.follow(name);
      fuzz::require(archive.kind(target) != trainer::ArchiveReader::Kind::link, "a link is followed to its end");
      (void)archive.read(target);
    });
  }
}

void check_stores(const std::string& path) {
  try_member(path, [&] {
    const auto structures = trainer::open_archived_structures(path);
    const std::vector<std::string> entries = structures->entries();
    fuzz::require(!entries.empty(), "a store has an entry");
    for (const std::string& entry : entries) {
      fuzz::require(structures->contains(entry), "what is listed is there");
      try_member(path, [&] { fuzz::check_entry(structures->read(entry)); });
    }
  });
  try_member(path, [&] {
    const auto alignments = trainer::open_archived_alignments(path);
    for (const std::string& chain : alignments->chains()) {
      fuzz::require(alignments->contains(chain), "what is listed is there");
      try_member(path, [&] {
        for (const trainer::AlignmentFile& file : alignments->files(chain, trainer::AlignmentFileKind::alignment)) {
          try_member(path, [&] { fuzz::check_alignment(trainer::parse_alignment(file)); });
        }
      });
    }
  });
  for (const auto name : {trainer::archived_chain_data_cache, trainer::archived_mmcif_cache}) {
    try_member(path, [&] { (void)trainer::read_archived_text(path, name); });
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string path = fuzz::scratch_folder() / "fuzz.sqlar";
  return fuzz::try_input(data, size, path, [&](std::string_view bytes) {
    testing::write_file(path, bytes);
    check_members(path);
    check_stores(path);
  });
}
