// A kernel compiled for every architecture of the build, and what the device loaded of it.
#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

#include "tests/cuda/architectures.hpp"

namespace foldperf::testing {
namespace {

void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(error));
}

__global__ void axpy(int count, float a, const float* x, float* y) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) y[i] += a * x[i];
}

}  // namespace

int device_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

int device_compute_capability() {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  return properties.major * 10 + properties.minor;
}

int loaded_binary_version() {
  cudaFuncAttributes attributes{};
  check(cudaFuncGetAttributes(&attributes, axpy), "cudaFuncGetAttributes");
  return attributes.binaryVersion;
}

std::vector<float> axpy_on_device(float a, const std::vector<float>& x, std::vector<float> y) {
  const std::size_t bytes = x.size() * sizeof(float);
  float* device_x = nullptr;
  float* device_y = nullptr;
  check(cudaMalloc(&device_x, bytes), "cudaMalloc");
  check(cudaMalloc(&device_y, bytes), "cudaMalloc");
  check(cudaMemcpy(device_x, x.data(), bytes, cudaMemcpyHostToDevice), "cudaMemcpy");
  check(cudaMemcpy(device_y, y.data(), bytes, cudaMemcpyHostToDevice), "cudaMemcpy");
  const int count = static_cast<int>(x.size());
  axpy<<<(count + 255) / 256, 256>>>(count, a, device_x, device_y);
  check(cudaGetLastError(), "axpy");
  check(cudaMemcpy(y.data(), device_y, bytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
  cudaFree(device_x);
  cudaFree(device_y);
  return y;
}

}  // namespace foldperf::testing
