// What a pickle of torch.save says, as plain values. Classes and functions that it names are kept as names: nothing is
// imported, called or executed.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace foldperf::trainer {

struct PickleValue;

// "torch._utils._rebuild_tensor_v2": a class or function.
struct PickleGlobal {
  std::string name;
};

// Bytes in a record of their own.
struct PickleStorage {
  std::string_view type;  // "FloatStorage", ...; "UntypedStorage": of bytes
  std::string_view key;   // the record "data/<key>"
  std::int64_t elements = 0;
};

struct PickleTensor {
  PickleStorage storage;
  std::int64_t offset = 0;  // in elements, as the sizes and strides
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
};

// A list or tuple; a set.
struct PickleSequence {
  std::vector<const PickleValue*> items;
};

// A dict, or an object that is filled as one (OrderedDict, AttributeDict, ...), in the order of the file.
struct PickleDictionary {
  std::string_view type;  // of the object; empty: dict
  std::vector<std::pair<const PickleValue*, const PickleValue*>> entries;

  // The last entry of that name; null where there is none.
  [[nodiscard]] const PickleValue* find(std::string_view name) const;
};

// Anything else that Python would have built: what it was made from is dropped.
struct PickleObject {
  std::string_view type;
};

struct PickleValue {
  std::variant<std::monostate, bool, std::int64_t, double, std::string, PickleGlobal, PickleStorage, PickleTensor,
               PickleSequence, PickleDictionary, PickleObject>
      content;

  template <typename T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&content);
  }
  // "a text", "a tensor", "an argparse.Namespace": for messages.
  [[nodiscard]] std::string kind() const;
};

// The values of one pickle; they may refer to one another in any way, also in circles. Views into texts are of texts
// among these values, so that a name that is used a million times is there once.
class Pickle {
 public:
  Pickle() = default;
  Pickle(Pickle&&) = default;
  Pickle& operator=(Pickle&&) = default;
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  template <typename T>
  PickleValue* add(T&& content) {
    return &values_.emplace_back(PickleValue{std::forward<T>(content)});
  }
  [[nodiscard]] const PickleValue& root() const { return *root_; }
  void set_root(const PickleValue* root) { root_ = root; }

 private:
  std::deque<PickleValue> values_;  // addresses stay
  const PickleValue* root_ = nullptr;
};

}  // namespace foldperf::trainer
