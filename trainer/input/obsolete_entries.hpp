// Entries that the PDB has withdrawn and what replaced them: its file obsolete.dat (openfold/data/templates.py,
// _parse_obsolete).
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace foldperf::trainer {

class ObsoleteEntries {
 public:
  // Lines "OBSLTE    31-JUL-94 116L     216L"; of several successors the first counts, entries without one are passed
  // over, and so are other lines. Throws InputError, with the line, for a line that is cut off or names no PDB id, and
  // for entries that replace each other in a circle.
  static ObsoleteEntries parse(std::string_view text, const std::string& path);
  static ObsoleteEntries read(const std::filesystem::path& file);  // also .gz

  // The entry, in small letters, at the end of the line of replacements; none where `entry` (in any case) was not
  // replaced.
  [[nodiscard]] std::optional<std::string> replacement(std::string_view entry) const;
  [[nodiscard]] std::size_t size() const { return replacements_.size(); }

 private:
  std::map<std::string, std::string> replacements_;
};

}  // namespace foldperf::trainer
