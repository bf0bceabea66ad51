#include "collectors/session/file_move.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/files.hpp"

namespace foldperf::collectors {
namespace {

namespace fs = std::filesystem;

TEST(FileMove, TakesTheWholeFile) {
  const foldperf::testing::TemporaryFolder folder;
  const std::string from = (folder / "from").string();
  const std::string to = (folder / "to").string();
  const std::string bytes(200'001, 'x');
  std::ofstream(from) << bytes;
  EXPECT_TRUE(move_file(from, to));
  EXPECT_FALSE(fs::exists(from));
  EXPECT_FALSE(fs::exists(to + ".part"));
  EXPECT_EQ(foldperf::testing::read_file(to), bytes);
}

TEST(FileMove, LeavesTheFileWhereItCannotBeTaken) {
  const foldperf::testing::TemporaryFolder folder;
  const std::string from = (folder / "from").string();
  std::ofstream(from) << "bytes";
  EXPECT_FALSE(move_file(from, (folder / "no/such/to").string()));
  fs::create_directories(folder / "taken/full");
  EXPECT_FALSE(move_file(from, (folder / "taken").string()));  // a folder in its place
  EXPECT_FALSE(fs::exists(folder / "taken.part"));
  EXPECT_EQ(foldperf::testing::read_file(from), "bytes");
  EXPECT_FALSE(move_file((folder / "none").string(), (folder / "to").string()));
}

}  // namespace
}  // namespace foldperf::collectors
