#include "core/analysis/step_pattern.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace foldperf::analysis {
namespace {

constexpr std::size_t fewest_pieces = 4;
constexpr std::size_t most_candidates = 24;
constexpr std::size_t run_length = 4;
constexpr std::size_t most_shapes = 16;
constexpr double same_shape = 0.85;     // pieces of one shape share so much
constexpr double holds_shape = 0.9;     // a longer piece that ends with a step holds so much of its shape
constexpr double least_coverage = 0.7;  // of the events, where a pattern is to be the program's
constexpr double part_of_shape = 0.03;  // so much that a shape alone has is noise
constexpr double other_work = 0.2;      // so much that a shape alone has, and it is another kind of work

using Counts = std::vector<std::pair<std::uint32_t, std::uint32_t>>;  // id, how often; by id

// Runs of symbols as dense numbers.
class Runs {
 public:
  explicit Runs(const std::vector<PatternEvent>& events) {
    struct Last {
      std::uint32_t one = 0, two = 0, three = 0;  // symbol + 1; 0: none
    };
    std::unordered_map<std::uint32_t, Last> last;
    Interner pairs, fours;
    pair_of.reserve(events.size());
    four_of.reserve(events.size());
    for (const PatternEvent& event : events) {
      Last& before = last[event.stream];
      const std::uint32_t symbol = event.symbol + 1;
      const std::uint64_t pair = std::uint64_t{before.one} << 32 | symbol;
      pair_of.push_back(pairs.id(pair));
      four_of.push_back(fours.id(mix(mix(before.three, before.two), pair)));
      before = {symbol, before.one, before.two};
    }
    begin_as_later(events, pair_of, 1);
    begin_as_later(events, four_of, 3);
    pairs_known = pairs.size();
    fours_known = fours.size();
  }

  std::vector<std::uint32_t> pair_of, four_of;  // by event
  std::size_t pairs_known = 0, fours_known = 0;

 private:
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    std::uint64_t x = (a ^ (b >> 29)) * 0x9E3779B97F4A7C15U + b;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93U;
    return x ^ (x >> 32);
  }
  // A stream's first events have nothing before them: they count as the next one of their symbol does.
  static void begin_as_later(const std::vector<PatternEvent>& events, std::vector<std::uint32_t>& ids,
                             std::size_t first) {
    std::unordered_map<std::uint32_t, std::size_t> seen;                  // events of a stream
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> waiting;  // by stream and symbol
    std::size_t left = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
      const std::uint64_t key = std::uint64_t{events[i].stream} << 32 | events[i].symbol;
      if (seen[events[i].stream]++ < first) {
        waiting[key].push_back(i);
        ++left;
        continue;
      }
      if (left == 0) continue;
      if (const auto found = waiting.find(key); found != waiting.end()) {
        for (const std::size_t early : found->second) ids[early] = ids[i];
        left -= found->second.size();
        waiting.erase(found);
      }
    }
  }
  class Interner {
   public:
    std::uint32_t id(std::uint64_t key) {
      return ids_.try_emplace(key, static_cast<std::uint32_t>(ids_.size())).first->second;
    }
    [[nodiscard]] std::size_t size() const { return ids_.size(); }

   private:
    std::unordered_map<std::uint64_t, std::uint32_t> ids_;
  };
};

struct Piece {
  std::size_t from = 0, to = 0;  // events [from, to)
  std::size_t shape = SIZE_MAX;
  double quality = 0;
  [[nodiscard]] std::size_t size() const { return to - from; }
};

struct Shape {
  Counts fours;
  std::vector<std::uint32_t> symbols;  // sorted, each once
  std::size_t size = 0;                // events
  std::size_t members = 0;
  std::size_t example = 0;  // piece
};

struct Cut {
  std::vector<Piece> pieces;
  std::vector<Shape> shapes;
  double confidence = 0;
  std::size_t matched = 0;  // pieces that have a shape
  std::size_t clean = 0;    // of these: nothing else is in them
  double coverage = 0;      // share of the events that are of a kind that steps have
};

class Finder {
 public:
  explicit Finder(const std::vector<PatternEvent>& events)
      : events_(events), runs_(events), count_(runs_.fours_known, 0) {}

