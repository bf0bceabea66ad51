// torch.cuda.nvtx of a Python program, which holds several copies of NVTX.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/collectors/watched.hpp"

namespace foldperf::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr const char* program_text = R"(
import multiprocessing, os, sys, threading, time
import torch
nvtx = torch.cuda.nvtx

def in_thread(range_id):
    nvtx.range_push("thread")
    nvtx.range_pop()
    nvtx.range_end(range_id)

def in_process():
    nvtx.mark("forked")
    time.sleep(1.2)  # multiprocessing ends its children with _exit

if __name__ == "__main__":
    nvtx.range_push("outer")
    nvtx.mark("mark \u00e4")
    with nvtx.range("inner {}", 3):
        torch.ones(2).sum()
    started = nvtx.range_start("start/end")
    thread = threading.Thread(target=in_thread, args=(started,))
    thread.start()
    thread.join()
    nvtx.range_pop()
    child = multiprocessing.get_context("fork").Process(target=in_process)
    child.start()
    child.join()
    nvtx.mark("last")
    print("done", child.exitcode)
    sys.exit(5)
)";

TEST(Python, TorchsNvtxArrives) {
#ifdef FOLDPERF_SANITIZED
  GTEST_SKIP() << "Python is not built with the sanitizer that the collector is built with";
#endif
  const TemporaryFolder folder;
  const TemporaryFolder output;
  std::ofstream(folder / "program.py") << program_text;
  const std::vector<std::string> command{FOLDPERF_PYTHON, (folder / "program.py").string()};
  const auto result = run_process(command, watched(output.path()));
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_EQ(result.output, "done 0\n");
  EXPECT_EQ(result.errors, run_process(command).errors);

  const auto files = files_in(output.path());
  ASSERT_THAT(files, SizeIs(2));
  std::vector<std::string> texts;
  for (const std::string& file : files) {
    for (const auto& line : query(file, "SELECT " + event_text + ",eventType,\"end\" IS NULL FROM NVTX_EVENTS e"))
      texts.push_back(line);
  }
  EXPECT_THAT(texts, UnorderedElementsAre("outer|59|0", "mark ä|34|1", "inner 3|59|0", "start/end|60|0", "thread|59|0",
                                          "last|34|1", "forked|34|1"));
}

}  // namespace
}  // namespace foldperf::testing
