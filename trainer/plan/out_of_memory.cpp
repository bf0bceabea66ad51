#include "trainer/plan/out_of_memory.hpp"

#include "trainer/plan/fitting_settings.hpp"
#include "trainer/plan/memory_plan.hpp"

namespace foldperf::trainer {

namespace {

// "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of ... of which ... is free. ... is
// allocated by PyTorch, and ... is reserved by PyTorch but unallocated", of what PyTorch says, which goes on with
// advice about its own settings. What was reserved can be told only by it: an error on its way here frees tensors.
std::string figures_of(const std::string& text) {
  for (const std::string last : {" is reserved by PyTorch but unallocated", " is free"}) {
    const std::size_t end = text.find(last + ".");
    if (end != std::string::npos) return text.substr(0, end + last.size());
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

SystemError explain_out_of_memory(const c10::Error& error, const TrainerConfig& config,
                                  const std::optional<DeviceCapacity>& device) {
  const std::string phase = last_memory_phase();
  std::string text = "out of device memory";
  if (!phase.empty()) text += " in phase " + phase;
  text += ": " + figures_of(error.what_without_backtrace());
  const TrainerConfig planned = planned_config(config);
  const StepMemory step = step_memory(planned);
  text += "; a step of this configuration needs " + gib_text(step.needed()) + " by plan";
  if (!device) return SystemError(text + advice(settings_that_fit(planned, step.needed() - 1)));
  text += " of the device's " + gib_text(to_bytes(device->total_gib));
  const std::int64_t room = to_bytes(device->total_gib);
  if (step.needed() <= room) {
    text += ", " + gib_text(to_bytes(device->free_gib)) +
            " of which are free: other programs may hold memory of it (nvidia-smi lists them), or gaps between "
            "tensors and the pool of CUDA graphs in this one";
    // A little less than was needed here.
    return SystemError(text + advice(settings_that_fit(planned, step.needed() * 9 / 10)));
  }
  return SystemError(text + advice(settings_that_fit(planned, room)));
}

}  // namespace foldperf::trainer