  StepPattern find() {
    Cut best;
    for (const std::uint32_t pair : candidates()) {
      Cut cut = cut_behind(pair);
      if (cut.confidence < pattern_confidence_limit || cut.coverage < least_coverage || is_part(cut)) continue;
      const bool tie = cut.coverage > best.coverage - 0.02;
      if (cut.coverage > best.coverage + 0.02 || (tie && cut.matched > best.matched)) best = std::move(cut);
    }
    return steps_of(best);
  }

 private:
  // For each number of times that neighbours come: the pair behind which a step ends, most told-of first.
  std::vector<std::uint32_t> candidates() {
    std::vector<std::size_t> times(runs_.pairs_known, 0);
    for (const std::uint32_t pair : runs_.pair_of) ++times[pair];
    std::map<std::size_t, std::vector<std::uint32_t>> classes;
    for (std::uint32_t pair = 0; pair < times.size(); ++pair) {
      if (times[pair] >= fewest_pieces) classes[times[pair]].push_back(pair);
    }
    std::vector<std::pair<std::size_t, const std::vector<std::uint32_t>*>> ranked;
    for (const auto& [count, pairs] : classes) ranked.emplace_back(count * pairs.size(), &pairs);
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    if (ranked.size() > most_candidates) ranked.resize(most_candidates);
    std::vector<std::uint32_t> chosen;
    for (const auto& [weight, pairs] : ranked) add_ends(*pairs, chosen);
    return chosen;
  }

