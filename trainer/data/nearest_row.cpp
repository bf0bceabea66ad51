#include "trainer/data/nearest_row.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer {

namespace {

constexpr std::int64_t group = 16;       // positions added up at a time
constexpr std::size_t group_planes = 4;  // bits of their sum but the carry
constexpr std::int64_t type_count = 23;  // residues, unknown, gap, mask
constexpr std::size_t most_planes = 63;  // bits of a sum
constexpr auto like_nothing = static_cast<std::uint8_t>(gap_residue);

using Bits128 = std::uint64_t __attribute__((vector_size(16)));
using Bits256 = std::uint64_t __attribute__((vector_size(32)));

// What of a NearestRow the loops need, for the slab of rows that begins at one of a word's parts.
struct Slab {
  const std::uint64_t* bits;  // of the slab's first word at position 0
  std::int64_t words;
  std::int64_t length;
  std::size_t planes;  // bits of the sums
};

// low + a + b = low + 2 carry, bit by bit. (By reference: vectors are no arguments for machines without such
// registers.)
template <typename Bits>
[[gnu::always_inline]] inline void add(Bits& low, const Bits& a, const Bits& b, Bits& carry) {
  const Bits either = low ^ a;
  carry = (low & a) | (either & b);
  low = either ^ b;
}

template <typename Bits>
struct Sums {
  std::array<Bits, most_planes> plane;  // bit k of every row's sum
};

template <typename Bits>
[[gnu::always_inline]] inline void add_group(const Slab& slab, std::int64_t start, const std::uint8_t* residues,
                                             Sums<Bits>& sums) {
  const std::uint64_t* bits = slab.bits + start * type_count * slab.words;
  const auto load = [&](std::int64_t i, Bits& found) {
    std::memcpy(&found, bits + (i * type_count + residues[i]) * slab.words, sizeof(found));
  };
  // Two sums of half as many positions carry into the next bit.
  const auto two = [&](std::int64_t i, Bits& carry) {
    Bits first, second;
    load(i, first);
    load(i + 1, second);
    add(sums.plane[0], first, second, carry);
  };
  const auto four = [&](std::int64_t i, Bits& carry) {
    Bits first, second;
    two(i, first);
    two(i + 2, second);
    add(sums.plane[1], first, second, carry);
  };
  const auto eight = [&](std::int64_t i, Bits& carry) {
    Bits first, second;
    four(i, first);
    four(i + 4, second);
    add(sums.plane[2], first, second, carry);
  };
  Bits first, second, carry;
  eight(0, first);
  eight(8, second);
  add(sums.plane[3], first, second, carry);
  for (std::size_t k = group_planes; k < slab.planes; ++k) {
    const Bits next = sums.plane[k] & carry;
    sums.plane[k] ^= carry;
    carry = next;
  }
}

// Adds up in how many positions each row of the slab equals `row`.
template <typename Bits>
[[gnu::always_inline]] inline void add_up(const Slab& slab, const std::uint8_t* row, Sums<Bits>& sums) {
  for (std::size_t k = 0; k < slab.planes; ++k) sums.plane[k] = Bits{};
  std::int64_t start = 0;
  for (; start + group <= slab.length; start += group) add_group(slab, start, row + start, sums);
  if (start == slab.length) return;
  std::array<std::uint8_t, group> rest;
  rest.fill(like_nothing);
  std::copy(row + start, row + slab.length, rest.begin());
  add_group(slab, start, rest.data(), sums);
}

// Compiled several times; the machine's best one is chosen when the program starts.
#if defined(__x86_64__)
#define FOLDPERF_CLONES [[gnu::target_clones("arch=x86-64-v4", "avx2", "default")]]
#else
#define FOLDPERF_CLONES
#endif
FOLDPERF_CLONES void add_up_128(const Slab& slab, const std::uint8_t* row, Sums<Bits128>& sums) {
  add_up(slab, row, sums);
}
FOLDPERF_CLONES void add_up_256(const Slab& slab, const std::uint8_t* row, Sums<Bits256>& sums) {
  add_up(slab, row, sums);
}

}  // namespace

NearestRow::NearestRow(const std::uint8_t* rows, std::int64_t count, std::int64_t length)
    : count_(count), length_(length), words_(count <= 128 ? 2 : (count + 255) / 256 * 4) {
  const std::int64_t filled = (length + group - 1) / group * group;
  bits_.assign(static_cast<std::size_t>(filled * type_count * words_), 0);
  planes_ = std::max(group_planes + 1, static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(length))));
  sums_.resize(planes_ * static_cast<std::size_t>(words_));
  best_.resize(static_cast<std::size_t>(words_));
  for (std::int64_t r = 0; r < count; ++r) {
    const std::uint64_t bit = std::uint64_t{1} << (r % 64);
    std::uint64_t* word = bits_.data() + r / 64;
    for (std::int64_t i = 0; i < length; ++i, word += type_count * words_) {
      const std::uint8_t residue = rows[r * length + i];
      if (residue < like_nothing) word[residue * words_] |= bit;
    }
  }
}

std::int64_t NearestRow::find(const std::uint8_t* row) {
  const auto words = static_cast<std::size_t>(words_);
  const auto keep = [&](std::size_t first, const auto& sums) {
    for (std::size_t k = 0; k < planes_; ++k) {
      for (std::size_t w = 0; w < sizeof(sums.plane[k]) / sizeof(std::uint64_t); ++w)
        sums_[k * words + first + w] = sums.plane[k][w];
    }
  };
  if (words == 2) {
    Sums<Bits128> sums;
    add_up_128({bits_.data(), words_, length_, planes_}, row, sums);
    keep(0, sums);
  } else {
    for (std::size_t first = 0; first < words; first += 4) {
      Sums<Bits256> sums;
      add_up_256({bits_.data() + first, words_, length_, planes_}, row, sums);
      keep(first, sums);
    }
  }
  // From the highest bit of the sums on: those that have it stay, unless none has.
  for (std::size_t w = 0; w < words; ++w) {
    const std::int64_t before = static_cast<std::int64_t>(w) * 64;
    const std::int64_t here = std::clamp<std::int64_t>(count_ - before, 0, 64);
    best_[w] = here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
  }
  for (std::size_t k = planes_; k-- > 0;) {
    std::uint64_t any = 0;
    for (std::size_t w = 0; w < words; ++w) any |= best_[w] & sums_[k * words + w];
    if (any == 0) continue;
    for (std::size_t w = 0; w < words; ++w) best_[w] &= sums_[k * words + w];
  }
  std::size_t w = 0;
  while (best_[w] == 0) ++w;
  return static_cast<std::int64_t>(w) * 64 + std::countr_zero(best_[w]);
}

}  // namespace foldperf::trainer
