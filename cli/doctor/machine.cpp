// The machine itself.
#include <gnu/libc-version.h>

#include "cli/doctor/finding.hpp"
#include "core/database/writer.hpp"

namespace foldperf::cli::doctor {

Finding examine_machine() {
  const database::ProcessInfo process = database::this_process();
  Finding finding;
  finding.name = "Machine";
  finding.state = State::ok;
  finding.found = process.os;
  finding.means = "training, profiling of NVTX ranges and reports work on any Linux machine";
  finding.facts = {{"host", process.host},
                   {"C library", std::string("glibc ") + gnu_get_libc_version()},
                   {"CPUs", std::to_string(process.cpu_count) + " x " + process.cpu_model},
                   {"memory", std::to_string(process.memory_bytes >> 20) + " MiB"}};
  return finding;
}

}  // namespace foldperf::cli::doctor
