#include "cli/doctor/torch_installation.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/doctor/isolated.hpp"
#include "cli/doctor/library.hpp"
#include "cli/programs.hpp"

namespace foldperf::cli::doctor {
namespace {

namespace fs = std::filesystem;

// What PyPI's torch is for the CUDA version and the interfaces that foldperf-train was linked to.
const std::string built_with = FOLDPERF_TORCH_VERSION;   // "2.11.0"
const std::string built_for_cuda = FOLDPERF_TORCH_CUDA;  // "13.0"

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The value of `key = 'value'` or `key: type = 'value'` in torch/version.py.
std::string python_value(const fs::path& file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const auto open = line.find('\'');
    const auto close = line.find('\'', open + 1);
    if (open != std::string::npos && close != std::string::npos) return line.substr(open + 1, close - open - 1);
  }
  return "";
}

// "2.11" of "2.11.0+cu130".
std::string release_of(const std::string& version) {
  return version.substr(0, version.find('.', version.find('.') + 1));
}
std::string major_of(const std::string& version) { return version.substr(0, version.find('.')); }

std::string wanted_torch() { return "torch " + release_of(built_with) + " for CUDA " + major_of(built_for_cuda); }

std::string problem_of(const TorchInstallation& torch) {
  std::error_code error;
  const fs::path libraries = fs::path(torch.folder) / "lib";
  if (torch.version.empty()) return "there is no torch package: version.py is missing";
  if (release_of(torch.version) != release_of(built_with)) return "this foldperf-train needs " + wanted_torch();
  if (!fs::exists(libraries / "libtorch_cpu.so", error))
    return "lib/libtorch_cpu.so is missing: this foldperf-train needs torch as PyPI has it";
  if (torch.cuda.empty() || !fs::exists(libraries / "libtorch_cuda.so", error))
    return "it is for the CPU only: this foldperf-train needs " + wanted_torch() + " even where there is no GPU";
  if (major_of(torch.cuda) != major_of(built_for_cuda)) return "this foldperf-train needs " + wanted_torch();
  return "";
}

class Search {
 public:
  void add(const fs::path& folder, const std::string& found_by) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(folder, error);
    if (error || !fs::is_directory(real, error)) return;
    for (const TorchInstallation& known : found_) {
      if (known.folder == real.string()) return;
    }
    TorchInstallation torch;
    torch.folder = real.string();
    torch.found_by = found_by;
    torch.version = python_value(real / "version.py", "__version__");
    torch.cuda = python_value(real / "version.py", "cuda");
    torch.problem = problem_of(torch);
    found_.push_back(std::move(torch));
  }

  // <environment>/lib/python3.x/site-packages/torch
  void add_environment(const fs::path& environment, const std::string& found_by) {
    if (environment.empty()) return;
    std::error_code error;
    for (fs::directory_iterator entry(environment / "lib", error), end; !error && entry != end;
         entry.increment(error)) {
      if (entry->path().filename().string().rfind("python3", 0) == 0)
        add(entry->path() / "site-packages" / "torch", found_by);
    }
  }

  [[nodiscard]] bool has_usable() const {
    return std::any_of(found_.begin(), found_.end(), [](const auto& torch) { return torch.problem.empty(); });
  }

  std::vector<TorchInstallation> take() { return std::move(found_); }

 private:
  std::vector<TorchInstallation> found_;
};