  // Of pairs that come equally often, where a step may end: behind the one with the longest idle time (by median), and
  // behind the one after which nothing of them comes for the longest time: there lies what steps share with an
  // evaluation.
  void add_ends(const std::vector<std::uint32_t>& pairs, std::vector<std::uint32_t>& ends) {
    if (pairs.size() == 1) return ends.push_back(pairs.front());
    place_.assign(runs_.pairs_known, UINT32_MAX);
    for (std::uint32_t i = 0; i < pairs.size(); ++i) place_[pairs[i]] = i;
    std::vector<std::vector<std::int64_t>> gaps(pairs.size()), idle(pairs.size());
    std::size_t before = SIZE_MAX;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const std::uint32_t member = place_[runs_.pair_of[i]];
      if (member == UINT32_MAX) continue;
      if (i + 1 < events_.size()) idle[member].push_back(events_[i + 1].start - events_[i].end);
      if (before != SIZE_MAX) {
        gaps[place_[runs_.pair_of[before]]].push_back(events_[i].start - events_[before].end);
      }
      before = i;
    }
    const std::size_t by_idle = longest(idle), by_gap = longest(gaps);
    ends.push_back(pairs[by_idle]);
    if (by_gap != by_idle) ends.push_back(pairs[by_gap]);
  }
  static std::size_t longest(std::vector<std::vector<std::int64_t>>& times) {
    std::size_t best = 0;
    std::int64_t most = INT64_MIN;
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (times[i].empty()) continue;
      const auto middle = times[i].begin() + static_cast<std::ptrdiff_t>(times[i].size() / 2);
      std::nth_element(times[i].begin(), middle, times[i].end());
      if (*middle > most) {
        most = *middle;
        best = i;
      }
    }
    return best;
  }

  Cut cut_behind(std::uint32_t pair) {
    Cut cut;
    std::size_t from = 0;
    bool whole = false;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (runs_.pair_of[i] != pair) continue;
      whole = whole || events_[i].whole;
      cut.pieces.push_back({from, i + 1});
      from = i + 1;
    }
    if (cut.pieces.size() < fewest_pieces) return cut;
    find_shapes(cut);
    rate(cut);
    // A kernel that only follows itself is a program of one kernel, not one of one-kernel steps.
    std::size_t length = 0;
    for (const Piece& piece : cut.pieces) {
      if (piece.shape == SIZE_MAX) continue;
      ++cut.matched;
      length += cut.shapes[piece.shape].size;
    }
    // Of long pieces of noise the longer ones hold all that the shorter ones do.
    if (2 * cut.clean < cut.pieces.size() || cut.matched + 1 < fewest_pieces || (!whole && length < 3 * cut.matched))
      cut.confidence = 0;
    return cut;
  }

  void load(const Piece& piece) {
    for (std::size_t i = piece.from; i < piece.to; ++i) ++count_[runs_.four_of[i]];
  }
  void unload(const Piece& piece) {
    for (std::size_t i = piece.from; i < piece.to; ++i) count_[runs_.four_of[i]] = 0;
  }
  // Of the loaded piece: events that a shape has, too.
  [[nodiscard]] std::size_t shared(const Shape& shape) const {
    std::size_t sum = 0;
    for (const auto& [four, times] : shape.fours) sum += std::min(times, count_[four]);
    return sum;
  }

  Shape shape_of(const Piece& piece, std::size_t index) const {
    Shape shape;
    shape.size = piece.size();
    shape.members = 1;
    shape.example = index;
    for (std::size_t i = piece.from; i < piece.to; ++i) {
      shape.fours.emplace_back(runs_.four_of[i], 0);
      shape.symbols.push_back(events_[i].symbol);
    }
    std::sort(shape.fours.begin(), shape.fours.end());
    shape.fours.erase(std::unique(shape.fours.begin(), shape.fours.end()), shape.fours.end());
    for (auto& [four, times] : shape.fours) times = count_[four];
    std::sort(shape.symbols.begin(), shape.symbols.end());
    shape.symbols.erase(std::unique(shape.symbols.begin(), shape.symbols.end()), shape.symbols.end());
    return shape;
  }

  // Every piece goes to the shape that it is like, or begins one.
  void find_shapes(Cut& cut) {
    for (std::size_t i = 0; i < cut.pieces.size(); ++i) {
      Piece& piece = cut.pieces[i];
      load(piece);
      for (std::size_t s = 0; s < cut.shapes.size() && piece.quality < 0.97; ++s) {
        const auto larger = static_cast<double>(std::max(piece.size(), cut.shapes[s].size));
        const double like = static_cast<double>(shared(cut.shapes[s])) / larger;
        if (like >= same_shape && like > piece.quality) {
          piece.shape = s;
          piece.quality = like;
        }
      }
      if (piece.shape != SIZE_MAX) {
        ++cut.shapes[piece.shape].members;
      } else if (make_room(cut)) {
        piece.shape = cut.shapes.size();
        piece.quality = 1;
        cut.shapes.push_back(shape_of(piece, i));
      }
      unload(piece);
      // Shapes found often are asked first.
      if (piece.shape != SIZE_MAX && piece.shape > 0 &&
          cut.shapes[piece.shape].members > 2 * cut.shapes[piece.shape - 1].members) {
        swap_shapes(cut, piece.shape - 1, piece.shape, i);
      }
    }
    const std::size_t needed = std::max<std::size_t>(2, cut.pieces.size() / 100);
    std::vector<std::size_t> place(cut.shapes.size(), SIZE_MAX);
    std::vector<Shape> kept;
    for (std::size_t s = 0; s < cut.shapes.size(); ++s) {
      if (cut.shapes[s].members < needed) continue;
      place[s] = kept.size();
      kept.push_back(std::move(cut.shapes[s]));
    }
    cut.shapes = std::move(kept);
    for (Piece& piece : cut.pieces) {
      if (piece.shape == SIZE_MAX) continue;
      piece.shape = place[piece.shape];
      if (piece.shape == SIZE_MAX) piece.quality = 0;
    }
  }

  static void swap_shapes(Cut& cut, std::size_t a, std::size_t b, std::size_t last_piece) {
    std::swap(cut.shapes[a], cut.shapes[b]);
    for (std::size_t i = 0; i <= last_piece; ++i) {
      std::size_t& shape = cut.pieces[i].shape;
      if (shape == a) {
        shape = b;
      } else if (shape == b) {
        shape = a;
      }
    }
  }

  // Where there are too many shapes, the latest that nothing else was like gives its place away.
  static bool make_room(Cut& cut) {
    if (cut.shapes.size() < most_shapes) return true;
    if (cut.shapes.back().members > 1) return false;
    Piece& alone = cut.pieces[cut.shapes.back().example];
    alone.shape = SIZE_MAX;
    alone.quality = 0;
    cut.shapes.pop_back();
    return true;
  }

  // Pieces that begin with other work and end with a step are shortened to the step.
  void rate(Cut& cut) {
    if (cut.shapes.empty()) return;
    for (const Piece& piece : cut.pieces) cut.clean += piece.shape == SIZE_MAX ? 0 : 1;
    const auto common = std::max_element(cut.shapes.begin(), cut.shapes.end(),
                                         [](const Shape& a, const Shape& b) { return a.members < b.members; });
    const auto common_place = static_cast<std::size_t>(common - cut.shapes.begin());
    std::size_t known = 0, all = 0;
    double quality = 0;
    for (std::size_t i = 0; i < cut.pieces.size(); ++i) {
      Piece& piece = cut.pieces[i];
      const Piece before = piece;
      if (piece.shape == SIZE_MAX) {
        load(piece);
        const std::size_t held = shared(*common);
        const double share = static_cast<double>(held) / static_cast<double>(common->size);
        if (share >= holds_shape) {
          piece.shape = common_place;
          piece.quality = 0.95 * share;
        }
        unload(piece);
        if (piece.shape != SIZE_MAX) shorten(piece, *common, held);
      }
      // What came before the first step (setting up, warming up) says nothing about the others.
      if (i == 0 && piece.shape == SIZE_MAX) continue;
      quality += piece.quality;
      if (i == 0) continue;
      all += before.size();
      if (piece.shape == SIZE_MAX) continue;
      const auto& symbols = cut.shapes[piece.shape].symbols;
      for (std::size_t e = before.from; e < before.to; ++e) {
        known += std::binary_search(symbols.begin(), symbols.end(), events_[e].symbol) ? 1 : 0;
      }
    }
    // What follows the last cut is at best the beginning of a step.
    for (std::size_t e = cut.pieces.back().to; e < events_.size(); ++e) {
      ++all;
      known += std::binary_search(common->symbols.begin(), common->symbols.end(), events_[e].symbol) ? 1 : 0;
    }
    const bool first_counts = cut.pieces.front().shape != SIZE_MAX;
    cut.confidence = quality / static_cast<double>(cut.pieces.size() - (first_counts ? 0 : 1));
    cut.coverage = all == 0 ? 0 : static_cast<double>(known) / static_cast<double>(all);
  }

  void shorten(Piece& piece, const Shape& shape, std::size_t held) {
    for (const auto& [four, times] : shape.fours) count_[four] = times;
    std::size_t found = 0;
    std::size_t from = piece.to;
    while (from > piece.from && found + run_length <= held) {
      --from;
      std::uint32_t& left = count_[runs_.four_of[from]];
      if (left == 0) continue;
      --left;
      ++found;
    }
    for (const auto& [four, times] : shape.fours) count_[four] = 0;
    piece.from = from;
  }

  // Whether one shape is another with something missing, a part of it, or work of another kind: then pieces are no
  // steps.
  bool is_part(const Cut& cut) {
    for (const Shape& less : cut.shapes) {
      for (const Shape& more : cut.shapes) {
        if (&less == &more) continue;
        const double lacks = missing(cut, more, less);
        if (lacks > other_work) return true;
        if (lacks > part_of_shape && missing(cut, less, more) <= part_of_shape) return true;
      }
    }
    return false;
  }
  // Share of a shape's events whose symbols the other one lacks.
  [[nodiscard]] double missing(const Cut& cut, const Shape& shape, const Shape& other) const {
    const Piece& piece = cut.pieces[shape.example];
    std::size_t count = 0;
    for (std::size_t i = piece.from; i < piece.to; ++i) {
      count += std::binary_search(other.symbols.begin(), other.symbols.end(), events_[i].symbol) ? 0 : 1;
    }
    return static_cast<double>(count) / static_cast<double>(std::max<std::size_t>(1, piece.size()));
  }

  [[nodiscard]] StepPattern steps_of(const Cut& cut) const {
    StepPattern pattern;
    pattern.confidence = std::min(1.0, cut.confidence);
    for (const Piece& piece : cut.pieces) {
      if (piece.shape == SIZE_MAX || piece.size() == 0) continue;
      PatternStep step{events_[piece.from].start, events_[piece.from].end};
      for (std::size_t i = piece.from; i < piece.to; ++i) step.end = std::max(step.end, events_[i].end);
      // A second stream may still run on.
      if (!pattern.steps.empty() && step.start < pattern.steps.back().end) pattern.steps.back().end = step.start;
      pattern.steps.push_back(step);
    }
    return pattern;
  }

  const std::vector<PatternEvent>& events_;
  Runs runs_;
  std::vector<std::uint32_t> place_;  // by pair: its place among those that come equally often
  std::vector<std::uint32_t> count_;  // by run of four; zero between uses
};

}  // namespace

StepPattern find_step_pattern(const std::vector<PatternEvent>& events) {
  if (events.size() < fewest_pieces) return {};
  return Finder(events).find();
}

}  // namespace foldperf::analysis
