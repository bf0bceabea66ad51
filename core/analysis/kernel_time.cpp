#include "core/analysis/kernel_time.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/analysis/saturate.hpp"
#include "core/database/reader.hpp"

namespace foldperf::analysis {
namespace {

using database::QueryRow;

void sort_and_share(std::vector<KernelTime>& times) {
  double all = 0;
  for (const KernelTime& time : times) all += time.total_ns;
  for (KernelTime& time : times) time.share = all > 0 ? time.total_ns / all : 0;
  std::sort(times.begin(), times.end(), [](const KernelTime& a, const KernelTime& b) {
    return a.total_ns != b.total_ns ? a.total_ns > b.total_ns : a.name < b.name;
  });
}

// The module of each stack of ranges: its innermost range of the category "module", else its innermost range.
class StackModules {
 public:
  explicit StackModules(const database::RunReader& reader) {
    reader.query(
        "SELECT s.id,s.parent,t.value,EXISTS(SELECT 1 FROM NvtxCategories c JOIN StringIds i ON i.id=c.nameId "
        "AND i.value='module' WHERE c.rank=s.rank AND c.domainId=s.domainId AND c.category=s.category) "
        "FROM range_stacks s LEFT JOIN StringIds t ON t.id=s.textId",
        {}, [this](const QueryRow& row) {
          stacks_[row.integer(0)] = {row.is_null(1) ? 0 : row.integer(1), std::string(row.text(2)),
                                     row.integer(3) != 0};
          return true;
        });
  }

  [[nodiscard]] std::string module_of(std::int64_t stack) const {
    const auto innermost = stacks_.find(stack);
    if (innermost == stacks_.end()) return {};
    std::size_t steps = 0;  // a stranger's file may hold a ring
    for (auto at = innermost; at != stacks_.end() && steps++ < stacks_.size(); at = stacks_.find(at->second.parent)) {
      if (at->second.is_module) return at->second.text;
    }
    return innermost->second.text;
  }

 private:
  struct Stack {
    std::int64_t parent;
    std::string text;
    bool is_module;
  };
  std::unordered_map<std::int64_t, Stack> stacks_;
};

// total(): a sum of a stranger's integers may overflow.
constexpr const char* summed_names =
    "SELECT s.value,k.n,k.ns FROM (SELECT nameId,total(calls) n,total(total_ns) ns FROM summary_kernels GROUP BY "
    "nameId) k LEFT JOIN StringIds s ON s.id=k.nameId";
constexpr const char* counted_names =
    "SELECT s.value,k.n,k.ns FROM (SELECT shortName,count(*) n,total(CAST(\"end\" AS REAL)-start) ns "
    "FROM CUPTI_ACTIVITY_KIND_KERNEL GROUP BY shortName) k LEFT JOIN StringIds s ON s.id=k.shortName";

}  // namespace

KernelAnalysis analyze_kernels(const database::RunReader& reader) {
  KernelAnalysis result;
  const bool summarized = reader.count("summary_kernels") > 0;
  reader.query(summarized ? summed_names : counted_names, {}, [&](const QueryRow& row) {
    result.kernels.push_back({std::string(row.text(0)), row.integer(1), row.real(2), 0});
    result.total_ns += row.real(2);
    return true;
  });
  sort_and_share(result.kernels);
  if (!summarized) return result;

  const StackModules modules(reader);
  std::map<std::string, KernelTime> by_module;
  reader.query("SELECT stackId,total(calls),total(total_ns) FROM summary_kernels GROUP BY stackId", {},
               [&](const QueryRow& row) {
                 std::string name = row.is_null(0) ? std::string() : modules.module_of(row.integer(0));
                 KernelTime& time = by_module[name];
                 time.name = std::move(name);
                 add_to(time.count, row.integer(1));
                 time.total_ns += row.real(2);
                 return true;
               });
  const bool any_known = by_module.size() > 1 || !by_module.contains("");
  if (!any_known) return result;
  for (auto& [name, time] : by_module) result.modules.push_back(std::move(time));
  sort_and_share(result.modules);
  return result;
}

}  // namespace foldperf::analysis
