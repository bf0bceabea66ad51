#include "core/database/writer.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/database/drop_counts.hpp"
#include "core/database/old_rows.hpp"
#include "core/database/process_file.hpp"
#include "core/database/record_queue.hpp"
#include "core/database/record_tables.hpp"

namespace foldperf::database {
namespace {

using Clock = std::chrono::steady_clock;
using records::Kind;

constexpr std::size_t kept_names_limit_bytes = std::size_t{4} << 20;  // while the disk is full

// Blocks every signal in the calling thread while it lives: a thread started meanwhile never runs the program's
// handlers, and a write beyond the program's file size limit fails instead of ending it (SIGXFSZ).
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

std::uint64_t WriterStatus::dropped_total() const {
  std::uint64_t total = 0;
  for (const DroppedCount& d : dropped) total += d.count;
  return total;
}

class RunWriter::Impl {
 public:
  Impl(const std::string& path, const ProcessInfo& process, const WriterOptions& options, OpenRangesSource source)
      : path_(path),
        options_(options),
        rank_(process.rank),
        wake_bytes_(std::min(options.queue_bytes / 4, std::size_t{4} << 20)),
        queue_(options.queue_bytes),
        open_ranges_source_(std::move(source)) {
    const SignalsBlocked blocked;
    connection_ = create_process_file(path, process);
    try {
      tables_ = std::make_unique<RecordTables>(*connection_, rank_);
      if (options_.keep.count() > 0) old_rows_ = std::make_unique<OldRows>(*connection_);
      const auto utc = std::chrono::system_clock::now().time_since_epoch();
      age_ns_ = std::chrono::duration_cast<std::chrono::nanoseconds>(utc).count() - process.start_utc_ns;
      thread_ = std::thread([this] { work(); });
    } catch (const std::exception& error) {
      old_rows_.reset();
      tables_.reset();
      connection_.reset();
      remove_process_file(path);
      throw SystemError(path + ": cannot start writing: " + error.what());
    }
  }

  template <class R>
  bool add(const R& record) noexcept {
    if (closed_.load(std::memory_order_relaxed)) return drop(R::kind, "writer closed");
    for (;;) {
      switch (queue_.push(record)) {
        case RecordQueue::Result::taken:
          added_.fetch_add(1, std::memory_order_relaxed);
          if (queue_.bytes() >= wake_bytes_ && !wake_.exchange(true)) notify();
          return true;
        case RecordQueue::Result::too_large:
          return drop(R::kind, "too large");
        case RecordQueue::Result::no_memory:
          return drop(R::kind, "no memory");
        case RecordQueue::Result::full:
          if (options_.when_full == WhenFull::drop) return drop(R::kind, "queue full");
          if (!wait_for_room()) return drop(R::kind, "writer closed");
      }
    }
  }

  void count_dropped(Kind kind, const char* reason, std::uint64_t count) noexcept { drops_.add(kind, reason, count); }

  void set_open_ranges_source(OpenRangesSource source) {
    const std::lock_guard lock(source_mutex_);
    open_ranges_source_ = std::move(source);
  }

  bool flush(std::chrono::milliseconds timeout) noexcept {
    std::unique_lock lock(mutex_);
    if (stopped_) return true;
    const auto ticket = ++flush_wanted_;
    wake_ = true;
    wake_writer_.notify_one();
    return work_done_.wait_for(lock, timeout, [&] { return flush_done_ >= ticket || stopped_; });
  }

  void pause() noexcept {
    turnstile_.lock();
    pause_mutex_.lock();
  }
  void resume() noexcept {
    pause_mutex_.unlock();
    turnstile_.unlock();
  }

