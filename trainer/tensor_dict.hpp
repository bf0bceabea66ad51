// Named tensors: a batch of features, model outputs, a file of weights. Names are OpenFold's.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "core/error.hpp"

namespace foldperf::trainer {

// Ordered by name, so that everything done over it is reproducible.
class TensorDict {
 public:
  using Map = std::map<std::string, at::Tensor>;

  TensorDict() = default;
  TensorDict(std::initializer_list<Map::value_type> items) : tensors_(items) {}

  // Throws foldperf::Error naming the missing key.
  [[nodiscard]] const at::Tensor& at(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      throw Error("no tensor named '" + name + "' among " + std::to_string(tensors_.size()) + " tensors");
    }
    return found->second;
  }
  at::Tensor& operator[](const std::string& name) { return tensors_[name]; }
  [[nodiscard]] bool contains(const std::string& name) const { return tensors_.count(name) != 0; }
  void erase(const std::string& name) { tensors_.erase(name); }
  [[nodiscard]] std::size_t size() const { return tensors_.size(); }
  [[nodiscard]] bool empty() const { return tensors_.empty(); }

  [[nodiscard]] auto begin() const { return tensors_.begin(); }
  [[nodiscard]] auto end() const { return tensors_.end(); }
  auto begin() { return tensors_.begin(); }
  auto end() { return tensors_.end(); }

 private:
  Map tensors_;
};

// Applies `function` to every tensor.
template <typename Function>
TensorDict map_tensors(const TensorDict& dict, Function&& function) {
  TensorDict result;
  for (const auto& [name, tensor] : dict) result[name] = function(tensor);
  return result;
}

}  // namespace foldperf::trainer
