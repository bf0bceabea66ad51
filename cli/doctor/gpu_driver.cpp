// GPUs, their driver, and the CUDA version that the driver offers: through libcuda and libnvidia-ml, which it installs.
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "cli/doctor/finding.hpp"
#include "cli/doctor/isolated.hpp"
#include "cli/doctor/library.hpp"

namespace foldperf::cli::doctor {
namespace {

// From CUDA's driver API (cuda.h).
constexpr int compute_major = 75;
constexpr int compute_minor = 76;

// The CUDA version that torch was built for; a driver that offers an older one of the same major number runs it too.
const int wanted_cuda_major = std::stoi(FOLDPERF_TORCH_CUDA);

// The architectures that PyPI's torch 2.11 for CUDA 13 has kernels for (torch._C._cuda_getArchFlags(); no PTX), as
// compute capabilities. A kernel runs on GPUs of its major number from its minor number on.
constexpr std::pair<int, int> torch_capabilities[] = {{7, 5}, {8, 0}, {8, 6}, {9, 0}, {10, 0}, {12, 0}};

// True, too, for one that the driver did not tell.
bool torch_has_kernels_for(const nlohmann::json& device) {
  const int major = device["major"].get<int>();
  const int minor = device["minor"].get<int>();
  return major == 0 || std::any_of(std::begin(torch_capabilities), std::end(torch_capabilities),
                                   [&](const auto& built) { return built.first == major && built.second <= minor; });
}

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string look_at_cuda() {
  nlohmann::json json;
  const Library cuda({"libcuda.so.1", "libcuda.so"});
  if (!cuda) {
    json["error"] = cuda.error();
    return json.dump();
  }
  auto* init = cuda.function<int(unsigned)>("cuInit");
  auto* driver_version = cuda.function<int(int*)>("cuDriverGetVersion");
  auto* count_devices = cuda.function<int(int*)>("cuDeviceGetCount");
  auto* get_device = cuda.function<int(int*, int)>("cuDeviceGet");
  auto* get_name = cuda.function<int(char*, int, int)>("cuDeviceGetName");
  auto* total_memory = cuda.function<int(std::size_t*, int)>("cuDeviceTotalMem_v2");
  auto* get_attribute = cuda.function<int(int*, int, int)>("cuDeviceGetAttribute");
  json["path"] = cuda.path();
  int version = 0;
  if (driver_version != nullptr && driver_version(&version) == 0) {
    json["cuda"] = version_text(version);
    json["cuda_major"] = version / 1000;
  }
  const int status = init != nullptr ? init(0) : -1;
  if (status != 0) {
    json["init_error"] = status;
    return json.dump();
  }
  int count = 0;
  if (count_devices == nullptr || count_devices(&count) != 0) count = 0;
  json["devices"] = nlohmann::json::array();
  for (int i = 0; i < count; ++i) {
    int device = 0;
    if (get_device == nullptr || get_device(&device, i) != 0) continue;
    char name[256] = "";
    std::size_t bytes = 0;
    int major = 0;
    int minor = 0;
    if (get_name != nullptr) get_name(name, sizeof(name), device);
    if (total_memory != nullptr) total_memory(&bytes, device);
    if (get_attribute != nullptr) {
      get_attribute(&major, compute_major, device);
      get_attribute(&minor, compute_minor, device);
    }
    json["devices"].push_back({{"name", name}, {"mib", bytes >> 20}, {"major", major}, {"minor", minor}});
  }
  return json.dump();
}

// The driver's own version, which libcuda does not tell, and how many GPUs NVML sees.
std::string look_at_nvml() {
  nlohmann::json json;
  const Library nvml({"libnvidia-ml.so.1", "libnvidia-ml.so"});
  if (!nvml) {
    json["error"] = nvml.error();
    return json.dump();
  }
  auto* init = nvml.function<int()>("nvmlInit_v2");
  auto* error_text = nvml.function<const char*(int)>("nvmlErrorString");
  auto* version = nvml.function<int(char*, unsigned)>("nvmlSystemGetDriverVersion");
  auto* count = nvml.function<int(unsigned*)>("nvmlDeviceGetCount_v2");
  const int status = init != nullptr ? init() : -1;
  if (status != 0) {
    json["init_error"] = error_text != nullptr ? error_text(status) : "it has no nvmlInit_v2";
    return json.dump();
  }
  char text[96] = "";
  if (version != nullptr && version(text, sizeof(text)) == 0) json["driver"] = text;
  unsigned devices = 0;
  if (count != nullptr && count(&devices) == 0) json["devices"] = devices;
  json["path"] = nvml.path();
  return json.dump();
}

const Outcome& nvml_outcome() {
  static const Outcome outcome = run_isolated(look_at_nvml);
  return outcome;
}

}  // namespace

Finding examine_gpu_driver() {
  Finding finding;
  finding.name = "GPU driver";
  finding.need = Need::training_on_gpu;
  finding.means = "without one, foldperf trains on the CPU and records NVTX ranges only";
  const Outcome outcome = run_isolated(look_at_cuda);
  if (!outcome.ok) {
    finding.state = State::broken;
    finding.found = "libcuda " + outcome.problem;
    finding.advice = "reinstall the NVIDIA driver, or restart the machine after a driver update";
    return finding;
  }
  const auto json = nlohmann::json::parse(outcome.text, nullptr, false);
  if (!json.is_object() || json.contains("error")) {
    finding.found = json.is_object() ? json["error"].get<std::string>() : "no answer";
    finding.advice = "where there is an NVIDIA GPU, install its driver; in a container, start it with --gpus all";
    return finding;
  }
  const std::string cuda = json.value("cuda", std::string("unknown"));
  finding.facts.emplace_back("library", json.value("path", std::string()));
  finding.facts.emplace_back("driver API", "CUDA " + cuda);
  const auto nvml = nlohmann::json::parse(nvml_outcome().text, nullptr, false);
  const std::string driver = nvml.is_object() ? nvml.value("driver", std::string()) : "";
  if (!driver.empty()) finding.facts.emplace_back("driver", driver);
  if (json.contains("init_error")) {
    finding.state = State::broken;
    finding.found =
        "libcuda is there, but cuInit fails (CUDA error " + std::to_string(json["init_error"].get<int>()) + ")";
    finding.advice = "no GPU may be visible: look at nvidia-smi, CUDA_VISIBLE_DEVICES and, in a container, --gpus all";
    return finding;
  }
  const auto& devices = json["devices"];
  std::string fitting;  // first GPU that torch has kernels for
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto& device = devices[i];
    const bool fits = torch_has_kernels_for(device);
    if (fits && fitting.empty()) fitting = std::to_string(i);
    finding.facts.emplace_back(
        "GPU " + std::to_string(i),
        device["name"].get<std::string>() + ", " + std::to_string(device["mib"].get<std::size_t>()) +
            " MiB, compute capability " + std::to_string(device["major"].get<int>()) + "." +
            std::to_string(device["minor"].get<int>()) + (fits ? "" : ", for which torch has no kernels"));
  }
  if (const int major = json.value("cuda_major", wanted_cuda_major); major < wanted_cuda_major) {
    finding.state = State::broken;
    finding.found = "the driver offers CUDA " + cuda + ", which is too old for torch for CUDA " + FOLDPERF_TORCH_CUDA;
    finding.advice = std::string("install a driver for CUDA ") + FOLDPERF_TORCH_CUDA +
                     " (nvidia-smi shows \"CUDA Version\"); until then train with --set train.device=cpu";
    return finding;
  }
  // Training takes the first.
  if (!devices.empty() && fitting != "0") {
    finding.state = State::broken;
    finding.found = devices[0]["name"].get<std::string>() + " has compute capability " +
                    std::to_string(devices[0]["major"].get<int>()) + "." +
                    std::to_string(devices[0]["minor"].get<int>()) +
                    ", for which torch for CUDA " FOLDPERF_TORCH_CUDA " has no kernels";
    finding.means = "training stops on it with \"no kernel image is available\"";
    finding.advice = fitting.empty() ? "train on a GPU of compute capability 7.5 or later that torch's list has (7.5, "
                                       "8.x, 9.x, 10.x, 12.x), or with --set train.device=cpu"
                                     : "set CUDA_VISIBLE_DEVICES=" + fitting + ", or train with --set train.device=cpu";
    return finding;
  }
  finding.state = devices.empty() ? State::missing : State::ok;
  finding.found = std::to_string(devices.size()) + (devices.size() == 1 ? " GPU" : " GPUs") + ", CUDA " + cuda;
  if (!devices.empty()) finding.means = "training on a GPU";
  return finding;
}

