#include "trainer/input/pack.hpp"

#include <algorithm>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/error.hpp"
#include "trainer/input/archive_stores.hpp"
#include "trainer/input/archive_writer.hpp"
#include "trainer/input/chain_data_cache.hpp"
#include "trainer/input/chain_list.hpp"
#include "trainer/input/hhr_hits.hpp"
#include "trainer/input/mmcif_cache.hpp"
#include "trainer/input/ordered_work.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace fs = std::filesystem;

namespace {

// What one call of a worker reads.
struct Job {
  enum class Kind { structure, chain, chain_data_cache, mmcif_cache };
  Kind kind;
  std::string name;
};

struct ArchiveLink {
  std::string name;
  std::string target;
};

struct Plan {
  std::vector<Job> jobs;
  std::vector<ArchiveLink> links;
  std::vector<std::string> not_found;
};

struct Member {
  std::string name;
  PackedBytes file;
};

struct Packed {
  Job::Kind kind;
  std::vector<Member> members;
};

void plan_structures(const PackSource& source, std::optional<ChainListFilter>& list, Plan& plan) {
  for (std::string& entry : source.structures->entries()) {
    if (list && !list->may_admit(entry)) continue;
    plan.jobs.push_back({Job::Kind::structure, std::move(entry)});
  }
}

void plan_alignments(const PackSource& source, std::optional<ChainListFilter>& list, Plan& plan) {
  std::unordered_map<std::string, std::string> chain_of;  // by where the files come from
  for (std::string& chain : source.alignments->chains()) {
    if (list && !list->admits(chain, entry_of_chain(chain)) && !list->may_admit(chain)) continue;
    const auto [first, is_new] = chain_of.emplace(source.alignments->source(chain), chain);
    if (is_new) {
      plan.jobs.push_back({Job::Kind::chain, std::move(chain)});
    } else {
      plan.links.push_back({std::move(chain), first->second});
    }
  }
}

// Of the names that no chain with alignments has, those whose entry has no structure either.
std::vector<std::string> not_found(const PackSource& source, const ChainListFilter& list) {
  std::vector<std::string> names = list.unused();
  std::erase_if(names, [&](const std::string& name) {
    const std::string_view entry = entry_of_chain(name);
    if (source.structures != nullptr && (source.structures->contains(name) || source.structures->contains(entry))) {
      return true;
    }
    return source.alignments != nullptr && source.alignments->contains(name);
  });
  return names;
}

Plan make_plan(const PackSource& source) {
  Plan plan;
  std::optional<ChainListFilter> list;
  if (source.chains) list.emplace(*source.chains);
  if (!source.chain_data_cache.empty()) plan.jobs.push_back({Job::Kind::chain_data_cache, {}});
  if (!source.mmcif_cache.empty()) plan.jobs.push_back({Job::Kind::mmcif_cache, {}});
  if (source.alignments != nullptr) plan_alignments(source, list, plan);
  if (source.structures != nullptr) plan_structures(source, list, plan);
  if (list) plan.not_found = not_found(source, *list);
  return plan;
}

void check_part_of_name(const std::string& part, const std::string& path) {
  if (part.empty() || part.find('/') != std::string::npos) {
    throw InputError(path, "'" + part + "' cannot be a file or a folder in an archive");
  }
}

class Reader {
 public:
  Reader(const PackSource& source, const PackOptions& options) : source_(source), options_(options) {}

  [[nodiscard]] Packed read(const Job& job) const {
    Packed result{job.kind, {}};
    switch (job.kind) {
      case Job::Kind::structure:
        result.members.push_back(structure(job.name));
        break;
      case Job::Kind::chain:
        result.members = alignments(job.name);
        break;
      case Job::Kind::chain_data_cache:
        result.members.push_back(cache(archived_chain_data_cache, source_.chain_data_cache,
                                       [](const auto&... text) { (void)parse_chain_data_cache(text...); }));
        break;
      case Job::Kind::mmcif_cache:
        result.members.push_back(cache(archived_mmcif_cache, source_.mmcif_cache,
                                       [](const auto&... text) { (void)parse_mmcif_cache(text...); }));
        break;
    }
    return result;
  }

