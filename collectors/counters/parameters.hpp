// One parameter structure of CUPTI's, its size filled in: FOLDPERF_PARAMETERS(CUpti_PmSampling_Start_Params).
#pragma once

#include <cstddef>

namespace foldperf::collectors {

template <typename Parameters>
Parameters sized_parameters(std::size_t size) {
  Parameters result{};
  result.structSize = size;
  return result;
}

}  // namespace foldperf::collectors

#define FOLDPERF_PARAMETERS(type) ::foldperf::collectors::sized_parameters<type>(type##_STRUCT_SIZE)
