#include "trainer/data/cluster_counts.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

std::vector<std::int32_t> member_counts(const PassRows& pass) {
  std::vector<std::int32_t> members(static_cast<std::size_t>(pass.sampled), 0);
  for (const std::int32_t cluster : pass.cluster_of) ++members[static_cast<std::size_t>(cluster)];
  return members;
}

// The other rows of a pass, cluster after cluster.
Rows rows_by_cluster(const PassRows& pass, const std::vector<std::int32_t>& members) {
  std::vector<std::size_t> place(members.size(), 0);
  for (std::size_t s = 1; s < members.size(); ++s) place[s] = place[s - 1] + static_cast<std::size_t>(members[s - 1]);
  Rows sorted(pass.cluster_of.size());
  for (std::size_t e = 0; e < sorted.size(); ++e)
    sorted[place[static_cast<std::size_t>(pass.cluster_of[e])]++] =
        pass.rows[static_cast<std::size_t>(pass.sampled) + e];
  return sorted;
}

template <typename Count>
void summarize(const PassRows& pass, const AlignmentView& alignment, std::int64_t start, std::int64_t size,
               const std::vector<std::int32_t>& members, Count* counts, std::int32_t* deletions) {
  const Rows others = rows_by_cluster(pass, members);
  auto other = others.begin();
  const auto add_residues = [&](const std::uint8_t* residues) {
    for (std::int64_t i = 0; i < size; ++i) ++counts[i * msa_classes + residues[i]];
  };
  const auto add_deletions = [&](const std::int16_t* row) {
    for (std::int64_t i = 0; i < size; ++i) deletions[i] += row[i];
  };
  for (std::size_t s = 0; s < members.size(); ++s, counts += size * msa_classes, deletions += size) {
    add_residues(pass.msa.data() + static_cast<std::int64_t>(s) * alignment.length + start);
    add_deletions(alignment.row_deletions(pass.rows[s]) + start);
    for (std::int32_t member = 0; member < members[s]; ++member, ++other) {
      add_residues(alignment.row(*other) + start);
      add_deletions(alignment.row_deletions(*other) + start);
    }
  }
}

}  // namespace

std::int64_t largest_cluster(const PassRows& pass) {
  const std::vector<std::int32_t> members = member_counts(pass);
  return members.empty() ? 0 : 1 + *std::max_element(members.begin(), members.end());
}

void summarize_clusters(const PassRows& pass, const AlignmentView& alignment, std::int64_t start, at::Tensor members,
                        at::Tensor counts, at::Tensor deletions) {
  const std::vector<std::int32_t> sizes = member_counts(pass);
  const std::int64_t size = deletions.size(1);
  const auto fill_zeros = [](const at::Tensor& tensor) {
    auto* bytes = static_cast<std::uint8_t*>(tensor.mutable_data_ptr());
    std::fill(bytes, bytes + tensor.nbytes(), std::uint8_t{0});
  };
  for (const at::Tensor* tensor : {&members, &counts, &deletions}) fill_zeros(*tensor);
  std::copy(sizes.begin(), sizes.end(), members.mutable_data_ptr<std::int32_t>());
  std::int32_t* sums = deletions.mutable_data_ptr<std::int32_t>();
  switch (counts.scalar_type()) {
    case at::kByte:
      return summarize(pass, alignment, start, size, sizes, counts.mutable_data_ptr<std::uint8_t>(), sums);
    case at::kShort:
      return summarize(pass, alignment, start, size, sizes, counts.mutable_data_ptr<std::int16_t>(), sums);
    case at::kInt:
      return summarize(pass, alignment, start, size, sizes, counts.mutable_data_ptr<std::int32_t>(), sums);
    default:
      throw Error("residues of clusters are not counted in numbers of this type");
  }
}

}  // namespace foldperf::trainer
