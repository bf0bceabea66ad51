// The names under which OpenFold's programs have saved their parameters.
#pragma once

#include <string>
#include <string_view>

namespace foldperf::trainer {

// The name without what wrappers put before it, in any order and number: "module." (DeepSpeed,
// DistributedDataParallel), "model." (OpenFold's Lightning module), "_forward_module." (Lightning's DeepSpeed
// strategy).
std::string_view without_wrappers(std::string_view name);

// Today's name of a parameter of OpenFold before version 2 (convert_deprecated_v1_keys of openfold/utils/
// import_weights.py), without wrappers. Names of today may change too: ask only for names that are unknown.
std::string name_since_v2(std::string_view name);

}  // namespace foldperf::trainer
