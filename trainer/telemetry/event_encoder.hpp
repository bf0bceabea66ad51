// TensorBoard's Event messages as bytes. Behind this header is protobuf, sealed in (cmake/FoldperfSealedLibrary.cmake):
// LibTorch exports parts of another version of it, and neither may find the other's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace foldperf::trainer::telemetry {

struct Scalar {
  std::string tag;  // "train/loss": TensorBoard groups charts by what stands before the slash
  double value = 0;
};

// The first event of every file.
std::string encode_version(double wall_time);

// A run begins or goes on: TensorBoard drops what earlier files tell of this step and later ones.
std::string encode_restart(double wall_time, std::int64_t step);

// Values become float32.
std::string encode_scalars(double wall_time, std::int64_t step, const std::vector<Scalar>& scalars);

// Markdown, for TensorBoard's page "Text". Bytes that are not UTF-8 are shown as they are.
std::string encode_text(double wall_time, std::int64_t step, const std::string& tag, const std::string& markdown);

}  // namespace foldperf::trainer::telemetry
