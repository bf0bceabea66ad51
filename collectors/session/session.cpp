#include "collectors/session/session.hpp"

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <new>

#include "collectors/clock.hpp"
#include "collectors/names/names.hpp"

namespace foldperf::collectors {

constinit thread_local ThreadBuffer* this_threads_buffer = nullptr;

namespace {

// How long events may lie in a ring. With the writer's commit interval it stays well under a second.
constexpr long drain_interval_ns = 100'000'000;

// At the end of a thread. Other thread-local destructors may still call NVTX: they get a new buffer, and the key is set
// again.
void retire_buffer(void* buffer) {
  this_threads_buffer = nullptr;
  Session::instance().plan().thread_ended(monotonic_ns());
  static_cast<ThreadBuffer*>(buffer)->retire();
}

// Blocks every signal while it lives; a thread made meanwhile keeps them blocked.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// An error number that the program may be looking at.
class ErrnoKept {
 public:
  ErrnoKept() : value_(errno) {}
  ~ErrnoKept() { errno = value_; }
  ErrnoKept(const ErrnoKept&) = delete;
  ErrnoKept& operator=(const ErrnoKept&) = delete;

 private:
  int value_;
};

}  // namespace

Session& Session::instance() {
  alignas(Session) static std::byte place[sizeof(Session)];
  static Session* const session = new (place) Session;
  return *session;
}

const Settings* Session::start() noexcept {
  const ErrnoKept errno_kept;
  const std::lock_guard lock(mutex_);
  if (!started_) {
    try {
      settings_ = read_settings();
    } catch (const std::exception&) {
      settings_.reset();
    }
    if (settings_ && pthread_key_create(&key_, retire_buffer) != 0) settings_.reset();
    if (settings_) {
      start_ns_ = monotonic_ns();
      utc_offset_ns_ = measure_utc_offset_ns();
      begin_plan();
      pthread_atfork([] { instance().before_fork(); }, [] { instance().after_fork_in_parent(); },
                     [] { instance().after_fork_in_child(); });
    }
    started_ = true;
  }
  return settings_ ? &*settings_ : nullptr;
}

void Session::begin_plan() {
  const auto set = [](void* session, bool on, std::int64_t at_ns, const char* reason) {
    static_cast<Session*>(session)->change_recording(on, at_ns, reason);
  };
  const bool on = plan_.begin(settings_->plan, start_ns_, set, this);
  if (!on) windows_.restart(false, start_ns_);
  recording_.store(on, std::memory_order_relaxed);
}

ThreadBuffer* Session::new_buffer() noexcept {
  const ErrnoKept errno_kept;
  const std::lock_guard lock(mutex_);
  if (!settings_ || state_ == State::closed) return nullptr;
  try {
    auto buffer = std::make_shared<ThreadBuffer>(settings_->buffer_bytes, static_cast<pid_t>(syscall(SYS_gettid)));
    if (!buffer->ring().valid()) return nullptr;
    if (state_ == State::idle && !start_thread()) return nullptr;
    buffers_.push_back(buffer);
    if (pthread_setspecific(key_, buffer.get()) != 0) {
      buffers_.pop_back();
      return nullptr;
    }
    this_threads_buffer = buffer.get();
    return buffer.get();
  } catch (const std::exception&) {
    return nullptr;
  }
}

bool Session::add_source(Source* source) noexcept {
  const std::lock_guard lock(mutex_);
  const std::size_t count = source_count_.load(std::memory_order_relaxed);
  if (!settings_ || state_ == State::closed || count == sources_.size()) return false;
  sources_[count] = source;
  source_count_.store(count + 1, std::memory_order_release);
  return true;
}

bool Session::ensure_running() noexcept {
  const ErrnoKept errno_kept;
  const std::lock_guard lock(mutex_);
  if (!settings_ || state_ == State::closed) return false;
  file_wanted_ = true;
  try {
    return state_ == State::running || start_thread();
  } catch (const std::exception&) {
    return false;
  }
}

void Session::set_recording(bool on, const char* reason) noexcept {
  plan_.lock();
  change_recording(on, monotonic_ns(), reason);
  plan_.unlock();
}

void Session::change_recording(bool on, std::int64_t at_ns, const char* reason) noexcept {
  const ErrnoKept errno_kept;
  windows_.set(on, at_ns, reason);
  recording_.store(on, std::memory_order_relaxed);
  const std::size_t count = source_count_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) sources_[i]->recording_changed(on);
}

bool Session::start_thread() {
  if (recorder_ == nullptr) {
    recorder_ = std::make_unique<Recorder>(*settings_, windows_, start_ns_, start_ns_ + utc_offset_ns_);
  }
  const AllSignalsBlocked blocked;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread{};
  const auto body = [](void* session) -> void* {
    static_cast<Session*>(session)->run();
    return nullptr;
  };
  const bool started = pthread_create(&thread, &attributes, body, this) == 0;
  pthread_attr_destroy(&attributes);
  if (started) {
    pthread_setname_np(thread, "foldperf");
    state_ = State::running;
    pid_ = getpid();
  }
  return started;
}

