// Runs a program that "uses a GPU" under the real foldperf profile and asks the run that it leaves.
#pragma once

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/collectors/watched.hpp"

namespace foldperf::testing {

inline std::string cuda_program() { return FOLDPERF_CUDA_PROGRAM; }

class Profiled {
 public:
  // `command` begins with the program's mode.
  explicit Profiled(std::vector<std::string> mode, const std::vector<std::string>& options = {},
                    std::map<std::string, std::string> environment = {}) {
    mode.insert(mode.begin(), cuda_program());
    run(mode, options, std::move(environment));
  }
  static Profiled shell(const std::string& script) {
    Profiled made;
    made.run({"bash", "-c", script}, {}, {});
    return made;
  }

  // Rows of the merged run, columns separated by '|'.
  [[nodiscard]] std::vector<std::string> rows(const std::string& sql) const { return query(path(), sql); }
  // One value.
  [[nodiscard]] std::string one(const std::string& sql) const {
    const auto found = rows(sql);
    return found.size() == 1 ? found[0] : std::to_string(found.size()) + " rows";
  }
  // As foldperf report prints it, its lines joined: it breaks sentences anywhere.
  [[nodiscard]] std::string report() const {
    std::istringstream words(run_process({program("foldperf"), "report", path()}).output);
    std::string text;
    for (std::string word; words >> word;) text += word + " ";
    return text;
  }
  [[nodiscard]] std::string path() const { return *folder_ / "run.db"; }
  [[nodiscard]] const TemporaryFolder& folder() const { return *folder_; }

  ProcessResult result;

 private:
  Profiled() = default;
  void run(const std::vector<std::string>& command, const std::vector<std::string>& options,
           std::map<std::string, std::string> environment) {
    environment["FOLDPERF_CUPTI_PATH"] = FOLDPERF_FAKE_CUPTI;
    std::vector<std::string> words{program("foldperf"), "profile", "-o", path()};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    result = run_process(words, {std::move(environment), {}});
  }

  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
};

inline const std::string kernel_count = "SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL";
inline const std::string call_count = "SELECT count(*) FROM CUPTI_ACTIVITY_KIND_RUNTIME";

}  // namespace foldperf::testing