Finding examine_nvml() {
  Finding finding;
  finding.name = "NVML";
  finding.means = "a GPU's energy, power and clocks are missing in the metrics of training; nothing else changes";
  finding.advice = "NVML comes with the NVIDIA driver; in a container, start it with the capability \"utility\"";
  const Outcome& outcome = nvml_outcome();
  const auto json = nlohmann::json::parse(outcome.text, nullptr, false);
  if (!outcome.ok || !json.is_object()) {
    finding.state = State::broken;
    finding.found = "libnvidia-ml " + (outcome.ok ? "gave no answer" : outcome.problem);
    return finding;
  }
  if (json.contains("error") || json.contains("init_error")) {
    finding.state = json.contains("error") ? State::missing : State::broken;
    finding.found = json.contains("error") ? json["error"].get<std::string>()
                                           : "it does not start: " + json["init_error"].get<std::string>();
    return finding;
  }
  finding.state = State::ok;
  const unsigned devices = json.value("devices", 0U);
  finding.found = "tells of " + std::to_string(devices) + (devices == 1 ? " GPU" : " GPUs");
  finding.means = "energy, power and clocks of the GPU a training step";
  finding.advice.clear();
  finding.facts.emplace_back("library", json.value("path", std::string()));
  return finding;
}

}  // namespace foldperf::cli::doctor
