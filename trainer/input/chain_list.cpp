#include "trainer/input/chain_list.hpp"

#include <algorithm>
#include <unordered_set>

#include "core/error.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

std::vector<std::string> parse_chain_list(std::string_view text, const std::string& path) {
  std::vector<std::string> names;
  std::unordered_set<std::string> seen;
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty()) continue;
    const auto wrong =
        std::find_if(line.begin(), line.end(), [](char c) { return c <= ' ' || c > '~' || c == ',' || c == '>'; });
    if (wrong != line.end()) {
      throw InputError(path, lines.number(),
                       shown(*wrong) + " in a chain's name; a list of chains has one name a line, as 1ubi_A");
    }
    std::string name(line);
    if (seen.insert(name).second) names.push_back(std::move(name));
  }
  if (names.empty()) throw InputError(path, "names no chain; a list of chains has one name a line, as 1ubi_A");
  return names;
}

std::vector<std::string> read_chain_list(const std::filesystem::path& file) {
  return parse_chain_list(read_text_file(file), file.string());
}

std::string_view entry_of_chain(std::string_view chain) {
  const std::size_t underscore = chain.rfind('_');
  return underscore == std::string_view::npos ? std::string_view() : chain.substr(0, underscore);
}

std::string with_small_entry(std::string_view chain) {
  const std::size_t underscore = chain.rfind('_');
  if (underscore == std::string_view::npos) return in_small_letters(chain);
  return in_small_letters(chain.substr(0, underscore)).append(chain.substr(underscore));
}

ChainListFilter::ChainListFilter(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!places_.emplace(with_small_entry(name), items_.size()).second) continue;
    items_.push_back({name});
    // It may be a chain or, as names of entries may have underscores too, an entry.
    entries_.insert(in_small_letters(name));
    const std::size_t underscore = name.rfind('_');
    if (underscore != std::string::npos) entries_.insert(in_small_letters(name.substr(0, underscore)));
  }
}

bool ChainListFilter::may_admit(std::string_view entry) const { return entries_.contains(in_small_letters(entry)); }

bool ChainListFilter::admits(std::string_view chain, std::string_view entry) {
  auto found = places_.find(with_small_entry(chain));
  if (found == places_.end()) found = places_.find(with_small_entry(entry));
  if (found == places_.end()) {
    ++left_out_;
    return false;
  }
  items_[found->second].is_used = true;
  return true;
}

std::vector<std::string> ChainListFilter::unused() const {
  std::vector<std::string> names;
  for (const Item& item : items_) {
    if (!item.is_used) names.push_back(item.name);
  }
  return names;
}

}  // namespace foldperf::trainer
