#include "trainer/program/prediction_output.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "core/error.hpp"
#include "trainer/checkpoint/atomic_file.hpp"
#include "trainer/input/text_file.hpp"

namespace foldperf::trainer {

namespace {

std::string number(int decimals, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}

// Empty where it is not known.
std::string value_text(const ChainMetrics& chain, const ScoreColumn& column) {
  const auto found = chain.values.find(column.name);
  return found == chain.values.end() || !std::isfinite(found->second) ? std::string()
                                                                      : number(column.decimals, found->second);
}

std::string right(const std::string& text, std::size_t width) {
  return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}
std::string left(const std::string& text, std::size_t width) {
  return text.size() >= width ? text : text + std::string(width - text.size(), ' ');
}

constexpr std::size_t column_width = 9;
const std::string mean_name = "mean";

}  // namespace

const std::vector<ScoreColumn>& score_columns() {
  static const std::vector<ScoreColumn> columns{{"lddt_ca", "lDDT-Ca", 4},     {"drmsd_ca", "dRMSD", 3},
                                                {"alignment_rmsd", "RMSD", 3}, {"gdt_ts", "GDT-TS", 4},
                                                {"gdt_ha", "GDT-HA", 4},       {"plddt", "pLDDT", 2}};
  return columns;
}

std::string scores_tsv(const std::vector<ChainMetrics>& chains) {
  std::string text = "chain\tresidues";
  for (const ScoreColumn& column : score_columns()) text.append("\t").append(column.name);
  text += "\tseconds\terror\n";
  for (const ChainMetrics& chain : chains) {
    // Appended, where chained + would make g++ 12 warn of an overflow that cannot happen.
    text.append(chain.chain.empty() ? mean_name : chain.chain).append("\t");
    if (!chain.chain.empty()) text.append(std::to_string(chain.length));
    for (const ScoreColumn& column : score_columns()) text.append("\t").append(value_text(chain, column));
    std::string error = chain.error;
    std::replace_if(
        error.begin(), error.end(), [](char c) { return c == '\t' || c == '\n'; }, ' ');
    text.append("\t").append(number(3, chain.seconds)).append("\t").append(error).append("\n");
  }
  return text;
}

std::string added_scores_tsv(const std::filesystem::path& file, const std::vector<ChainMetrics>& chains) {
  const std::string fresh = scores_tsv(chains);
  if (!std::filesystem::exists(file)) return fresh;
  std::set<std::string_view> names;
  for (const ChainMetrics& chain : chains) names.insert(chain.chain);
  const std::string head = fresh.substr(0, fresh.find('\n') + 1), before = read_text_file(file);
  if (!before.starts_with(head))
    throw UsageError(file.string() + " is no table of predictions: name another folder with --folder");
  std::string text = head;
  for (std::size_t begin = head.size(); begin < before.size();) {
    const std::size_t end = std::min(before.find('\n', begin), before.size());
    const std::string_view line(before.data() + begin, end - begin);
    begin = end + 1;
    if (!names.contains(line.substr(0, line.find('\t')))) text.append(line).append("\n");
  }
  return text + fresh.substr(head.size());
}

std::string table_head(std::size_t name_width) {
  std::string text = left("chain", name_width) + right("residues", column_width + 1);
  for (const ScoreColumn& column : score_columns()) text += right(column.title, column_width);
  return text + right("seconds", column_width);
}

std::string table_line(const ChainMetrics& chain, std::size_t name_width) {
  std::string text = chain.chain.empty()
                         ? left(mean_name, name_width) + right("", column_width + 1)
                         : left(chain.chain, name_width) + right(std::to_string(chain.length), column_width + 1);
  if (!chain.error.empty()) return text + "  " + chain.error;
  for (const ScoreColumn& column : score_columns()) {
    const std::string value = value_text(chain, column);
    text += right(value.empty() ? "-" : value, column_width);
  }
  return text + right(number(1, chain.seconds), column_width);
}

std::size_t name_width(const std::vector<std::string>& names) {
  std::size_t width = 6;
  for (const std::string& name : names) width = std::max(width, name.size());
  return width;
}

nlohmann::ordered_json scores_json(const ChainMetrics& chain) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!chain.chain.empty()) {
    json["chain"] = chain.chain;
    json["residues"] = chain.length;
  }
  if (!chain.error.empty()) {
    json["error"] = chain.error;
    return json;
  }
  for (const ScoreColumn& column : score_columns()) {
    if (const auto found = chain.values.find(column.name); found != chain.values.end())
      json[column.name] = std::isfinite(found->second) ? nlohmann::ordered_json(found->second) : nullptr;
  }
  json["seconds"] = chain.seconds;
  return json;
}

void write_file_whole(const std::filesystem::path& file, const std::string& text) {
  AtomicFile out(file.string());
  out.bytes().write(text);
  out.commit();
}

void make_output_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw SystemError(folder.string() + ": the folder cannot be made: " + error.message());
}

}  // namespace foldperf::trainer
