// Words of a format, in libFuzzer's form of dictionary: a line "word" or name="word" each, with \\, \" and \xAB in it;
// lines that start with # are remarks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace foldperf::fuzz {

// Throws std::runtime_error, with the line, for what is no such word.
std::vector<std::string> parse_dictionary(std::string_view text);

}  // namespace foldperf::fuzz
