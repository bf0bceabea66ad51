#include "collectors/session/recorder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <exception>

#include "collectors/clock.hpp"
#include "collectors/names/text.hpp"
#include "collectors/session/file_move.hpp"

namespace foldperf::collectors {
namespace {

constexpr std::int64_t retry_interval_ns = 1'000'000'000;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// A process that replaced its program by exec() has the same rank, host and pid: its second file gets another name.
std::string unused_path(const std::string& folder, const std::string& file_name) {
  const std::size_t dot = file_name.rfind('.');
  std::string path = folder + "/" + file_name;
  struct stat status {};
  for (int n = 2; stat(path.c_str(), &status) == 0; ++n) {
    path = folder + "/" + file_name.substr(0, dot) + "-" + std::to_string(n) + file_name.substr(dot);
  }
  return path;
}

}  // namespace

Recorder::Recorder(const Settings& settings, RecordingWindows& windows, std::int64_t start_ns,
                   std::int64_t start_utc_ns)
    : settings_(settings),
      windows_(windows),
      start_ns_(start_ns),
      start_utc_ns_(start_utc_ns),
      matcher_(
          start_ns, [this](const records::NvtxRecord& record) { write(record); },
          [this](RangeMatcher::ThreadState& thread, const EventHeader& event) {
            return writer_ != nullptr ? graph_nodes_.add(*writer_, thread, event, event.time_ns - start_ns_) : 0;
          }) {}

// What a window leaves out. A workload of a captured graph describes kernels of every replay, and so do the ranges that
// were open meanwhile, also those of the thread for which another, autograd's say, captured.
bool Recorder::to_be_kept(const records::NvtxRecord& record) const {
  if (record.graph_node_id.has_value() || windows_.holds(record.start_ns + start_ns_)) return true;
  return record.event_type == records::NvtxEventType::push_pop && windows_.node_made_since(record.start_ns + start_ns_);
}

bool Recorder::open_file() {
  if (writer_ != nullptr) return true;
  const std::int64_t now = monotonic_ns();
  if (now < next_try_ns_) return false;
  try {
    database::ProcessInfo process = database::this_process();
    process.start_utc_ns = start_utc_ns_;
    process.level = name_of(settings_.level);
    process.graph_mode = name_of(settings_.graphs);
    const std::string& local = settings_.local_folder;
    const bool stays_local = !local.empty() && access(local.c_str(), W_OK | X_OK) == 0;
    const std::string name = database::process_file_name(process);
    const std::string path = unused_path(stays_local ? local : settings_.output_folder, name);
    const std::string final_path = stays_local ? unused_path(settings_.output_folder, name) : std::string();
    database::WriterOptions options;
    options.keep = std::chrono::nanoseconds(settings_.plan.last_ns.value_or(0));
    auto writer = std::make_unique<database::RunWriter>(
        path, process, options, [this](const database::RunWriter::Sink& sink) { visit_open_ranges(sink); });
    records::CollectorRecord collector;
    collector.name = "nvtx";
    collector.state = settings_.nvtx ? "on" : "off";
    const std::string detail =
        "ranges and marks by NVTX injection" +
        (settings_.run_id.empty() ? std::string() : ", run " + valid_utf8(settings_.run_id)) +
        (local.empty() || stays_local ? std::string()
                                      : "; the local folder " + valid_utf8(local) + " cannot be written here");
    collector.detail = detail;
    writer->add(collector);
    writer->count_dropped(records::Kind::nvtx_event, "no file could be created at first", lost_without_file_);
    writer_ = std::move(writer);
    final_path_ = final_path;
    return true;
  } catch (const std::exception&) {
    next_try_ns_ = now + retry_interval_ns;
    return false;
  }
}

void Recorder::write(const records::NvtxRecord& record) {
  if (writer_ != nullptr) {
    if (to_be_kept(record)) writer_->add(record);
  } else {
    ++lost_without_file_;
  }
}

void Recorder::read_names() {
  const Names::Cursor before = names_read_;
  const Names::News news = Names::instance().since(names_read_);
  for (const RegisteredString& string : news.strings) strings_.push_back(valid_utf8(string.text));
  if (writer_ == nullptr) {
    // The others are read again when there is a file.
    const std::size_t strings_read = names_read_.strings;
    names_read_ = before;
    names_read_.strings = strings_read;
    return;
  }
  for (const Domain& domain : news.domains) {
    const std::string name = valid_utf8(domain.name);
    writer_->add(records::NvtxDomainRecord{domain.index, name});
  }
  for (const CategoryName& category : news.categories) {
    const std::string name = valid_utf8(category.name);
    writer_->add(records::NvtxCategoryRecord{category.domain, category.category, name});
  }
  const auto pid = static_cast<std::int64_t>(getpid());
  for (const ThreadName& thread : news.threads) {
    const std::string name = valid_utf8(thread.name);
    writer_->add(records::ThreadNameRecord{records::global_tid(pid, thread.thread_id), name, 0});
  }
  for (const ResourceName& resource : news.resources) {
    const std::string name = valid_utf8(resource.name);
    writer_->add(records::NvtxResourceRecord{resource.domain, resource.identifier_type,
                                             static_cast<std::int64_t>(resource.identifier), name});
  }
}

std::string_view Recorder::text_of(const EventView& event) {
  if (event.header->text_kind == TextKind::none) return {};
  if (event.header->text_kind == TextKind::inlined) {
    if (is_ascii(event.text)) return event.text;
    scratch_ = valid_utf8(event.text);
    return scratch_;
  }
  if (event.header->text >= strings_.size()) read_names();
  return event.header->text < strings_.size() ? std::string_view(strings_[event.header->text]) : std::string_view();
}

void Recorder::count_dropped(const ThreadBuffer& buffer, ThreadRecord& thread) {
  for (std::size_t i = 0; i < event_kinds; ++i) {
    const auto kind = static_cast<EventKind>(i);
    const std::uint64_t count = buffer.dropped(kind);
    const std::uint64_t fresh = count - thread.dropped[i];
    if (fresh == 0 || writer_ == nullptr) continue;
    const bool is_end = kind == EventKind::pop || kind == EventKind::end;
    const records::Kind record = kind == EventKind::call         ? records::Kind::range_stack
                                 : kind >= EventKind::graph_node ? records::Kind::graph_node
                                                                 : records::Kind::nvtx_event;
    writer_->count_dropped(
        record, is_end ? "the end of a range did not fit into the thread's buffer" : "the thread's buffer was full",
        fresh);
    thread.dropped[i] = count;
  }
  if (const std::uint64_t count = buffer.pushes_too_deep(); count != thread.pushes_too_deep && writer_ != nullptr) {
    writer_->count_dropped(records::Kind::nvtx_event, "too many ranges were open in the thread (a pop is missing?)",
                           count - thread.pushes_too_deep);
    thread.pushes_too_deep = count;
  }
}

void Recorder::drain_one(ThreadBuffer& buffer) {
  ThreadRecord& thread = threads_[&buffer];
  if (thread.state.global_tid == 0) thread.state.global_tid = records::global_tid(getpid(), buffer.thread_id());
  // Read before the ring: a thread that is retired now writes no more.
  const bool retired = buffer.retired();
  if (!buffer.ring().empty() && open_file()) read_names();
  buffer.ring().drain([&](const EventView& event) {
    // The thread may have made a domain since: the file must know it before what happens in it, or a fact of it is
    // taken for any other mark.
    if (writer_ != nullptr && event.header->domain > names_read_.domains) read_names();
    matcher_.add(thread.state, event, text_of(event));
  });
  count_dropped(buffer, thread);
  if (retired) {
    if (writer_ != nullptr) graph_nodes_.flush(*writer_, thread.state);
    matcher_.abandon(thread.state);
    threads_.erase(&buffer);
  }
}

void Recorder::drain(std::vector<std::shared_ptr<ThreadBuffer>>& buffers) noexcept {
  const auto drained = [this](const std::shared_ptr<ThreadBuffer>& buffer) {
    // One buffer a lock, so that a commit need not wait for all.
    const std::lock_guard lock(mutex_);
    try {
      drain_one(*buffer);
    } catch (const std::exception&) {
      ++lost_without_file_;  // out of memory: this event is lost, the rest of the ring comes next time
    }
    return threads_.find(buffer.get()) == threads_.end();
  };
  buffers.erase(std::remove_if(buffers.begin(), buffers.end(), drained), buffers.end());
  const std::lock_guard lock(mutex_);
  matcher_.end_round();
  if (writer_ == nullptr) return;
  graph_nodes_.end_round(*writer_);
  try {
    read_names();
  } catch (const std::exception&) {
    // Out of memory: the next round tries again.
  }
  const std::uint64_t unmatched = matcher_.ends_without_start() - ends_without_start_reported_;
  if (unmatched != 0) {
    writer_->count_dropped(records::Kind::nvtx_event, "the end of a range whose start is unknown", unmatched);
    ends_without_start_reported_ += unmatched;
  }
}

void Recorder::want_file() noexcept {
  const std::lock_guard lock(mutex_);
  open_file();
}

void Recorder::visit_open_ranges(const database::RunWriter::Sink& sink) {
  const std::lock_guard lock(mutex_);
  const auto kept = [&](const records::NvtxRecord& record) {
    if (to_be_kept(record)) sink(record);
  };
  for (const auto& [buffer, thread] : threads_) RangeMatcher::for_each_open(thread.state, kept);
  matcher_.for_each_open_start_end(kept);
}

void Recorder::close() noexcept {
  if (writer_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    const auto keep = [this](const records::NvtxRecord& record) { write(record); };
    for (auto& [buffer, thread] : threads_) {
      graph_nodes_.flush(*writer_, thread.state);
      matcher_.abandon(thread.state);
    }
    matcher_.for_each_open_start_end(keep);
  }
  // Not under the lock: the writer's thread may be asking for the open ranges.
  writer_->close();
  // What could not be brought into one file, or has no room there, stays where it is.
  const std::string& path = writer_->path();
  if (!final_path_.empty() && access((path + "-wal").c_str(), F_OK) != 0) move_file(path, final_path_);
}

void Recorder::pause_for_fork() noexcept {
  // The writer first: its thread may be waiting for the lock.
  if (writer_ != nullptr) writer_->pause();
  mutex_.lock();
}

void Recorder::resume_after_fork() noexcept {
  mutex_.unlock();
  if (writer_ != nullptr) writer_->resume();
}

}  // namespace foldperf::collectors