  void close() noexcept {
    // A forked child has neither the thread nor a right to the file.
    if (getpid() != owner_) return;
    const std::lock_guard once(close_mutex_);
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      wake_ = true;
      wake_writer_.notify_one();
    }
    thread_.join();
    // Records that other threads added while the last were written.
    try {
      queue_.drain(batch_);
      for (const auto& buffer : batch_.buffers) {
        RecordQueue::for_each(buffer, [&](const auto& record) { drop(record.kind, "writer closed"); });
      }
      queue_.release(batch_);
    } catch (...) {
      // drain() and for_each() throw nothing here; noexcept is kept all the same.
    }
  }

  [[nodiscard]] WriterStatus status() const {
    WriterStatus status;
    status.added = added_;
    status.written = written_;
    for (const auto& count : drops_.counts()) status.dropped.push_back({count.kind, count.reason, count.count});
    const std::lock_guard lock(mutex_);
    status.healthy = healthy_;
    status.error = error_;
    return status;
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool owned() const { return getpid() == owner_; }

 private:
  bool drop(Kind kind, const char* reason) noexcept {
    drops_.add(kind, reason, 1);
    return false;
  }

  void notify() noexcept {
    const std::lock_guard lock(mutex_);
    wake_writer_.notify_one();
  }

  bool wait_for_room() noexcept {
    std::unique_lock lock(mutex_);
    wake_ = true;
    wake_writer_.notify_one();
    work_done_.wait_for(lock, std::chrono::milliseconds(50));
    return !closed_;
  }

  void enter_sqlite() noexcept {
    { const std::lock_guard forks_first(turnstile_); }
    pause_mutex_.lock();
  }
  void leave_sqlite() noexcept { pause_mutex_.unlock(); }

  class InsideSqlite {
   public:
    explicit InsideSqlite(Impl& writer) noexcept : writer_(writer) { writer_.enter_sqlite(); }
    ~InsideSqlite() { writer_.leave_sqlite(); }
    InsideSqlite(const InsideSqlite&) = delete;
    InsideSqlite& operator=(const InsideSqlite&) = delete;

   private:
    Impl& writer_;
  };

  // The writer's thread.
  void work() noexcept {
    pthread_setname_np(pthread_self(), "foldperf-writer");
    for (bool last = false; !last;) {
      std::uint64_t flush_ticket = 0;
      {
        std::unique_lock lock(mutex_);
        wake_writer_.wait_for(lock, options_.commit_interval, [&] { return wake_.load(); });
        wake_ = false;
        last = closed_;
        flush_ticket = flush_wanted_;
      }
      {
        const InsideSqlite inside(*this);
        write_queued(last);
      }
      const std::lock_guard lock(mutex_);
      flush_done_ = flush_ticket;
      work_done_.notify_all();
    }
    {
      const InsideSqlite inside(*this);
      old_rows_.reset();
      tables_.reset();  // its statements need the connection
      finish_process_file(std::move(connection_));
    }
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    work_done_.notify_all();
  }

  void write_queued(bool last) noexcept {
    queue_.drain(batch_);
    left_.fill(0);
    uncommitted_.fill(0);
    bool counted = false;
    try {
      const auto changes = drops_.changes();
      const bool open_changed = collect_open_ranges(last);
      if (batch_.bytes > 0 || !names_.empty() || open_changed || changes != drops_written_ || last) {
        count_batch();
        counted = true;
        begin();
        // In the first transaction: the ranges that ended in this batch are open no more, and a process that is killed
        // between two transactions would leave them twice.
        write_open_ranges();
        write_names();
        for (std::size_t i = 1; i < batch_.buffers.size(); ++i) {
          RecordQueue::for_each(batch_.buffers[i], [&](const auto& record) { insert(record); });
        }
        write_drops();
        if (last) mark_finished(*connection_);
        commit();
        remove_old_rows();
        names_.clear();
        names_committed_ = 0;
        drops_written_ = changes;
        const std::lock_guard lock(mutex_);
        healthy_ = true;
      }
    } catch (const sqlite::SqliteError& error) {
      give_up(counted, last, error.disk_full() ? "disk full or write failed" : "write failed", error.what());
    } catch (const std::exception& error) {
      give_up(counted, last, "write failed", error.what());
    } catch (...) {
      give_up(counted, last, "write failed", "unknown error");
    }
    queue_.release(batch_);
  }

  // After a write that failed: where a batch found no room, a few rows that say so may, and so may the process' end.
  void write_losses(bool last) noexcept {
    try {
      const auto changes = drops_.changes();
      tables_->begin();
      in_transaction_ = true;
      write_drops();
      if (last) mark_finished(*connection_);
      tables_->commit();
      drops_written_ = changes;
    } catch (...) {
      if (in_transaction_) tables_->roll_back();  // the next batch tries again
    }
    in_transaction_ = false;
  }

  void remove_old_rows() {
    if (!old_rows_) return;
    const std::chrono::nanoseconds since = Clock::now() - made_;
    const std::int64_t now = age_ns_ + since.count();
    const std::int64_t before = now - options_.keep.count();
    for (bool all = false; !all;) {
      begin();
      all = old_rows_->remove(before);
      old_rows_->tell_window(std::max<std::int64_t>(before, 0), now, rank_);
      commit();
      leave_sqlite();  // for a fork that waits
      enter_sqlite();
    }
  }

  // Takes the batch's names over into names_, which may hold earlier ones, and counts what is to be written.
  void count_batch() {
    if (names_.empty()) {
      names_.swap(batch_.buffers[0]);
    } else {
      names_.insert(names_.end(), batch_.buffers[0].begin(), batch_.buffers[0].end());
      batch_.buffers[0].clear();
    }
    std::size_t place = 0;
    RecordQueue::for_each(names_, [&](const auto& r) {
      if (place++ >= names_committed_) ++left_[static_cast<std::size_t>(r.kind)];
    });
    for (std::size_t i = 1; i < batch_.buffers.size(); ++i) {
      RecordQueue::for_each(batch_.buffers[i], [&](const auto& r) { ++left_[static_cast<std::size_t>(r.kind)]; });
    }
  }

  void begin() {
    tables_->begin();
    in_transaction_ = true;
    begun_ = Clock::now();
    since_look_ = 0;
  }

  template <class R>
  void insert(const R& record) {
    tables_->insert(record);
    ++uncommitted_[static_cast<std::size_t>(record.kind)];
    if (++since_look_ < 1024) return;
    since_look_ = 0;
    if (Clock::now() - begun_ < options_.longest_transaction) return;
    commit();
    leave_sqlite();  // for a fork that waits
    enter_sqlite();
    begin();
  }

  void write_names() {
    names_inserted_ = 0;
    const std::size_t skipped = names_committed_;
    RecordQueue::for_each(names_, [&](const auto& record) {
      if (names_inserted_++ >= skipped) insert(record);
    });
  }

  void commit() {
    tables_->commit();
    in_transaction_ = false;
    names_committed_ = std::max(names_committed_, names_inserted_);
    for (std::size_t kind = 0; kind < left_.size(); ++kind) {
      left_[kind] -= uncommitted_[kind];
      written_ += uncommitted_[kind];
      uncommitted_[kind] = 0;
    }
  }

  // What is left of the batch is lost and counted, but for names; the next batch is tried again, for disks are also
  // emptied.
  void give_up(bool counted, bool last, const char* reason, const char* message) noexcept {
    if (in_transaction_) tables_->roll_back();
    in_transaction_ = false;
    open_written_ = true;  // unknown: write them again
    names_inserted_ = 0;
    if (counted) {
      const bool keep_names = !last && names_.size() <= kept_names_limit_bytes;
      if (keep_names) {
        std::size_t place = 0;
        RecordQueue::for_each(names_, [&](const auto& r) {
          if (place++ >= names_committed_) --left_[static_cast<std::size_t>(r.kind)];
        });
      } else {
        names_.clear();
        names_committed_ = 0;
      }
      for (std::size_t kind = 0; kind < left_.size(); ++kind) {
        drops_.add(static_cast<Kind>(kind), reason, left_[kind]);
      }
    }
    write_losses(last);
    const std::lock_guard lock(mutex_);
    healthy_ = false;
    try {
      error_ = message;
    } catch (...) {
      error_.clear();
    }
  }

  // Fills open_ranges_ after the drain: a range that ends in between is in neither, and comes with the next commit.
  bool collect_open_ranges(bool last) {
    open_ranges_.clear();
    open_texts_.clear();
    open_left_out_ = 0;
    std::size_t text_bytes = 0;
    if (!last) {
      const std::lock_guard lock(source_mutex_);
      if (open_ranges_source_) {
        open_ranges_source_([&](const records::NvtxRecord& record) {
          if (open_ranges_.size() == open_ranges_limit || text_bytes + record.text.size() > open_texts_limit_bytes) {
            ++open_left_out_;
            return;
          }
          text_bytes += record.text.size();
          open_ranges_.push_back(record);
          open_texts_.emplace_back(record.text);
        });
      }
    }
    return open_written_ || !open_ranges_.empty() || open_left_out_ != left_out_written_;
  }

  void write_open_ranges() {
    if (!open_written_ && open_ranges_.empty()) return;
    tables_->clear_open_ranges();
    for (std::size_t i = 0; i < open_ranges_.size(); ++i) {
      records::NvtxRecord record = open_ranges_[i];
      record.text = open_texts_[i];
      record.json = record.binary = {};
      record.end_ns.reset();
      tables_->insert_open_range(record);
    }
    open_written_ = !open_ranges_.empty();
  }

  void write_drops() {
    const auto counts = drops_.counts();
    std::vector<RecordTables::Dropped> rows;
    for (const auto& count : counts) rows.push_back({count.kind, count.reason, count.count});
    // Those that end well are in the file later: this counts the present ones, and is 0 at the end.
    if (open_left_out_ > 0) rows.push_back({Kind::nvtx_event, "more ranges were open than are kept", open_left_out_});
    if (!rows.empty() || left_out_written_ > 0) tables_->replace_dropped(rows);
    left_out_written_ = open_left_out_;
  }

  const std::string path_;
  const WriterOptions options_;
  const int rank_;
  const pid_t owner_ = getpid();
  const std::size_t wake_bytes_;

  RecordQueue queue_;
  DropCounts drops_;
  std::atomic<std::uint64_t> added_{0}, written_{0};
  std::atomic<bool> closed_{false}, wake_{false};

  mutable std::mutex mutex_;  // the members up to the empty line
  std::condition_variable wake_writer_, work_done_;
  std::uint64_t flush_wanted_ = 0, flush_done_ = 0;
  bool stopped_ = false;
  bool healthy_ = true;
  std::string error_;

  // Held by the writer's thread while it is inside SQLite. That thread takes it again the moment it gave it back, and a
  // pause() that only waited there might wait long: the turnstile is taken before it, and held while paused.
  std::mutex turnstile_, pause_mutex_;
  std::mutex close_mutex_;
  std::mutex source_mutex_;
  OpenRangesSource open_ranges_source_;

  // Of the writer's thread alone.
  std::unique_ptr<sqlite::Connection> connection_;
  std::unique_ptr<RecordTables> tables_;
  std::unique_ptr<OldRows> old_rows_;  // where not all is kept
  std::int64_t age_ns_ = 0;            // of the process when the writer was made
  const Clock::time_point made_ = Clock::now();
  RecordQueue::Batch batch_;
  RecordQueue::Buffer names_;        // that are not known to be committed, in the order they came
  std::size_t names_inserted_ = 0;   // of names_, in this and earlier transactions of the batch
  std::size_t names_committed_ = 0;  // of names_
  std::array<std::uint64_t, records::kind_count> left_{}, uncommitted_{};  // of the batch, by kind
  Clock::time_point begun_;                                                // the transaction
  std::uint32_t since_look_ = 0;
  std::vector<records::NvtxRecord> open_ranges_;
  std::vector<std::string> open_texts_;
  std::uint64_t open_left_out_ = 0, left_out_written_ = 0;
  bool open_written_ = false;
  bool in_transaction_ = false;
  std::uint64_t drops_written_ = 0;
  std::thread thread_;
};

RunWriter::RunWriter(const std::string& path, const ProcessInfo& process, const WriterOptions& options,
                     OpenRangesSource source)
    : impl_(std::make_unique<Impl>(path, process, options, std::move(source))) {}

RunWriter::~RunWriter() {
  if (impl_->owned()) {
    impl_->close();
  } else {
    // Destroying a copied thread or an open connection in a forked child would end it or harm the parent's file.
    (void)impl_.release();
  }
}

template <class R>
bool RunWriter::add(const R& record) noexcept {
  return impl_->add(record);
}
template bool RunWriter::add(const records::NvtxRecord&) noexcept;
template bool RunWriter::add(const records::NvtxDomainRecord&) noexcept;
template bool RunWriter::add(const records::NvtxCategoryRecord&) noexcept;
template bool RunWriter::add(const records::NvtxResourceRecord&) noexcept;
template bool RunWriter::add(const records::ThreadNameRecord&) noexcept;
template bool RunWriter::add(const records::KernelRecord&) noexcept;
template bool RunWriter::add(const records::MemcpyRecord&) noexcept;
template bool RunWriter::add(const records::MemsetRecord&) noexcept;
template bool RunWriter::add(const records::RuntimeRecord&) noexcept;
template bool RunWriter::add(const records::SynchronizationRecord&) noexcept;
template bool RunWriter::add(const records::GraphTraceRecord&) noexcept;
template bool RunWriter::add(const records::GpuRecord&) noexcept;
template bool RunWriter::add(const records::CudaDeviceRecord&) noexcept;
template bool RunWriter::add(const records::CommunicatorRecord&) noexcept;
template bool RunWriter::add(const records::CollectiveRecord&) noexcept;
template bool RunWriter::add(const records::CollectorRecord&) noexcept;
template bool RunWriter::add(const records::KernelNameRecord&) noexcept;
template bool RunWriter::add(const records::ApiNameRecord&) noexcept;
template bool RunWriter::add(const records::RangeStackRecord&) noexcept;
template bool RunWriter::add(const records::GraphNodeRecord&) noexcept;
template bool RunWriter::add(const records::GraphRecord&) noexcept;
template bool RunWriter::add(const records::CudaEventRecord&) noexcept;
template bool RunWriter::add(const records::OverheadRecord&) noexcept;
template bool RunWriter::add(const records::MemoryRecord&) noexcept;
template bool RunWriter::add(const records::EnvironmentRecord&) noexcept;
template bool RunWriter::add(const records::CollectiveChannelRecord&) noexcept;
template bool RunWriter::add(const records::ProxyWaitRecord&) noexcept;
template bool RunWriter::add(const records::HostSampleRecord&) noexcept;
template bool RunWriter::add(const records::HostCoreRecord&) noexcept;
template bool RunWriter::add(const records::CounterSampleRecord&) noexcept;
template bool RunWriter::add(const records::CounterWindowRecord&) noexcept;
template bool RunWriter::add(const records::WindowRecord&) noexcept;

void RunWriter::count_dropped(records::Kind kind, const char* reason, std::uint64_t count) noexcept {
  impl_->count_dropped(kind, reason, count);
}
void RunWriter::set_open_ranges_source(OpenRangesSource source) { impl_->set_open_ranges_source(std::move(source)); }
bool RunWriter::flush(std::chrono::milliseconds timeout) noexcept { return impl_->flush(timeout); }
void RunWriter::pause() noexcept { impl_->pause(); }
void RunWriter::resume() noexcept { impl_->resume(); }
void RunWriter::close() noexcept { impl_->close(); }
WriterStatus RunWriter::status() const { return impl_->status(); }
const std::string& RunWriter::path() const { return impl_->path(); }

}  // namespace foldperf::database
