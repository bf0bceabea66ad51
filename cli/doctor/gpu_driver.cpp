// GPUs, their driver, and the CUDA version that the driver offers: through libcuda and libnvidia-ml, which it installs.
#include <nlohmann/json.hpp>
#include <string>

#include "cli/doctor/finding.hpp"
#include "cli/doctor/isolated.hpp"
#include "cli/doctor/library.hpp"

namespace foldperf::cli::doctor {
namespace {

// From CUDA's driver API (cuda.h).
constexpr int compute_major = 75;
constexpr int compute_minor = 76;

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
  if (driver_version != nullptr && driver_version(&version) == 0) json["cuda"] = version_text(version);
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

// The driver's own version, which libcuda does not tell.
std::string look_at_nvml() {
  const Library nvml({"libnvidia-ml.so.1", "libnvidia-ml.so"});
  auto* init = nvml.function<int()>("nvmlInit_v2");
  auto* version = nvml.function<int(char*, unsigned)>("nvmlSystemGetDriverVersion");
  char text[96] = "";
  if (init == nullptr || version == nullptr || init() != 0 || version(text, sizeof(text)) != 0) return "";
  return text;
}

}  // namespace

Finding examine_gpu_driver() {
  Finding finding;
  finding.name = "GPU driver";
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
  if (const Outcome nvml = run_isolated(look_at_nvml); nvml.ok && !nvml.text.empty()) {
    finding.facts.emplace_back("driver", nvml.text);
  }
  if (json.contains("init_error")) {
    finding.state = State::broken;
    finding.found =
        "libcuda is there, but cuInit fails (CUDA error " + std::to_string(json["init_error"].get<int>()) + ")";
    finding.advice = "no GPU may be visible: look at nvidia-smi, CUDA_VISIBLE_DEVICES and, in a container, --gpus all";
    return finding;
  }
  const auto& devices = json["devices"];
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto& device = devices[i];
    finding.facts.emplace_back("GPU " + std::to_string(i), device["name"].get<std::string>() + ", " +
                                                               std::to_string(device["mib"].get<std::size_t>()) +
                                                               " MiB, compute capability " +
                                                               std::to_string(device["major"].get<int>()) + "." +
                                                               std::to_string(device["minor"].get<int>()));
  }
  finding.state = devices.empty() ? State::missing : State::ok;
  finding.found = std::to_string(devices.size()) + (devices.size() == 1 ? " GPU" : " GPUs") + ", CUDA " + cuda;
  if (!devices.empty()) finding.means = "training on a GPU";
  return finding;
}

}  // namespace foldperf::cli::doctor
