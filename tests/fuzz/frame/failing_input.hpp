// Keeps the input that is being tried, so that it is not lost where the process crashes, hangs or is ended by a
// sanitizer: it is then written to a file, whose path is printed.
#pragma once

#include <filesystem>
#include <string_view>

namespace foldperf::fuzz {

// Once, before the first input: from now on memory beyond `memory_limit_bytes` is refused, as std::bad_alloc or by the
// sanitizer.
void watch_for_failures(std::size_t memory_limit_bytes);

// For as long as it lives `input`, which must outlive it, is the one to be written, to `file`. After `patience_s`
// seconds it counts as a hang.
class InputUnderTest {
 public:
  InputUnderTest(std::string_view input, const std::filesystem::path& file, unsigned patience_s);
  ~InputUnderTest();
  InputUnderTest(const InputUnderTest&) = delete;
  InputUnderTest& operator=(const InputUnderTest&) = delete;
};

}  // namespace foldperf::fuzz
