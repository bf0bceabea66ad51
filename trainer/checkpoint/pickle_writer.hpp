// Writes a pickle that Python's torch.load reads, with weights_only too: dictionaries of numbers, texts and tensors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace foldperf::trainer {

// Protocol 2. The pickle is one dictionary: between construction and finish() its entries are added in turn.
class PickleWriter {
 public:
  PickleWriter();

  void whole(std::string_view name, std::int64_t value);
  void real(std::string_view name, double value);
  void text(std::string_view name, std::string_view value);
  // A contiguous tensor that fills the storage "data/<key>". `storage_type`: "FloatStorage", ...
  void tensor(std::string_view name, std::string_view storage_type, std::int64_t key,
              std::span<const std::int64_t> sizes);
  void begin_dictionary(std::string_view name);
  void end_dictionary();
  // Ends the pickle; it may be called once.
  std::string finish();

 private:
  void put_text(std::string_view text);
  void put_whole(std::int64_t value);
  void put_number(std::uint64_t value, int bytes);
  void put_tuple(std::span<const std::int64_t> values);

  std::string out_;
};

}  // namespace foldperf::trainer