void Session::wake() noexcept {
  if (awake_.exchange(1, std::memory_order_acq_rel) != 0) return;
  const ErrnoKept errno_kept;
  syscall(SYS_futex, &awake_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void Session::run() noexcept {
  while (true) {
    timespec interval{0, drain_interval_ns};
    const std::int64_t now_ns = monotonic_ns();
    // A window of time begins and ends when it is to, for the doors that ask recording() beforehand.
    if (const auto change_ns = plan_.tick(now_ns); change_ns && *change_ns - now_ns < drain_interval_ns) {
      interval.tv_nsec = static_cast<long>(std::max<std::int64_t>(*change_ns - now_ns, 0));
    }
    syscall(SYS_futex, &awake_, FUTEX_WAIT_PRIVATE, 0, &interval, nullptr, 0);
    awake_.store(0, std::memory_order_release);
    { const std::lock_guard forks_first(turnstile_); }
    {
      const std::lock_guard lock(mutex_);
      if (state_ == State::closed) return;
    }
    drain();
  }
}

void Session::drain() noexcept {
  const std::lock_guard drain_lock(drain_mutex_);
  Recorder* recorder = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (recorder_ == nullptr) return;
    recorder = recorder_.get();
    try {
      draining_ = buffers_;
    } catch (const std::exception&) {
      return;
    }
  }
  plan_.tick(monotonic_ns());
  recorder->drain(draining_);
  drain_sources(*recorder);
  // Those that the recorder is done with go.
  const std::lock_guard lock(mutex_);
  const auto done = [this](const std::shared_ptr<ThreadBuffer>& buffer) {
    return buffer->retired() && buffer->ring().empty() &&
           std::find(draining_.begin(), draining_.end(), buffer) == draining_.end();
  };
  buffers_.erase(std::remove_if(buffers_.begin(), buffers_.end(), done), buffers_.end());
}

void Session::drain_sources(Recorder& recorder) noexcept {
  std::array<Source*, most_sources> sources{};
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    if (file_wanted_) recorder.want_file();
    sources = sources_;
    count = source_count_;
  }
  database::RunWriter* writer = recorder.writer();
  if (writer == nullptr) return;
  for (std::size_t i = 0; i < count; ++i) sources[i]->drain(*writer, recorder.time());
  windows_.tell(*writer, recorder.time());
  tell_plan(*writer);
  clock_watch_.check(*writer, recorder.time());
}

void Session::tell_plan(database::RunWriter& writer) noexcept try {
  const std::string text = plan_.describe();
  const std::string& problem = settings_->problem;
  const std::string told = problem.empty() ? text : problem + (text.empty() ? "" : "; " + text);
  if (told == plan_told_) return;
  const records::CollectorRecord record{"windows", problem.empty() ? "on" : "failed", told};
  if (writer.add(record)) plan_told_ = told;
} catch (const std::exception&) {
  // No memory: the next round tries again.
}

void Session::drain_now() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::running || pid_ != getpid()) return;
  }
  drain();
}

void Session::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    const bool running = state_ == State::running;
    state_ = State::closed;
    // A child made by a bare system call never saw the fork's handlers: what it holds is the parent's.
    if (!running || pid_ != getpid()) return;
  }
  // Twice: an end may lie in a ring that is read before the ring of its start.
  drain();
  drain();
  const std::lock_guard lock(drain_mutex_);
  if (database::RunWriter* writer = recorder_->writer()) {
    for (std::size_t i = 0; i < source_count_; ++i) sources_[i]->close(*writer, recorder_->time());
    windows_.finish(*writer, recorder_->time(), monotonic_ns());
  }
  recorder_->close();
}

void Session::before_fork() noexcept {
  turnstile_.lock();
  drain_mutex_.lock();
  plan_.lock();
  // The sources first, not under mutex_: one waits for a flush of CUPTI's, and that for a lock which CUPTI holds while
  // it calls a thread of the program back into ensure_running() or new_buffer().
  mutex_.lock();
  for (std::size_t i = 0; i < source_count_; ++i) {
    Source* const source = sources_[i];
    mutex_.unlock();
    source->before_fork();
    mutex_.lock();
  }
  if (recorder_ != nullptr) recorder_->pause_for_fork();
  windows_.lock();
  Names::instance().lock_for_fork();
}

void Session::after_fork_in_parent() noexcept {
  Names::instance().unlock_in_parent();
  windows_.unlock();
  for (std::size_t i = source_count_; i-- > 0;) sources_[i]->after_fork_in_parent();
  if (recorder_ != nullptr) recorder_->resume_after_fork();
  mutex_.unlock();
  plan_.unlock();
  drain_mutex_.unlock();
  turnstile_.unlock();
}

void Session::after_fork_in_child() noexcept {
  // What the rings hold is the parent's to write. Its recorder and buffers are left as they are: other threads may have
  // been in the middle of changing them, and closing the parent's file here could disturb it.
  struct Left {
    Recorder* recorder;
    std::vector<std::shared_ptr<ThreadBuffer>> buffers;
  };
  try {
    // Kept reachable, so that leak checkers of the program stay silent.
    static std::vector<Left>* const left = new std::vector<Left>;
    left->push_back({recorder_.get(), std::move(buffers_)});
  } catch (const std::exception&) {
    // Without memory they are unreachable, which does no harm.
  }
  (void)recorder_.release();
  buffers_.clear();
  draining_.clear();
  this_threads_buffer = nullptr;
  pthread_setspecific(key_, nullptr);
  awake_.store(0, std::memory_order_relaxed);
  start_ns_ = monotonic_ns();
  if (state_ == State::running) state_ = State::idle;
  file_wanted_ = false;
  for (std::size_t i = source_count_; i-- > 0;) sources_[i]->after_fork_in_child();
  const bool planned = plan_.restart(start_ns_);
  if (!plan_.describes_nothing()) recording_.store(planned, std::memory_order_relaxed);
  plan_told_.clear();
  windows_.restart(recording(), start_ns_);
  clock_watch_.restart();
  windows_.unlock();
  Names::instance().unlock_in_child();
  mutex_.unlock();
  plan_.unlock();
  drain_mutex_.unlock();
  turnstile_.unlock();
}

}  // namespace foldperf::collectors
