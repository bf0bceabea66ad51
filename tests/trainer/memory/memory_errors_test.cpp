#include "trainer/memory/memory_errors.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>

namespace foldperf::trainer {
namespace {

// What LibTorch throws where CUDA and its libraries have no memory, in its words.
TEST(IsOutOfMemory, KnowsTheWordsOfCudaAndItsLibraries) {
  const auto is_out = [](const std::string& text) {
    return is_out_of_device_memory(c10::Error({__func__, __FILE__, __LINE__}, text));
  };
  EXPECT_TRUE(is_out("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"));
  EXPECT_TRUE(is_out("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"));
  EXPECT_FALSE(is_out("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED"));
  EXPECT_TRUE(is_out("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"));
  EXPECT_FALSE(is_out("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(handle)`"));
  EXPECT_FALSE(is_out("CUDA error: an illegal memory access was encountered"));
  EXPECT_FALSE(is_out("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory"));
}

}  // namespace
}  // namespace foldperf::trainer
