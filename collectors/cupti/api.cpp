#include "collectors/cupti/api.hpp"

#include <dlfcn.h>

namespace foldperf::collectors {

bool CuptiApi::load(void* library, std::string& missing) {
  const auto find = [&](auto& function, const char* name, bool required) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(library, name));
    if (function == nullptr && required && missing.empty()) missing = name;
  };
  missing.clear();
  find(GetVersion, "cuptiGetVersion", true);
  find(GetResultString, "cuptiGetResultString", false);
  find(Subscribe, "cuptiSubscribe", true);
  find(EnableCallback, "cuptiEnableCallback", true);
  find(GetCallbackName, "cuptiGetCallbackName", true);
  find(SetThreadIdType, "cuptiSetThreadIdType", true);
  find(ActivitySetAttribute, "cuptiActivitySetAttribute", true);
  find(ActivityRegisterCallbacks, "cuptiActivityRegisterCallbacks", true);
  find(ActivityEnable, "cuptiActivityEnable", true);
  find(ActivityDisable, "cuptiActivityDisable", true);
  find(ActivityEnableRuntimeApi, "cuptiActivityEnableRuntimeApi", false);
  find(ActivityEnableDriverApi, "cuptiActivityEnableDriverApi", false);
  find(ActivityFlushAll, "cuptiActivityFlushAll", true);
  find(ActivityGetNextRecord, "cuptiActivityGetNextRecord", true);
  find(ActivityGetNumDroppedRecords, "cuptiActivityGetNumDroppedRecords", true);
  find(GetGraphId, "cuptiGetGraphId", false);
  find(GetGraphExecId, "cuptiGetGraphExecId", false);
  find(GetGraphNodeId, "cuptiGetGraphNodeId", false);
  return missing.empty();
}

}  // namespace foldperf::collectors
