// Workers that hang in a file system that does not answer: opening a FIFO that nobody writes to is just that.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/files.hpp"
#include "trainer/feed/chain_cache.hpp"
#include "trainer/feed/ready_queue.hpp"
#include "trainer/feed/worker_pool.hpp"
#include "trainer/input/alignment.hpp"

namespace foldperf::trainer {
namespace {

using Queue = ReadyQueue<std::shared_ptr<const Alignment>>;
using Cache = ChainCache<Alignment>;

static_assert(default_stop_patience <= std::chrono::seconds(1));  // what users are told

class Fifo {
 public:
  Fifo() : path_(folder_ / "hits.a3m") {
    if (mkfifo(path_.c_str(), 0600) != 0) ADD_FAILURE() << "no FIFO";
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Lets one reader go on with this text. False where none hangs in open().
  [[nodiscard]] bool answer(const std::string& text) const {
    const int file = open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return false;
    const bool is_written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(file);
    return is_written;
  }

 private:
  testing::TemporaryFolder folder_;
  std::filesystem::path path_;
};

constexpr std::int64_t silent_chain = -1;  // whose file does not answer

// What workers share, and own with the queue.
struct Files {
  Cache cache{std::size_t{1} << 20};
  std::filesystem::path silent;
  std::atomic<int> entered = 0;  // preparations that will hang

  std::shared_ptr<const Alignment> read(std::int64_t chain) {
    if (chain == silent_chain) ++entered;
    return cache.get(std::to_string(chain), [&] {
      std::string text = ">query\nMKV\n";
      if (chain == silent_chain) {
        std::ifstream file(silent, std::ios::binary);
        text.assign(std::istreambuf_iterator<char>(file), {});
      }
      auto alignment = std::make_shared<const Alignment>(parse_a3m(text, "hits.a3m"));
      const std::size_t bytes = alignment->letters.size();
      return Cache::Loaded{std::move(alignment), bytes};
    });
  }
};

WorkerOptions four_workers() {
  WorkerOptions options;
  options.number = 4;
  return options;
}

QueueOptions queue_options() {
  QueueOptions options;
  options.capacity = 16;
  options.max_drift = 16;
  return options;
}

// Two of four workers hang: one in open(), the other waits for what it reads. The last two go on.
std::int64_t chain_of(std::int64_t ticket) { return ticket == 3 || ticket == 5 ? silent_chain : ticket; }

template <class Condition>
bool comes_true(Condition&& condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < limit) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

TEST(HangingFiles, AreLetGoAndNothingIsFreedUnderThem) {
  const Fifo fifo;
  std::weak_ptr<Files> files_left;
  std::weak_ptr<Queue> queue_left;
  {
    const auto files = std::make_shared<Files>();
    files->silent = fifo.path();
    files_left = files;
    const auto queue = std::make_shared<Queue>(queue_options());
    queue_left = queue;
    WorkerPool pool(four_workers(), queue, [files](std::int64_t ticket) { return files->read(chain_of(ticket)); });
    for (int taken = 0; taken < 8; ++taken) {
      auto sample = queue->next();
      ASSERT_TRUE(sample);
      EXPECT_EQ(sample->take()->letters, "MKV");
    }
    ASSERT_TRUE(comes_true([&] { return files->entered == 2; }));
    EXPECT_EQ(pool.stop(), 2);  // and the FIFO has not answered yet
    EXPECT_FALSE(queue->next());
  }
  EXPECT_FALSE(files_left.expired());
  EXPECT_FALSE(queue_left.expired());
  // They come back, use what they own, and free it.
  EXPECT_TRUE(comes_true([&] { return fifo.answer(">query\nARN\n"); })) << "no worker hangs in open()";
  EXPECT_TRUE(comes_true([&] { return files_left.expired() && queue_left.expired(); }));
}

TEST(HangingFiles, ThatComeBackWithRubbishHarmNobody) {
  const Fifo fifo;
  std::weak_ptr<Files> files_left;
  {
    const auto files = std::make_shared<Files>();
    files->silent = fifo.path();
    files_left = files;
    const auto queue = std::make_shared<Queue>(queue_options());
    WorkerPool pool(four_workers(), queue, [files](std::int64_t ticket) { return files->read(chain_of(ticket)); });
    ASSERT_TRUE(comes_true([&] { return files->entered == 2; }));
    EXPECT_EQ(pool.stop(std::chrono::milliseconds(10)), 2);
  }
  EXPECT_TRUE(comes_true([&] { return fifo.answer("no alignment"); }));
  EXPECT_TRUE(comes_true([&] {
    const auto files = files_left.lock();
    return files && files->cache.statistics().failures == 1;
  }));
  // Its error has woken the second one, which opens the file itself and hangs anew.
  EXPECT_TRUE(comes_true([&] { return fifo.answer("nor this"); }));
  EXPECT_TRUE(comes_true([&] { return files_left.expired(); }));
}

TEST(HangingFilesDeathTest, DoNotKeepAProcessFromEnding) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Fifo fifo;
  EXPECT_EXIT(
      {
        const auto files = std::make_shared<Files>();
        files->silent = fifo.path();
        const auto queue = std::make_shared<Queue>(queue_options());
        {
          WorkerPool pool(four_workers(), queue,
                          [files](std::int64_t ticket) { return files->read(chain_of(ticket)); });
          comes_true([&] { return files->entered == 2; });
        }
        std::exit(files->entered == 2 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace foldperf::trainer
