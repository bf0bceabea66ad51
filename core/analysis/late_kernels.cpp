#include "core/analysis/late_kernels.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/analysis/saturate.hpp"

namespace foldperf::analysis {
namespace {

using database::sqlite::Statement;

void bind_optional_id(Statement& statement, int index, std::int64_t id) {
  id == 0 ? statement.bind_null(index) : statement.bind(index, id);
}

}  // namespace

LateKernels::LateKernels(database::sqlite::Connection& run, std::int64_t rank, std::size_t most_groups)
    : run_(run),
      rank_(rank),
      before_(run.query_int("SELECT COALESCE(max(rowid),0) FROM summary_kernels")),
      most_groups_(most_groups) {}

void LateKernels::add(const KernelSum& sum) {
  const auto [found, is_new] = sums_.try_emplace(sum.group, sum);
  if (is_new) {
    if (sums_.size() >= most_groups_) write();
    return;
  }
  KernelSum& into = found->second;
  into.calls += sum.calls;
  add_to(into.total_ns, sum.total_ns);
  into.min_ns = std::min(into.min_ns, sum.min_ns);
  into.max_ns = std::max(into.max_ns, sum.max_ns);
}

void LateKernels::write() {
  if (sums_.empty()) return;
  std::vector<std::pair<std::int64_t, KernelSum>> rows;
  {
    Statement written(run_, "SELECT rowid,step,stackId,nameId FROM summary_kernels WHERE rowid>?1");
    written.bind(1, before_);
    while (written.step()) {
      const auto found = sums_.find({written.optional_integer(1), written.integer(2), written.integer(3)});
      if (found == sums_.end()) continue;
      rows.emplace_back(written.integer(0), found->second);
      sums_.erase(found);
    }
  }
  Statement change(run_,
                   "UPDATE summary_kernels SET calls=calls+?2,total_ns=min(9223372036854775807-?3,total_ns)+?3,"
                   "min_ns=min(COALESCE(min_ns,total_ns),?4),max_ns=max(COALESCE(max_ns,total_ns),?5) WHERE rowid=?1");
  for (const auto& [row, sum] : rows) {
    change.bind(1, row);
    change.bind(2, sum.calls);
    change.bind(3, sum.total_ns);
    change.bind(4, sum.min_ns);
    change.bind(5, sum.max_ns);
    change.run();
  }
  KernelRows kernels(run_);
  for (const auto& [group, sum] : std::exchange(sums_, {})) kernels.add(rank_, sum);
}

KernelRows::KernelRows(database::sqlite::Connection& run)
    : add_(run,
           "INSERT INTO summary_kernels(rank,step,stackId,nameId,calls,total_ns,min_ns,max_ns) "
           "VALUES(?1,?2,?3,?4,?5,?6,?7,?8)") {}

void KernelRows::add(std::int64_t rank, const KernelSum& sum) {
  add_.bind(1, rank);
  add_.bind_optional(2, sum.group.step);
  bind_optional_id(add_, 3, sum.group.stack);
  bind_optional_id(add_, 4, sum.group.name);
  add_.bind(5, sum.calls);
  add_.bind(6, sum.total_ns);
  const bool one = sum.calls == 1;  // its time says it all: a row for each kernel is the largest table there is
  add_.bind_optional(7, one ? std::nullopt : std::optional<std::int64_t>(sum.min_ns));
  add_.bind_optional(8, one ? std::nullopt : std::optional<std::int64_t>(sum.max_ns));
  add_.run();
}

}  // namespace foldperf::analysis
