#include "trainer/feed/cpu_set.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::string_view node_prefix = "node:";

std::string quoted(std::string_view text) { return std::string("\"").append(text).append("\""); }

std::string system_reason(int number) { return std::error_code(number, std::generic_category()).message(); }

[[noreturn]] void refuse(std::string_view text, std::string_view part, const std::string& reason) {
  throw UsageError("CPU list " + quoted(text) + ": " + quoted(part) + " " + reason +
                   "; write numbers and ranges like 0-3,8");
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

int cpu_number(std::string_view text, std::string_view part, std::string_view number) {
  const std::optional<int> value = whole_number(number);
  if (!value) refuse(text, part, "is not a CPU number or a range of them");
  if (*value > max_cpu_number) refuse(text, part, "is above the largest CPU number, " + std::to_string(max_cpu_number));
  return *value;
}

// The kernel's mask in the size that the machine needs: cpu_set_t itself ends at CPU 1023.
class CpuMask {
 public:
  explicit CpuMask(int cpus)
      : cpus_(cpus),
        size_(CPU_ALLOC_SIZE(static_cast<std::size_t>(cpus))),
        mask_(CPU_ALLOC(static_cast<std::size_t>(cpus)), [](cpu_set_t* mask) { CPU_FREE(mask); }) {
    if (!mask_) throw std::bad_alloc();
    CPU_ZERO_S(size_, mask_.get());
  }
  [[nodiscard]] int cpus() const { return cpus_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] cpu_set_t* get() { return mask_.get(); }
  void add(int cpu) { CPU_SET_S(static_cast<std::size_t>(cpu), size_, mask_.get()); }
  [[nodiscard]] bool has(int cpu) const { return CPU_ISSET_S(static_cast<std::size_t>(cpu), size_, mask_.get()) != 0; }

 private:
  int cpus_;
  std::size_t size_;
  std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> mask_;
};

// The nodes there are, as text for a message.
std::string existing_nodes(const std::filesystem::path& folder) {
  CpuList nodes;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.rfind("node", 0) != 0) continue;
    if (const std::optional<int> node = whole_number(std::string_view(name).substr(4))) nodes.push_back(*node);
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes.empty() ? "this machine names no NUMA nodes" : "there are nodes " + format_cpu_list(nodes);
}

}  // namespace

CpuList parse_cpu_list(std::string_view text) {
  CpuList cpus;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string_view part = text.substr(begin, end - begin);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    const std::size_t dash = part.find('-');
    const int first = cpu_number(text, part, part.substr(0, dash));
    const int last = dash == std::string_view::npos ? first : cpu_number(text, part, part.substr(dash + 1));
    if (last < first) refuse(text, part, "is a range that ends before it begins");
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    // Long before a text of repeated ranges fills the memory.
    if (cpus.size() > 4 * static_cast<std::size_t>(max_cpu_number)) refuse(text, part, "repeats CPUs many times over");
    begin = end + 1;
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

std::string format_cpu_list(const CpuList& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t last = i;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    if (!text.empty()) text.append(",");
    text.append(std::to_string(cpus[i]));
    if (last > i) text.append("-").append(std::to_string(cpus[last]));
    i = last + 1;
  }
  return text;
}

CpuList allowed_cpus() {
  // The kernel refuses a mask that is smaller than its own with EINVAL.
  for (int size = CPU_SETSIZE;; size *= 2) {
    CpuMask mask(size);
    if (sched_getaffinity(0, mask.size(), mask.get()) == 0) {
      CpuList cpus;
      for (int cpu = 0; cpu < mask.cpus(); ++cpu) {
        if (mask.has(cpu)) cpus.push_back(cpu);
      }
      return cpus;
    }
    const int reason = errno;
    if (reason != EINVAL || size > max_cpu_number) {
      throw SystemError("cannot ask which CPUs this process may use: " + system_reason(reason));
    }
  }
}

CpuList numa_node_cpus(int node, const std::filesystem::path& nodes_folder) {
  const std::filesystem::path path = nodes_folder / ("node" + std::to_string(node)) / "cpulist";
  std::ifstream file(path);
  std::string line;
  if (!file.is_open()) throw UsageError("no NUMA node " + std::to_string(node) + ": " + existing_nodes(nodes_folder));
  std::getline(file, line);
  if (line.empty()) throw UsageError("NUMA node " + std::to_string(node) + " has no CPUs, only memory: name another");
  return parse_cpu_list(line);
}

std::optional<CpuList> resolve_cpus(std::string_view text, const std::filesystem::path& nodes_folder) {
  if (text.empty()) return std::nullopt;
  const CpuList allowed = allowed_cpus();
  if (text == "auto") return allowed;
  if (text.substr(0, node_prefix.size()) == node_prefix) {
    const std::optional<int> node = whole_number(text.substr(node_prefix.size()));
    if (!node) throw UsageError("CPU setting " + quoted(text) + ": write a NUMA node as node:0");
    const CpuList of_node = numa_node_cpus(*node, nodes_folder);
    CpuList both;
    std::set_intersection(of_node.begin(), of_node.end(), allowed.begin(), allowed.end(), std::back_inserter(both));
    if (both.empty()) {
      throw UsageError("CPU setting " + quoted(text) + ": this process may use CPUs " + format_cpu_list(allowed) +
                       ", and the node has " + format_cpu_list(of_node) + "; name another node or start it with more");
    }
    return both;
  }
  CpuList cpus = parse_cpu_list(text);
  for (const int cpu : cpus) {
    if (!std::binary_search(allowed.begin(), allowed.end(), cpu)) {
      throw UsageError("CPU list " + quoted(text) + ": CPU " + std::to_string(cpu) +
                       " is not one that this process may use, which are " + format_cpu_list(allowed));
    }
  }
  return cpus;
}

void bind_this_thread(const CpuList& cpus) {
  CpuMask mask(cpus.empty() ? 1 : std::max(cpus.back() + 1, CPU_SETSIZE));
  for (const int cpu : cpus) mask.add(cpu);
  if (sched_setaffinity(0, mask.size(), mask.get()) != 0) {
    throw SystemError("cannot bind a thread to CPUs " + format_cpu_list(cpus) + ": " + system_reason(errno));
  }
}

}  // namespace foldperf::trainer
