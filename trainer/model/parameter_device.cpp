#include "trainer/model/parameter_device.hpp"

namespace foldperf::trainer {

namespace {
thread_local at::Device current_device = at::kCPU;
}

ParameterDevice::ParameterDevice(at::Device device) : outer_(current_device) { current_device = device; }

ParameterDevice::~ParameterDevice() { current_device = outer_; }

at::Device ParameterDevice::current() { return current_device; }

}  // namespace foldperf::trainer
