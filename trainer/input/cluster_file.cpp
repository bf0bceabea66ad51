#include "trainer/input/cluster_file.hpp"

#include <vector>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

constexpr bool is_blank(char character) { return character == ' ' || character == '\t'; }

// Commas, semicolons and '>' are signs of another format (CSV, FASTA).
constexpr bool is_in_name(char character) {
  return character > ' ' && character <= '~' && character != ',' && character != ';' && character != '>';
}

}  // namespace

ClusterSizes ClusterSizes::parse(std::string_view text, const std::string& path) {
  ClusterSizes result;
  Lines lines(text);
  std::string_view line;
  std::vector<std::string_view> names;
  while (lines.next(line)) {
    names.clear();
    for (std::size_t place = 0; place < line.size();) {
      if (is_blank(line[place])) {
        ++place;
        continue;
      }
      const std::size_t start = place;
      for (; place < line.size() && !is_blank(line[place]); ++place) {
        if (is_in_name(line[place])) continue;
        throw InputError(path, lines.number(),
                         shown(line[place]) +
                             " in a chain's name; a cluster file has one cluster a line, as "
                             "1ubi_A 1ubq_A, names separated by blanks");
      }
      names.push_back(line.substr(start, place - start));
    }
    for (const std::string_view name : names) {
      result.sizes_[in_capitals(name)] = static_cast<std::int64_t>(names.size());
    }
  }
  if (result.sizes_.empty()) throw InputError(path, "holds no cluster");
  return result;
}

ClusterSizes ClusterSizes::read(const std::filesystem::path& file) {
  return parse(read_text_file(file), file.string());
}

std::optional<std::int64_t> ClusterSizes::find(std::string_view chain) const {
  const auto found = sizes_.find(in_capitals(chain));
  if (found == sizes_.end()) return std::nullopt;
  return found->second;
}

}  // namespace foldperf::trainer
