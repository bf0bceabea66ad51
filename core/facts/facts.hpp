// Structured facts that a program hands over as NVTX marks (convention: conventions.hpp), as one line of JSON each:
//
//   {"kind":"step","step":12,"samples":1}
//   {"kind":"batch","step":12,"chain":"1ubi_A","length":76,"crop":64,"alignment_depth":512,
//    "preparation_ns":{"parse":1200000,"features":800000,"transforms":3000000},"queue_wait_ns":1000}
//   {"kind":"workload","kernel":"attention_pair_bias","shape":[1,8,256,32],"dtype":"bf16","bytes":1,"flops":2,
//    "exponentials":3,"configuration":"block=64,warps=4","chosen":"tuned"}
//   {"kind":"metric","step":12,"name":"loss","value":1.5,"split":"train","chain":"1ubi_A"}
//
// Unknown keys are ignored, so that later versions can add some.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace foldperf::facts {

struct StepFact {
  std::int64_t step = 0;
  std::int64_t samples = 0;  // training samples in the step, all ranks of this process' group
};

struct BatchFact {
  std::int64_t step = 0;
  std::string chain;
  std::int64_t length = 0;                             // residues of the whole chain
  std::int64_t crop = 0;                               // residues after cropping and padding
  std::int64_t alignment_depth = 0;                    // rows of the whole alignment
  std::map<std::string, std::int64_t> preparation_ns;  // by stage
  std::int64_t queue_wait_ns = 0;                      // how long the training thread waited for this batch
};

struct WorkloadFact {
  std::string kernel;
  std::vector<std::int64_t> shape;
  std::string dtype;
  std::int64_t bytes = 0;
  std::int64_t flops = 0;
  std::int64_t exponentials = 0;
  std::string configuration;
  std::string chosen;  // how the configuration was found: tuned, nearest, default
};

struct MetricFact {
  std::int64_t step = 0;
  std::string name;  // "loss", "loss.fape", "lddt_ca", "grad_norm", "learning_rate"
  double value = 0;
  std::string split;  // "train", "eval"
  std::string chain;  // empty: over all chains
};

using Fact = std::variant<StepFact, BatchFact, WorkloadFact, MetricFact>;

// One line of JSON. A value that is not finite becomes null; text that is not UTF-8 is repaired.
std::string to_json(const Fact& fact);

// nullopt where `text` is no fact of a known kind, or lacks what names it: the step of a step, the kernel of a
// workload, the name of a metric (a collector must never fail on a program's text). A number of the wrong type counts
// as missing; null, and the bare NaN and Infinity that Python's json writes, give a metric the value NaN.
std::optional<Fact> parse_fact(std::string_view text);

// BatchFact::preparation_ns as the run database keeps it: one JSON object. What does not parse gives an empty map.
std::string stages_to_json(const std::map<std::string, std::int64_t>& preparation_ns);
std::map<std::string, std::int64_t> stages_from_json(std::string_view text);

}  // namespace foldperf::facts
