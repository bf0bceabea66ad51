// Traces of PyTorch's profiler: https://github.com/pytorch/kineto, libkineto/src/output_json.cpp.
#include <algorithm>
#include <array>
#include <charconv>
#include <istream>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/database/merge_ids.hpp"
#include "core/database/reader.hpp"
#include "core/exchange/gzip_stream.hpp"
#include "core/exchange/imported_run.hpp"
#include "core/exchange/run_import.hpp"
#include "core/records/records.hpp"

namespace foldperf::exchange {
namespace {

using database::sqlite::Statement;
using nlohmann::json;

constexpr std::uint64_t most_bytes_of_an_event = 64U << 20U;

struct Event {
  std::string phase, category, name;
  std::optional<std::int64_t> ts_ns, dur_ns, pid, tid;
  std::map<std::string, std::int64_t> numbers;  // of args
  std::string text_name;                        // args.name, of metadata
  std::map<std::string, std::array<std::int64_t, 3>> sizes;
};

// Digits of microseconds to nanoseconds, which a double does not hold; empty where they are no such number.
std::optional<std::int64_t> nanoseconds(std::string_view text) {
  constexpr std::int64_t most = INT64_MAX / 10 - 9;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  std::int64_t value = 0;
  int decimals = -1;
  for (const char c : text) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;  // an exponent
    if (decimals == 3) continue;
    if (decimals >= 0) ++decimals;
    if (value > most) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  for (decimals = std::max(decimals, 0); decimals < 3; ++decimals) {
    if (value > most) return std::nullopt;
    value *= 10;
  }
  return negative ? -value : value;
}

// Either of a trace's base and its times may be since 1970; the difference of two sums must not overflow.
std::int64_t absolute_time(std::int64_t ns) {
  constexpr std::int64_t limit = (std::int64_t{1} << 61) - 1;
  return std::clamp(ns, -limit, limit);
}

// PyTorch's ranges of steps carry their number in their name.
std::optional<std::int64_t> step_number(std::string_view name) {
  constexpr std::string_view prefix = "ProfilerStep#";
  if (!name.starts_with(prefix)) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data() + prefix.size(), end, number);
  return error == std::errc() && at == end ? std::optional(database::bounded(number)) : std::nullopt;
}

// Rows of one run, from the events of its files.
class Rows {
 public:
  explicit Rows(ImportedRun& run)
      : run_(run),
        kernel_(
            run.connection(),
            "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL(start,\"end\",deviceId,contextId,streamId,correlationId,"
            "shortName,demangledName,registersPerThread,staticSharedMemory,graphId,graphNodeId,rank,gridX,gridY,"
            "gridZ,blockX,blockY,blockZ) VALUES(?1,?2,?3,?4,?5,?6,?7,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)"),
        copy_(run.connection(),
              "INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY(start,\"end\",deviceId,contextId,streamId,correlationId,bytes,"
              "copyKind,rank) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"),
        set_(run.connection(),
             "INSERT INTO CUPTI_ACTIVITY_KIND_MEMSET(start,\"end\",deviceId,contextId,streamId,correlationId,bytes,"
             "rank) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"),
        call_(run.connection(),
              "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME(start,\"end\",globalTid,correlationId,nameId,rank) "
              "VALUES(?1,?2,?3,?4,?5,?6)"),
        range_(run.connection(),
               "INSERT INTO NVTX_EVENTS(start,\"end\",eventType,textId,globalTid,domainId,rank,int64Value) "
               "VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"),
        thread_(run.connection(), "INSERT INTO ThreadNames(rank,globalTid,nameId) VALUES(?1,?2,?3)") {}

  void begin_file(const std::string& path) {
    path_ = path;
    base_ns_ = 0;
    rank_.reset();
    world_size_.reset();
    ranks_of_pid_.clear();
  }
  void base(std::int64_t ns) { base_ns_ = absolute_time(ns); }
  void distributed(const std::string& key, std::int64_t value) {
    if (key == "rank") rank_ = value;
    if (key == "world_size") world_size_ = value;
  }

