// A target that fails in every way that the driver must notice: the input's first words say how.
#include <csignal>
#include <limits>
#include <stdexcept>
#include <vector>

#include "tests/fuzz/frame/fuzz_target.hpp"

namespace {

volatile int sink = 0;

int recurse(int depth) {  // deeper than any stack
  volatile int frame[1024] = {depth};
  return depth == std::numeric_limits<int>::max() ? 0 : recurse(depth + 1) + frame[0];
}

void misbehave(std::string_view text) {
  using foldperf::InputError;
  const auto asks_for = [&](std::string_view what) { return text.starts_with(what); };
  if (asks_for("other file")) throw InputError("other.txt", 1, "names another file");
  if (asks_for("exception")) throw std::runtime_error("an exception of another kind");
  if (asks_for("memory")) sink = std::vector<char>(std::size_t{3} << 30).front();
  if (asks_for("invariant")) foldperf::fuzz::require(false, "an invariant");
  if (asks_for("segmentation fault")) std::raise(SIGSEGV);
  if (asks_for("stack overflow")) sink = recurse(0);
  while (asks_for("hang")) sink = sink + 1;
  if (text.find("needle") != text.npos) std::abort();
  if (text.find("good") == text.npos) throw InputError("fuzz.txt", 1, "refused");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return foldperf::fuzz::try_input(data, size, "fuzz.txt", misbehave);
}