std::vector<TorchInstallation> search() {
  Search search;
  if (const std::string named = setting("FOLDPERF_TORCH_DIR"); !named.empty()) {
    search.add(named, "FOLDPERF_TORCH_DIR");
    return search.take();
  }
  search.add_environment(setting("VIRTUAL_ENV"), "the active environment");
  search.add_environment(setting("CONDA_PREFIX"), "the active conda environment");
  // A release's foldperf-train waits for this at every start, and for Python longest.
  if (search.has_usable()) return search.take();
  if (!release_folder()) {  // build/<preset>/bin of a checkout
    search.add_environment(fs::path(program_folder()).parent_path().parent_path().parent_path() / ".venv",
                           ".venv of the checkout");
  }
  // -c looks for modules in the current folder first, where any folder torch/ may lie.
  const Outcome python = run_program(
      {"python3", "-c",
       "import sys\nsys.path[:] = [p for p in sys.path if p]\nimport importlib.util as u\ns = u.find_spec('torch')\n"
       "print(s.submodule_search_locations[0] if s and s.submodule_search_locations else '')"},
      {}, std::chrono::seconds(30));
  const std::string folder = python.text.substr(0, python.text.find('\n'));
  if (python.ok && !folder.empty()) search.add(folder, "python3");
  return search.take();
}

bool contains(const std::string& path, const std::string& words) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str().find(words) != std::string::npos;
}

// share/foldperf/needs.txt of a release: a line a thing, "GLIBCXX 3.4.30".
std::string need(const std::string& name) {
  std::ifstream lines(fs::path(*release_folder()) / "share/foldperf/needs.txt");
  for (std::string key, value; lines >> key >> value;) {
    if (key == name) return value;
  }
  return "";
}

// This machine's own libstdc++ has the version that foldperf-train wants. (foldperf itself brings its own, linked in.)
bool machine_has_cxx_library() {
  const Outcome path = run_isolated([] { return Library({"libstdc++.so.6"}).path(); });
  return path.ok && contains(path.text, "GLIBCXX_" + need("GLIBCXX"));
}

}  // namespace

std::optional<std::string> release_folder() {
  const fs::path folder = program_folder();
  std::error_code error;
  if (folder.filename() != "libexec" || !fs::exists(folder.parent_path() / "share/foldperf/needs.txt", error))
    return std::nullopt;
  return folder.parent_path().string();
}

const std::vector<TorchInstallation>& torch_installations() {
  static const std::vector<TorchInstallation> all = search();
  return all;
}

const TorchInstallation* usable_torch() {
  const auto& all = torch_installations();
  const auto found = std::find_if(all.begin(), all.end(), [](const auto& torch) { return torch.problem.empty(); });
  return found == all.end() ? nullptr : &*found;
}

std::string no_usable_torch() {
  if (torch_installations().empty()) {
    const std::string named = setting("FOLDPERF_TORCH_DIR");
    return named.empty() ? "no torch in the active Python environment, nor in that of python3 on PATH"
                         : "FOLDPERF_TORCH_DIR is no folder: " + named;
  }
  std::string text;
  for (const TorchInstallation& torch : torch_installations()) {
    text += (text.empty() ? "" : "; ") + torch.folder + " (" + torch.found_by + ")" +
            (torch.version.empty() ? "" : " is torch " + torch.version) + ": " + torch.problem;
  }
  return text;
}

std::string torch_advice() {
  return "python3 -m venv ~/foldperf-venv && ~/foldperf-venv/bin/pip install torch==" + built_with +
         ", then activate it (. ~/foldperf-venv/bin/activate), or set FOLDPERF_TORCH_DIR to the folder torch of any "
         "environment that has it";
}

std::string library_path(const TorchInstallation& torch) {
  std::vector<std::string> folders;
  if (const auto release = release_folder(); release && !machine_has_cxx_library())
    folders.push_back(*release + "/lib/gcc");
  folders.push_back(torch.folder + "/lib");
  std::error_code error;
  std::vector<std::string> of_cuda;
  for (fs::directory_iterator entry(fs::path(torch.folder).parent_path() / "nvidia", error), end;
       !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (fs::is_directory(entry->path() / "lib", ignored)) of_cuda.push_back((entry->path() / "lib").string());
  }
  std::sort(of_cuda.begin(), of_cuda.end());
  folders.insert(folders.end(), of_cuda.begin(), of_cuda.end());
  std::string path;
  for (const std::string& folder : folders) path += (path.empty() ? "" : ":") + folder;
  return path;
}

}  // namespace foldperf::cli::doctor