  void add(const Event& event) {
    if (event.phase == "M") return metadata(event);
    const bool complete = event.phase == "X";
    if (!complete && event.phase != "i" && event.phase != "I") {
      // Flows are in correlationId, and asynchronous events and counters have no table here.
      if (event.phase != "s" && event.phase != "f" && event.phase != "t") drop(event);
      return;
    }
    if (!event.pid || !event.tid) return drop(event);  // "Spans", "Traces": of the profiler itself
    if (!event.ts_ns || (complete && !event.dur_ns)) {
      throw InputError(path_, "event \"" + event.name + "\" has no ts or dur in microseconds");
    }
    Place place;
    place.source = source_of(*event.pid);
    place.start = time(*event.ts_ns);
    place.end = database::bounded(place.start + std::max<std::int64_t>(0, database::bounded(event.dur_ns.value_or(0))));
    const std::string& category = event.category;
    if (complete && category == "kernel") {
      kernel(event, place);
    } else if (complete && category == "gpu_memcpy") {
      copy(event, place);
    } else if (complete && category == "gpu_memset") {
      gpu(set_, event, place);
      number(set_, 7, event, "bytes");
      insert(set_, 8, place);
    } else if (complete && (category == "cuda_runtime" || category == "cuda_driver")) {
      call(event, place);
    } else if (category == "cpu_op" || category == "user_annotation" || category == "python_function" ||
               category == "nvtx" || category == "cpu_instant_event" || category == "Operator") {
      range(event, place, complete);
    } else {
      drop(event);
    }
  }

  void end_file() {
    for (auto& [key, source] : sources_) {
      if (key.first == path_ && !source.named_rank) source.wanted = rank_, source.world_size = world_size_;
    }
  }

  // Ranks are known when all files are read; until then a source has a number below all ranks.
  ImportReport finish(const std::string& name) {
    if (sources_.empty()) throw InputError(path_, "holds no event of a kernel, a call, an operator or a range");
    std::map<int, int> rank_of;
    for (const bool named : {true, false}) {
      for (auto& [key, source] : sources_) {
        if (source.wanted.has_value() == named) rank_of[source.number] = run_.take_rank(source.wanted);
      }
    }
    auto& db = run_.connection();
    db.exec("CREATE TEMP TABLE rank_of(number INTEGER PRIMARY KEY,rank INTEGER)");
    for (const auto& [key, source] : sources_) {
      const int rank = rank_of[source.number];
      db.exec("INSERT INTO temp.rank_of VALUES(" + std::to_string(placeholder(source.number)) + "," +
              std::to_string(rank) + ")");
      run_.add_rank(rank, source.pid, start_utc_ns_, key.first, source.world_size);
      for (const auto& [kind, count] : source.dropped) run_.add_dropped(rank, kind, count);
    }
    for (const char* table : {"CUPTI_ACTIVITY_KIND_KERNEL", "CUPTI_ACTIVITY_KIND_MEMCPY", "CUPTI_ACTIVITY_KIND_MEMSET",
                              "CUPTI_ACTIVITY_KIND_RUNTIME", "NVTX_EVENTS", "ThreadNames"}) {
      const std::string shift =
          table == std::string_view("ThreadNames") || earliest_ >= 0
              ? ""
              : ",start=start-(" + std::to_string(earliest_) + "),\"end\"=\"end\"-(" + std::to_string(earliest_) + ")";
      db.exec(std::string("UPDATE ") + table + " SET rank=r.rank" + shift +
              " FROM temp.rank_of r WHERE r.number=" + table + ".rank");
    }
    db.exec("INSERT INTO NvtxDomains(rank,domainId,nameId) SELECT r.rank,d.domainId," +
            std::string("d.nameId FROM temp.rank_of r,(SELECT 1 AS domainId,") +
            std::to_string(run_.string_id("PyTorch operators")) + " AS nameId UNION ALL SELECT 2," +
            std::to_string(run_.string_id("Python functions")) + ") d");
    report_.ranks = static_cast<int>(sources_.size());
    run_.finish(name, start_utc_ns_ + std::min<std::int64_t>(0, earliest_));
    return report_;
  }