 private:
  [[nodiscard]] Member structure(const std::string& entry) const {
    StructureFile file = source_.structures->file(entry);
    if (options_.verify) (void)parse_structure(file, entry, options_.structure_options);
    std::string name(archived_structures);
    name.append(entry).append(fs::path(file.name).extension().string());
    return {std::move(name), pack_bytes(std::move(file.bytes), options_.level)};
  }

  [[nodiscard]] std::vector<Member> alignments(const std::string& chain) const {
    std::vector<Member> members;
    const std::vector<std::string> names = source_.alignments->file_names(chain);
    // One at a time: a chain's files together may be large.
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (AlignmentFile& file : source_.alignments->files(chain, std::span(names).subspan(i, 1))) {
        check_part_of_name(chain, file.path);
        check_part_of_name(file.name, file.path);
        if (options_.verify) verify(file);
        std::string name(archived_alignments);
        name.append(chain).append("/").append(file.name);
        members.push_back({std::move(name), pack_bytes(std::move(file.bytes), options_.level)});
      }
    }
    return members;
  }

  template <class Parse>
  [[nodiscard]] Member cache(std::string_view name, const fs::path& path, Parse&& parse) const {
    std::string text = read_text_file(path);
    if (options_.verify) parse(text, path.string());
    return {std::string(name), pack_bytes(std::move(text), options_.level)};
  }

  static void verify(const AlignmentFile& file) {
    switch (alignment_file_kind(file.name)) {
      case AlignmentFileKind::alignment:
        (void)parse_alignment(file);
        break;
      case AlignmentFileKind::template_hits:
        (void)parse_hhr(file.bytes, file.path);
        break;
      case AlignmentFileKind::other:
        break;
    }
  }

  const PackSource& source_;
  const PackOptions& options_;
};

std::size_t thread_count(const PackOptions& options) {
  if (options.threads > 0) return options.threads;
  return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

[[noreturn]] void fail_empty(const PackSource& source, const fs::path& archive) {
  if (source.chains) {
    throw InputError(archive.string(), "nothing to pack: no chain of the list has a structure or an alignment");
  }
  throw InputError(archive.string(), "nothing to pack: there is neither a structure nor an alignment");
}

}  // namespace

PackResult pack(const PackSource& source, const fs::path& archive, const PackOptions& options,
                const std::function<void(const PackProgress&)>& progress) {
  ArchiveWriter writer(archive, {.overwrite = options.overwrite});
  Plan plan = make_plan(source);
  PackResult result;
  result.not_found = std::move(plan.not_found);
  PackProgress state;
  state.total = plan.jobs.size();
  std::unordered_set<std::string> has_files;
  const Reader reader(source, options);
  work_in_order<Packed>(
      plan.jobs.size(), thread_count(options), [&](std::size_t job) { return reader.read(plan.jobs[job]); },
      [&](const Packed& packed) {
        for (const auto& [name, file] : packed.members) {
          writer.add(name, file);
          ++result.files;
          result.bytes_before += file.size;
          result.bytes_after += file.bytes.size();
        }
        if (packed.kind == Job::Kind::structure) ++result.structures;
        if (packed.kind == Job::Kind::chain && !packed.members.empty()) {
          ++result.chains;
          has_files.insert(plan.jobs[state.done].name);
        }
        ++state.done;
        state.bytes_before = result.bytes_before;
        state.bytes_after = result.bytes_after;
        if (progress) progress(state);
      });
  for (const auto& [name, target] : plan.links) {
    if (!has_files.contains(target)) continue;
    writer.add_link(std::string(archived_alignments).append(name), target);
    ++result.chains;
    ++result.links;
  }
  if (result.structures + result.chains == 0) fail_empty(source, archive);
  writer.finish();
  std::error_code ignored;
  result.archive_bytes = fs::file_size(archive, ignored);
  return result;
}

}  // namespace foldperf::trainer
