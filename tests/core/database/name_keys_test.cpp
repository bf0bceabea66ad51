#include "core/database/name_keys.hpp"

#include <gtest/gtest.h>

namespace foldperf::database {
namespace {

TEST(KernelNames, AreDemangledAndShortened) {
  EXPECT_EQ(demangled("_ZN2at6native6kernelIfEEvPT_i"), "void at::native::kernel<float>(float*, int)");
  EXPECT_EQ(demangled("triton_poi_fused_add_0"), "triton_poi_fused_add_0");
  EXPECT_EQ(demangled("_Znot a symbol"), "_Znot a symbol");
  EXPECT_EQ(short_function_name("void at::native::kernel<float, ns::op<int>(int)>(float*, int)"), "kernel");
  EXPECT_EQ(short_function_name("void at::native::(anonymous namespace)::softmax<(int)4>(int)"), "softmax");
  EXPECT_EQ(short_function_name("triton_poi_fused_add_0"), "triton_poi_fused_add_0");
  EXPECT_EQ(short_function_name("sm90_xmma_gemm_f32f32"), "sm90_xmma_gemm_f32f32");
  EXPECT_EQ(short_function_name("((("), "(((");
}

}  // namespace
}  // namespace foldperf::database
