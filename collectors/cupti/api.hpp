// The functions of CUPTI that the collector calls, from the library that the process brings: none is linked.
//
// A function that is missing (an older CUPTI) is null; those of required() are there where load() succeeded. Tests put
// their own functions into the table.
#pragma once

#include <cupti.h>

#include <cstdint>
#include <string>

namespace foldperf::collectors {

struct CuptiApi {
  CUptiResult (*GetVersion)(std::uint32_t*) = nullptr;
  CUptiResult (*GetResultString)(CUptiResult, const char**) = nullptr;
  CUptiResult (*Subscribe)(CUpti_SubscriberHandle*, CUpti_CallbackFunc, void*) = nullptr;
  CUptiResult (*EnableCallback)(std::uint32_t, CUpti_SubscriberHandle, CUpti_CallbackDomain,
                                CUpti_CallbackId) = nullptr;
  CUptiResult (*GetCallbackName)(CUpti_CallbackDomain, std::uint32_t, const char**) = nullptr;
  CUptiResult (*SetThreadIdType)(CUpti_ActivityThreadIdType) = nullptr;
  CUptiResult (*ActivitySetAttribute)(CUpti_ActivityAttribute, std::size_t*, void*) = nullptr;
  CUptiResult (*ActivityRegisterCallbacks)(CUpti_BuffersCallbackRequestFunc,
                                           CUpti_BuffersCallbackCompleteFunc) = nullptr;
  CUptiResult (*ActivityEnable)(CUpti_ActivityKind) = nullptr;
  CUptiResult (*ActivityDisable)(CUpti_ActivityKind) = nullptr;
  CUptiResult (*ActivityEnableRuntimeApi)(CUpti_CallbackId, std::uint8_t) = nullptr;
  CUptiResult (*ActivityEnableDriverApi)(CUpti_CallbackId, std::uint8_t) = nullptr;
  CUptiResult (*ActivityFlushAll)(std::uint32_t) = nullptr;
  CUptiResult (*ActivityGetNextRecord)(std::uint8_t*, std::size_t, CUpti_Activity**) = nullptr;
  CUptiResult (*ActivityGetNumDroppedRecords)(CUcontext, std::uint32_t, std::size_t*) = nullptr;
  CUptiResult (*GetGraphId)(CUgraph, std::uint32_t*) = nullptr;
  CUptiResult (*GetGraphExecId)(CUgraphExec, std::uint32_t*) = nullptr;
  CUptiResult (*GetGraphNodeId)(CUgraphNode, std::uint64_t*) = nullptr;

  // `library`: of dlopen. False where a required function is missing; `missing` names it.
  bool load(void* library, std::string& missing);
};

}  // namespace foldperf::collectors
