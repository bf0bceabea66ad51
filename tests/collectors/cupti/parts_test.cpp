// The pool of buffers, and which calls are recorded under which name.
#include <gtest/gtest.h>

#include <algorithm>

#include "collectors/cupti/api_filter.hpp"
#include "collectors/cupti/buffer_pool.hpp"

namespace foldperf::collectors {
namespace {

TEST(BufferPool, GivesBackZeroedAndRefusesBeyondItsLimit) {
  BufferPool pool;
  std::vector<std::uint8_t*> buffers;
  for (std::size_t i = 0; i < BufferPool::most_buffers; ++i) buffers.push_back(pool.request());
  ASSERT_EQ(std::count(buffers.begin(), buffers.end(), nullptr), 0);
  EXPECT_EQ(pool.request(), nullptr);
  EXPECT_EQ(pool.refused(), 1U);
  std::fill_n(buffers[3], 100, std::uint8_t{0xAB});
  pool.complete({buffers[3], 100, nullptr, 9});
  pool.complete({buffers[5], 0, nullptr, 0});
  BufferPool::Full full;
  ASSERT_TRUE(pool.take(full));
  EXPECT_EQ(full.data, buffers[3]);
  EXPECT_EQ(full.stream, 9U);
  pool.release(full);
  std::uint8_t* again = pool.request();
  EXPECT_EQ(again, buffers[3]);
  EXPECT_TRUE(std::all_of(again, again + 200, [](std::uint8_t byte) { return byte == 0; }));
  ASSERT_TRUE(pool.take(full));
  EXPECT_EQ(full.data, buffers[5]);
  EXPECT_FALSE(pool.take(full));
}

TEST(ApiFilter, LaunchesCopiesAndWaits) {
  for (const char* name : {"cudaLaunchKernel_v7000", "cudaLaunchKernelExC_v11060", "cuLaunchKernelEx",
                           "cuLaunchKernel_ptsz", "cudaGraphLaunch_v10000", "cudaMemcpyAsync_v3020", "cuMemsetD8Async",
                           "cudaDeviceSynchronize_v3020", "cudaStreamWaitEvent_v3020", "cuLaunchCooperativeKernel"}) {
    EXPECT_TRUE(is_worth_recording(name)) << name;
  }
  for (const char* name : {"cudaGetDevice_v3020", "cudaGraphAddMemcpyNode_v10000",
                           "cudaGraphExecMemsetNodeSetParams_v10010", "cudaEventQuery_v3020", "cuGetProcAddress_v2"}) {
    EXPECT_FALSE(is_worth_recording(name)) << name;
  }
}

TEST(ApiFilter, NamesWithoutTheRuntimesVersions) {
  EXPECT_EQ(without_version("cudaLaunchKernel_v7000"), "cudaLaunchKernel");
  EXPECT_EQ(without_version("cuMemcpyHtoD_v2"), "cuMemcpyHtoD_v2");
  EXPECT_EQ(without_version("cuLaunchKernel_ptsz"), "cuLaunchKernel_ptsz");
}

}  // namespace
}  // namespace foldperf::collectors