 private:
  struct Source {
    int number = 0;
    std::int64_t pid = 0;
    bool named_rank = false;
    std::optional<std::int64_t> wanted, world_size;
    std::map<std::string, std::int64_t> dropped;
    std::unordered_map<std::int64_t, std::int64_t> graph_nodes;
  };
  struct Place {
    Source* source = nullptr;
    std::int64_t start = 0, end = 0;
  };
  static std::int64_t placeholder(int number) { return -1000 - number; }

  // Rows of a GPU have its number for a pid in PyTorch's traces: a file is one process, unless it names its ranks.
  Source& source_at(std::int64_t key, std::int64_t pid) {
    auto [at, is_new] = sources_.try_emplace({path_, key});
    if (sources_.size() > 100'000) throw InputError(path_, "names more than 100,000 ranks");
    if (is_new) at->second.number = static_cast<int>(sources_.size()) - 1, at->second.pid = pid;
    return at->second;
  }
  Source* source_of(std::int64_t pid) {
    const auto named = ranks_of_pid_.find(pid);
    if (named != ranks_of_pid_.end()) return &source_at(named->second, pid);
    Source& source = source_at(-1, pid);
    return &source;
  }
  void drop(const Event& event) {
    ++report_.not_taken;
    Source* source = source_of(event.pid.value_or(0));
    const std::string kind = event.category.empty() ? "phase " + event.phase : event.category;
    if (source->dropped.size() < 100 || source->dropped.contains(kind)) ++source->dropped[kind];
  }

  void metadata(const Event& event) {
    if (!event.pid) return;
    const auto rank = event.numbers.find("rank");
    if (event.name == "process_name" && rank != event.numbers.end() && rank->second >= 0) {
      ranks_of_pid_[*event.pid] = rank->second;
      Source& source = source_at(rank->second, *event.pid);
      source.named_rank = true;
      source.wanted = rank->second;
      const auto world = event.numbers.find("world_size");
      if (world != event.numbers.end()) source.world_size = world->second;
    }
    if (event.name == "thread_name" && event.tid && *event.tid >= 0 && *event.tid <= 0xFFFFFF && *event.pid > 0) {
      thread_.bind(1, placeholder(source_of(*event.pid)->number));
      thread_.bind(2, records::global_tid(*event.pid, *event.tid));
      thread_.bind(3, run_.string_id(event.text_name));
      thread_.run();
    }
  }

  std::int64_t time(std::int64_t ts_ns) {
    const std::int64_t absolute = absolute_time(ts_ns) + base_ns_;
    if (!started_) start_utc_ns_ = absolute, started_ = true;
    const std::int64_t at = database::bounded(absolute - start_utc_ns_);
    earliest_ = std::min(earliest_, at);
    return at;
  }

  static void number(Statement& row, int index, const Event& event, const std::string& name) {
    const auto found = event.numbers.find(name);
    row.bind_optional(index, found == event.numbers.end() ? std::nullopt : std::optional(found->second));
  }
  // As at a merge: ids are unique over the run.
  static void unique_id(Statement& row, int index, const Event& event, const char* name, const Place& place) {
    const auto found = event.numbers.find(name);
    if (found == event.numbers.end() || found->second < 0 || found->second >= database::MergeIds::ids_per_file) {
      return row.bind_null(index);
    }
    row.bind(index, found->second + place.source->number * database::MergeIds::ids_per_file);
  }
  // Numbers of nodes hold that of their graph in their upper half: they get small ones, as our collectors give them.
  void graph(const Event& event, const Place& place) {
    kernel_.bind_null(10);
    kernel_.bind_null(11);
    const auto node = event.numbers.find("graph node id");
    if (node == event.numbers.end() || node->second == 0) return;  // in no graph
    unique_id(kernel_, 10, event, "graph id", place);
    auto& nodes = place.source->graph_nodes;
    const auto number = nodes.try_emplace(node->second, static_cast<std::int64_t>(nodes.size()) + 1).first->second;
    kernel_.bind(11, number + place.source->number * database::MergeIds::ids_per_file);
  }
  static void gpu(Statement& row, const Event& event, const Place& place) {
    row.bind(1, place.start);
    row.bind(2, place.end);
    number(row, 3, event, "device");
    number(row, 4, event, "context");
    number(row, 5, event, "stream");
    unique_id(row, 6, event, "correlation", place);
  }
  void insert(Statement& row, int rank_index, const Place& place) {
    row.bind(rank_index, placeholder(place.source->number));
    row.run();
    ++report_.events;
  }

  void kernel(const Event& event, const Place& place) {
    gpu(kernel_, event, place);
    kernel_.bind(7, run_.string_id(event.name));
    number(kernel_, 8, event, "registers per thread");
    number(kernel_, 9, event, "shared memory");
    graph(event, place);
    int index = 13;
    for (const char* name : {"grid", "block"}) {
      const auto size = event.sizes.find(name);
      for (std::size_t i = 0; i < 3; ++i, ++index) {
        kernel_.bind_optional(index, size == event.sizes.end() ? std::nullopt : std::optional(size->second[i]));
      }
    }
    insert(kernel_, 12, place);
  }
  void copy(const Event& event, const Place& place) {
    gpu(copy_, event, place);
    number(copy_, 7, event, "bytes");
    static const std::pair<const char*, std::int64_t> kinds[] = {
        {"HtoD", 1}, {"DtoH", 2}, {"DtoD", 8}, {"HtoH", 9}, {"PtoP", 10}};
    copy_.bind_null(8);
    for (const auto& [name, kind] : kinds) {
      if (event.name.find(name) != std::string::npos) copy_.bind(8, kind);
    }
    insert(copy_, 9, place);
  }
  void call(const Event& event, const Place& place) {
    call_.bind(1, place.start);
    call_.bind(2, place.end);
    call_.bind(3, records::global_tid(*event.pid, *event.tid));
    unique_id(call_, 4, event, "correlation", place);
    call_.bind(5, run_.string_id(event.name));
    insert(call_, 6, place);
  }
  void range(const Event& event, const Place& place, bool complete) {
    range_.bind(1, place.start);
    complete ? range_.bind(2, place.end) : range_.bind_null(2);
    range_.bind(3, std::int64_t{complete ? 59 : 34});
    range_.bind(4, run_.string_id(event.name));
    range_.bind(5, records::global_tid(*event.pid, *event.tid));
    const bool python = event.category == "python_function";
    range_.bind(6, std::int64_t{python ? 2 : event.category == "cpu_op" || event.category == "Operator" ? 1 : 0});
    range_.bind_optional(8, step_number(event.name));
    insert(range_, 7, place);
  }

  ImportedRun& run_;
  Statement kernel_, copy_, set_, call_, range_, thread_;
  ImportReport report_;
  std::string path_;
  std::int64_t base_ns_ = 0, start_utc_ns_ = 0, earliest_ = 0;
  bool started_ = false;
  std::optional<std::int64_t> rank_, world_size_;
  std::map<std::int64_t, std::int64_t> ranks_of_pid_;
  std::map<std::pair<std::string, std::int64_t>, Source> sources_;
};

// nlohmann's SAX events to Events. Depth 1: the trace; 2: its list of events, or distributedInfo; 3: an event; 4: args;
// 5: lists in args. A trace may also be the list alone.
class Handler : public json::json_sax_t {
 public:
  Handler(const std::string& path, GzipStream& stream, Rows& rows) : path_(path), stream_(stream), rows_(rows) {
    stream_.allow(most_bytes_of_an_event);
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t value) override { return integer(value); }
  bool number_unsigned(number_unsigned_t value) override {
    return integer(value > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t, const string_t& text) override {
    if (in_event() && depth_ == 3) microseconds(text);
    return true;
  }
  bool string(string_t& text) override {
    if (in_event() && depth_ == 3) {
      if (key_ == "ph") event_.phase = text;
      if (key_ == "cat") event_.category = text;
      if (key_ == "name") event_.name = text;
    } else if (in_event() && depth_ == 4 && in_args_ && key_ == "name") {
      event_.text_name = text;
    }
    return true;
  }
  bool binary(binary_t&) override { return true; }
  bool key(string_t& name) override {
    key_ = name;
    if (depth_ == 1) section_ = name;
    if (in_event() && depth_ == 3) in_args_ = name == "args";
    if (in_args_ && depth_ == 4) list_ = 0;
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == 0) is_trace_ = true;
    ++depth_;
    if (in_event() && depth_ == 3) event_ = Event{}, in_args_ = false;
    return true;
  }
  bool end_object() override {
    if (in_event() && depth_ == 3 && !event_.phase.empty()) rows_.add(event_);
    --depth_;
    if (depth_ <= 2) stream_.allow(most_bytes_of_an_event);
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ == 0) depth_ = 1, section_ = "traceEvents", is_trace_ = true;
    if (depth_ == 1 && section_ == "traceEvents") list_of_events_ = seen_ = true;
    ++depth_;
    list_ = 0;
    return true;
  }
  bool end_array() override {
    --depth_;
    if (depth_ == 1) list_of_events_ = false;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const json::exception& error) override {
    std::string reason = error.what();
    if (const auto colon = reason.find(": "); colon != std::string::npos) reason.erase(0, colon + 2);
    const char* const hint = position <= 1
                                 ? "; give a trace of PyTorch's profiler (.json or .json.gz), or what nsys export "
                                   "--type sqlite writes"
                                 : "; is it damaged or cut off? copy or export it again";
    throw InputError(path_, "at byte " + std::to_string(position) + ": is no JSON: " + reason + hint);
  }
  void check() const {
    if (!is_trace_ || !seen_) throw InputError(path_, "is JSON, but no trace: it has no list traceEvents");
  }

