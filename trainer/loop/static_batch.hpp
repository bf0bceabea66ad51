// A batch whose tensors stay where they are from step to step, for work that is captured in a graph.
#pragma once

#include <map>
#include <string>

#include "trainer/tensor_dict.hpp"

namespace foldperf::trainer {

// Names and shapes of the features as a text: batches of one text fit one graph. Begins with what people know a batch
// by: "4 passes, 1 x 256 residues, 128 rows, 1024 extra, 4 templates".
std::string shape_text(const TensorDict& features);

class StaticBatches {
 public:
  // Copies the features into the place of their shape, which is made when the shape comes for the first time. What is
  // repeated along a dimension (recycling passes that share a feature) is copied once. The values hold until the next
  // batch of that shape is loaded.
  const TensorDict& load(const std::string& shape, const TensorDict& features);
  // Gives the shape's place back, if there is one: nothing may read from it any more.
  void forget(const std::string& shape) { places_.erase(shape); }

 private:
  std::map<std::string, TensorDict> places_;
};

}  // namespace foldperf::trainer
