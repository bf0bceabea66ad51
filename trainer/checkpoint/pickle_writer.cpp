#include "trainer/checkpoint/pickle_writer.hpp"

#include <bit>
#include <limits>
#include <vector>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

// Opcodes of protocol 2 (Lib/pickletools.py).
constexpr std::string_view proto = "\x80\x02";
constexpr std::string_view rebuild_tensor = "ctorch._utils\n_rebuild_tensor_v2\n";
constexpr std::string_view ordered_dict = "ccollections\nOrderedDict\n)R";  // a tensor's hooks: none

}  // namespace

PickleWriter::PickleWriter() : out_(proto) { out_ += '}'; }

void PickleWriter::put_number(std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out_ += static_cast<char>(value >> (8 * i));
}

void PickleWriter::put_text(std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) throw Error("a text of a checkpoint is too long");
  out_ += 'X';
  put_number(text.size(), 4);
  out_ += text;
}

void PickleWriter::put_whole(std::int64_t value) {
  if (value >= 0 && value < 256) {
    out_ += 'K';
    put_number(static_cast<std::uint64_t>(value), 1);
  } else if (value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) {
    out_ += 'J';
    put_number(static_cast<std::uint64_t>(value), 4);
  } else {
    out_ += "\x8a\x08";
    put_number(static_cast<std::uint64_t>(value), 8);
  }
}

void PickleWriter::put_tuple(std::span<const std::int64_t> values) {
  if (values.empty()) {
    out_ += ')';
    return;
  }
  out_ += '(';
  for (const std::int64_t value : values) put_whole(value);
  out_ += 't';
}

void PickleWriter::whole(std::string_view name, std::int64_t value) {
  put_text(name);
  put_whole(value);
  out_ += 's';
}

void PickleWriter::real(std::string_view name, double value) {
  put_text(name);
  out_ += 'G';
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 7; i >= 0; --i) out_ += static_cast<char>(bits >> (8 * i));
  out_ += 's';
}

void PickleWriter::text(std::string_view name, std::string_view value) {
  put_text(name);
  put_text(value);
  out_ += 's';
}

void PickleWriter::tensor(std::string_view name, std::string_view storage_type, std::int64_t key,
                          std::span<const std::int64_t> sizes) {
  std::vector<std::int64_t> strides(sizes.size());
  std::int64_t elements = 1;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    strides[i] = elements;
    elements *= sizes[i];
  }
  put_text(name);
  out_ += rebuild_tensor;
  out_ += "((";
  put_text("storage");
  out_.append("ctorch\n").append(storage_type).append("\n");
  put_text(std::to_string(key));
  put_text("cpu");
  put_whole(elements);
  out_ += "tQ";
  put_whole(0);  // offset
  put_tuple(sizes);
  put_tuple(strides);
  out_ += '\x89';  // needs no gradient
  out_ += ordered_dict;
  out_ += "tRs";
}

void PickleWriter::begin_dictionary(std::string_view name) {
  put_text(name);
  out_ += '}';
}

void PickleWriter::end_dictionary() { out_ += 's'; }

std::string PickleWriter::finish() {
  out_ += '.';
  return std::move(out_);
}

}  // namespace foldperf::trainer
