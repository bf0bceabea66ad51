#include "trainer/feed/random_stream.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/error.hpp"

namespace foldperf::trainer {

namespace {

std::pair<std::uint32_t, std::uint32_t> multiply(std::uint32_t a, std::uint32_t b) {
  const std::uint64_t product = std::uint64_t{a} * b;
  return {static_cast<std::uint32_t>(product >> 32), static_cast<std::uint32_t>(product)};
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const auto [high0, low0] = multiply(0xD2511F53U, counter[0]);
    const auto [high1, low1] = multiply(0xCD9E8D57U, counter[2]);
    counter = {high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

RandomStream::RandomStream(const SampleKey& sample, Purpose purpose, std::uint32_t recycling_pass)
    : counter_{0, (recycling_pass << 8) | static_cast<std::uint32_t>(purpose), sample.index, sample.epoch},
      key_{static_cast<std::uint32_t>(sample.seed), static_cast<std::uint32_t>(sample.seed >> 32)} {}

std::uint32_t RandomStream::next() {
  if (used_ == block_.size()) {
    block_ = philox4x32(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

void RandomStream::fill(std::span<std::uint32_t> words) {
  std::size_t i = 0;
  while (i < words.size() && used_ != block_.size()) words[i++] = next();
  for (; words.size() - i >= block_.size(); i += block_.size()) {
    const std::array<std::uint32_t, 4> block = philox4x32(counter_, key_);
    ++counter_[0];
    std::copy(block.begin(), block.end(), words.begin() + static_cast<std::ptrdiff_t>(i));
  }
  while (i < words.size()) words[i++] = next();
}

float RandomStream::uniform() { return static_cast<float>(next() >> 8) * 0x1p-24F; }

std::int64_t RandomStream::integer(std::int64_t low, std::int64_t high) {
  if (high < low) throw Error("no whole number between " + std::to_string(low) + " and " + std::to_string(high));
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
  const auto word = [this] {
    const std::uint64_t high_half = next();
    return high_half << 32 | next();
  };
  if (range == 0) return static_cast<std::int64_t>(word());
  const std::uint64_t rejected = (0 - range) % range;  // 2^64 modulo range: words below it would favour small results
  std::uint64_t value = word();
  while (value < rejected) value = word();
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + value % range);
}

std::vector<std::int64_t> RandomStream::permutation(std::int64_t count) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::int64_t i = count - 1; i > 0; --i) {
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(integer(0, i))]);
  }
  return order;
}

}  // namespace foldperf::trainer