 private:
  [[nodiscard]] bool in_event() const { return list_of_events_; }
  void microseconds(const std::string& text) {
    if (key_ == "ts") event_.ts_ns = nanoseconds(text);
    if (key_ == "dur") event_.dur_ns = nanoseconds(text);
  }
  bool integer(std::int64_t value) {
    if (depth_ == 1 && key_ == "baseTimeNanoseconds") rows_.base(value);
    if (depth_ == 2 && section_ == "distributedInfo") rows_.distributed(key_, value);
    if (!in_event()) return true;
    if (depth_ == 3) {
      if (key_ == "pid") event_.pid = value;
      if (key_ == "tid") event_.tid = value;
      microseconds(std::to_string(value));
    } else if (depth_ == 4 && in_args_) {
      if (event_.numbers.size() < 64) event_.numbers[key_] = value;
    } else if (depth_ == 5 && in_args_ && (key_ == "grid" || key_ == "block") && list_ < 3) {
      event_.sizes[key_][list_++] = value;
    }
    return true;
  }

  const std::string& path_;
  GzipStream& stream_;
  Rows& rows_;
  Event event_;
  std::string key_, section_;
  std::size_t depth_ = 0, list_ = 0;
  bool is_trace_ = false, seen_ = false, list_of_events_ = false, in_args_ = false;
};

}  // namespace

ImportReport import_traces(const std::vector<std::string>& files, const std::string& output) {
  ImportedRun run(output);
  ImportReport report;
  {
    Rows rows(run);
    for (const std::string& path : files) {
      GzipStream stream(path);
      std::istream text(&stream);
      // Else the stream swallows what the buffer throws.
      text.exceptions(std::ios::badbit);
      rows.begin_file(path);
      Handler handler(path, stream, rows);
      json::sax_parse(text, &handler);
      handler.check();
      rows.end_file();
    }
    std::string name = files.front().substr(files.front().rfind('/') + 1);
    report = rows.finish(name.substr(0, name.find('.')));
  }
  return report;
}

}  // namespace foldperf::exchange
