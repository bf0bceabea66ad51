#include "core/analysis/run_summaries.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/analysis/graph_stacks.hpp"
#include "core/analysis/kernel_summary.hpp"
#include "core/analysis/late_kernels.hpp"
#include "core/analysis/rank_launches.hpp"
#include "core/analysis/rank_timeline.hpp"
#include "core/database/reader.hpp"
#include "core/database/schema.hpp"
#include "core/database/sqlite.hpp"

namespace foldperf::analysis {
namespace {

using database::bounded;
using database::sqlite::Connection;
using database::sqlite::Statement;

// In which step something was done. A step that the GPU's own pattern tells is made of times on the GPU, others of
// times of the program, which launches ahead of the GPU.
class StepTimes {
 public:
  StepTimes(Connection& run, std::int64_t rank) {
    Statement steps(run, "SELECT step,start,\"end\",source='pattern' FROM step_ranges WHERE rank=?1 ORDER BY start");
    steps.bind(1, rank);
    while (steps.step()) {
      steps_.push_back({steps.integer(0), steps.integer(1), steps.integer(2)});
      on_gpu_ = steps.integer(3) != 0;
    }
  }

  [[nodiscard]] std::optional<std::int64_t> of(const Launch* launch, std::int64_t start) const {
    const std::int64_t time = launch == nullptr || on_gpu_ ? start : launch->start;
    const auto beyond = std::upper_bound(steps_.begin(), steps_.end(), time,
                                         [](std::int64_t wanted, const Step& step) { return wanted < step.start; });
    if (beyond == steps_.begin() || (beyond - 1)->end <= time) return std::nullopt;
    return (beyond - 1)->number;
  }

 private:
  struct Step {
    std::int64_t number, start, end;
  };
  std::vector<Step> steps_;
  bool on_gpu_ = false;
};

// No merge gives higher ids; a damaged file may hold any.
constexpr std::int64_t highest_id = std::int64_t{1} << 50;

// Ids of texts that events carry themselves.
class Texts {
 public:
  explicit Texts(Connection& run) : run_(run) {}

  std::int64_t id_of(std::string_view text) {
    if (!loaded_) load();
    const auto [found, is_new] = ids_.try_emplace(std::string(text), next_id_);
    if (is_new) {
      Statement add(run_, "INSERT INTO StringIds(id,value) VALUES(?1,?2)");
      add.bind(1, next_id_++);
      add.bind(2, text);
      add.run();
    }
    return found->second;
  }

 private:
  void load() {
    loaded_ = true;
    Statement texts(run_, "SELECT id,value FROM StringIds");
    while (texts.step()) {
      ids_.try_emplace(std::string(texts.text(1)), texts.integer(0));
      if (texts.integer(0) < highest_id) next_id_ = std::max(next_id_, texts.integer(0) + 1);
    }
  }
  Connection& run_;
  std::unordered_map<std::string, std::int64_t> ids_;
  std::int64_t next_id_ = 1;
  bool loaded_ = false;
};

void bind_optional_id(Statement& statement, int index, std::int64_t id) {
  id == 0 ? statement.bind_null(index) : statement.bind(index, id);
}

class RunSummaries {
 public:
  explicit RunSummaries(Connection& run)
      : run_(run),
        graph_stacks_(run),
        texts_(run),
        next_stack_(run.query_int("SELECT COALESCE(max(id),0)+1 FROM range_stacks WHERE id BETWEEN 0 AND " +
                                  std::to_string(highest_id))),
        run_end_(run.query_int("SELECT COALESCE((SELECT end_utc_ns-start_utc_ns FROM runs),0)")),
        kernel_rows_(run),
        add_track_(run,
                   "INSERT INTO timeline_tracks(track,rank,kind,globalPid,deviceId,contextId,streamId,globalTid,depth,"
                   "rows,start,\"end\",busy_ns,finest_level,coarsest_level) "
                   "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)"),
        add_bucket_(run,
                    "INSERT INTO timeline_lod(track,level,start,\"end\",busy_ns,rows,longestTable,longestRow) "
                    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"),
        add_stack_(run, "INSERT INTO range_stacks(rank,id,parent,textId,domainId,category) VALUES(?1,?2,?3,?4,?5,?6)") {
    load_known_stacks();
    find_files();
  }

  // One kind of track after the other: only the launches stay until the kernels have found theirs.
  void add_rank(std::int64_t rank) {
    RankLaunches launches;
    {
      RankTimeline timeline;
      load_launches(rank, timeline, launches);
      write_tracks(rank, timeline);
    }
    {
      RankTimeline timeline;
      std::map<std::int64_t, std::vector<OpenRange>> ranges;
      load_ranges(rank, timeline, ranges, !launches.empty());
      write_tracks(rank, timeline);
      StackNumbers numbers(known_stacks_[rank], next_stack_);
      launches.find_stacks(ranges, numbers);
      next_stack_ = numbers.next_id();
      write_stacks(rank, numbers.added());
    }
    RankTimeline timeline;
    load_kernels(rank, timeline, launches);
    load_stream_rows(rank, timeline, RowTable::memcpy, "CUPTI_ACTIVITY_KIND_MEMCPY");
    load_stream_rows(rank, timeline, RowTable::memset, "CUPTI_ACTIVITY_KIND_MEMSET");
    load_stream_rows(rank, timeline, RowTable::graph_trace, "CUPTI_ACTIVITY_KIND_GRAPH_TRACE");
    write_tracks(rank, timeline);
  }

 private:
  // Those with a payload belong to graphs and collectives: launches are numbered without.
  void load_known_stacks() {
    Statement stacks(run_,
                     "SELECT rank,id,COALESCE(parent,0),textId,domainId,category FROM range_stacks "
                     "WHERE int64Value IS NULL");
    while (stacks.step()) {
      known_stacks_[stacks.integer(0)].push_back(
          {stacks.integer(1), stacks.integer(2), stacks.integer(3), stacks.integer(4), stacks.integer(5)});
    }
  }

  // The calls of a file follow one another in the index of correlationId, whose upper bits are the file's.
  void find_files() {
    Statement next(run_,
                   "SELECT correlationId,rank FROM CUPTI_ACTIVITY_KIND_RUNTIME WHERE correlationId>=?1 "
                   "ORDER BY correlationId LIMIT 1");
    for (std::int64_t file = 0;;) {
      next.bind(1, file << correlation_bits);
      const std::int64_t next_file = next.step() ? next.integer(0) >> correlation_bits : -1;
      if (next_file >= file) files_[next.integer(1)].push_back(next_file);
      next.reset();
      // A text instead of a number comes behind all numbers, and reads as 0.
      if (next_file < file || next_file + 1 >= most_files) return;
      file = next_file + 1;
    }
  }

  void load_launches(std::int64_t rank, RankTimeline& timeline, RankLaunches& launches) {
    Statement calls(run_,
                    "SELECT correlationId,start,\"end\",globalTid,rowid FROM CUPTI_ACTIVITY_KIND_RUNTIME "
                    "WHERE correlationId>=?1 AND correlationId<?2 ORDER BY correlationId");
    for (const std::int64_t file : files_[rank]) {
      calls.bind(1, file << correlation_bits);
      calls.bind(2, (file + 1) << correlation_bits);
      while (calls.step()) {
        launches.add(calls.integer(0), bounded(calls.integer(1)), calls.integer(3));
        TrackKey key;
        key.kind = TrackKind::api;
        key.global_tid = calls.integer(3);
        timeline.add(key, calls.integer(1), calls.integer(2), packed_id(RowTable::api, calls.integer(4)));
      }
      calls.reset();
    }
  }

  void load_ranges(std::int64_t rank, RankTimeline& timeline, std::map<std::int64_t, std::vector<OpenRange>>& ranges,
                   bool with_stacks) {
    constexpr std::int64_t push_pop = 59;
    Statement rows(run_,
                   "SELECT rowid,start,ifnull(\"end\",9223372036854775807),eventType,globalTid,textId,text,domainId,"
                   "category FROM NVTX_EVENTS WHERE rank=?1 AND eventType IN (59,60) "
                   "ORDER BY start,ifnull(\"end\",9223372036854775807) DESC");
    rows.bind(1, rank);
    while (rows.step()) {
      const std::int64_t thread = rows.integer(4);
      const std::int64_t start = bounded(rows.integer(1));
      const bool closed = rows.integer(2) != std::numeric_limits<std::int64_t>::max();
      const std::int64_t end = closed ? bounded(rows.integer(2)) : std::max(start, bounded(run_end_));
      timeline.add_range(thread, start, end, packed_id(RowTable::nvtx, rows.integer(0)));
      if (!with_stacks || rows.integer(3) != push_pop) continue;
      const std::int64_t text = rows.is_null(5) ? texts_.id_of(rows.text(6)) : rows.integer(5);
      ranges[thread].push_back(
          {start, closed ? end : std::numeric_limits<std::int64_t>::max(), text, rows.integer(7), rows.integer(8)});
    }
  }

  void load_kernels(std::int64_t rank, RankTimeline& timeline, const RankLaunches& launches) {
    const StepTimes steps(run_, rank);
    KernelSummary summary;
    LateKernels late(run_, rank);
    std::set<std::optional<std::int64_t>> written;
    Statement rows(run_,
                   "SELECT rowid,start,\"end\",globalPid,deviceId,contextId,streamId,COALESCE(shortName,demangledName),"
                   "correlationId,graphNodeId FROM CUPTI_ACTIVITY_KIND_KERNEL WHERE rank=?1 ORDER BY start");
    rows.bind(1, rank);
    while (rows.step()) {
      add_stream_row(timeline, rows, RowTable::kernel);
      const std::int64_t start = bounded(rows.integer(1));
      const Launch* launch = rows.is_null(8) ? nullptr : launches.find(rows.integer(8));
      KernelGroup group;
      group.step = steps.of(launch, start);
      group.name = rows.integer(7);
      if (!rows.is_null(9)) {
        group.stack = graph_stacks_.of(rows.integer(9));
      } else if (launch != nullptr) {
        group.stack = launch->stack;
      }
      summary.add(group, std::max(start, bounded(rows.integer(2))) - start);
      if (const auto past = summary.take_past_steps(); !past.empty()) write_kernels(rank, past, written, late);
    }
    write_kernels(rank, summary.take_all(), written, late);
    late.write();
  }

  void write_kernels(std::int64_t rank, const std::vector<KernelSum>& sums,
                     std::set<std::optional<std::int64_t>>& written, LateKernels& late) {
    std::set<std::optional<std::int64_t>> steps;
    for (const KernelSum& sum : sums) {
      steps.insert(sum.group.step);
      if (written.contains(sum.group.step)) {
        late.add(sum);
      } else {
        kernel_rows_.add(rank, sum);
      }
    }
    written.merge(steps);
  }

  void load_stream_rows(std::int64_t rank, RankTimeline& timeline, RowTable table, const std::string& name) {
    Statement rows(run_, "SELECT rowid,start,\"end\",globalPid,deviceId,contextId,streamId FROM " + name +
                             " WHERE rank=?1 ORDER BY start");
    rows.bind(1, rank);
    while (rows.step()) add_stream_row(timeline, rows, table);
  }

  static void add_stream_row(RankTimeline& timeline, const Statement& rows, RowTable table) {
    TrackKey key;
    key.global_pid = rows.optional_integer(3);
    key.device = rows.optional_integer(4);
    key.context = rows.optional_integer(5);
    key.stream = rows.optional_integer(6);
    timeline.add(key, rows.integer(1), rows.integer(2), packed_id(table, rows.integer(0)));
  }

  void write_stacks(std::int64_t rank, const std::vector<StackNode>& stacks) {
    for (const StackNode& stack : stacks) {
      add_stack_.bind(1, rank);
      add_stack_.bind(2, stack.id);
      bind_optional_id(add_stack_, 3, stack.parent);
      add_stack_.bind(4, stack.text_id);
      add_stack_.bind(5, stack.domain_id);
      add_stack_.bind(6, stack.category);
      add_stack_.run();
    }
  }

  void write_tracks(std::int64_t rank, RankTimeline& timeline) {
    constexpr const char* kinds[] = {"stream", "nvtx", "api"};
    for (auto& [key, rows] : timeline.sorted_tracks()) {
      const std::vector<LodLevel> levels = levels_of_detail(rows);
      std::int64_t busy = 0, end = rows.front().start;
      for (const LodBucket& bucket : levels.back().buckets) {
        busy += bucket.busy_ns;
        end = std::max(end, bucket.end);
      }
      const bool is_stream = key.kind == TrackKind::stream;
      const auto of_thread = [&](std::int64_t value, bool known) {
        return known ? std::optional<std::int64_t>(value) : std::nullopt;
      };
      add_track_.bind(1, ++tracks_);
      add_track_.bind(2, rank);
      add_track_.bind(3, std::string_view(kinds[static_cast<std::size_t>(key.kind)]));
      add_track_.bind_optional(4, key.global_pid);
      add_track_.bind_optional(5, key.device);
      add_track_.bind_optional(6, key.context);
      add_track_.bind_optional(7, key.stream);
      add_track_.bind_optional(8, of_thread(key.global_tid, !is_stream));
      add_track_.bind_optional(9, of_thread(key.depth, key.kind == TrackKind::nvtx));
      add_track_.bind(10, static_cast<std::int64_t>(rows.size()));
      add_track_.bind(11, rows.front().start);
      add_track_.bind(12, end);
      add_track_.bind(13, busy);
      add_track_.bind(14, std::int64_t{levels.front().level});
      add_track_.bind(15, std::int64_t{levels.back().level});
      add_track_.run();
      for (const LodLevel& level : levels) write_level(level);
      rows = {};
    }
  }

  void write_level(const LodLevel& level) {
    for (const LodBucket& bucket : level.buckets) {
      add_bucket_.bind(1, tracks_);
      add_bucket_.bind(2, std::int64_t{level.level});
      add_bucket_.bind(3, bucket.start);
      add_bucket_.bind(4, bucket.end);
      add_bucket_.bind(5, bucket.busy_ns);
      add_bucket_.bind(6, bucket.rows);
      add_bucket_.bind(7, table_of(bucket.longest));
      add_bucket_.bind(8, row_of(bucket.longest));
      add_bucket_.run();
    }
  }

  static constexpr int correlation_bits = 40;  // database::MergeIds::ids_per_file
  static constexpr std::int64_t most_files = std::int64_t{1} << 22;

  Connection& run_;
  GraphStacks graph_stacks_;
  Texts texts_;
  std::int64_t next_stack_;
  std::int64_t run_end_;
  KernelRows kernel_rows_;
  Statement add_track_, add_bucket_, add_stack_;
  std::map<std::int64_t, std::vector<StackNode>> known_stacks_;  // by rank
  std::map<std::int64_t, std::vector<std::int64_t>> files_;      // by rank
  std::int64_t tracks_ = 0;
};

}  // namespace

void summarize_run(const std::string& path) {
  try {
    Connection run(path, database::sqlite::OpenMode::read_write, path);
    run.distrust();
    database::check_is_run_database(run);
    database::check_tables(run);
    run.exec("PRAGMA cache_size=-65536; PRAGMA temp_store=FILE");
    run.exec("BEGIN IMMEDIATE; DELETE FROM summary_kernels; DELETE FROM timeline_tracks; DELETE FROM timeline_lod");
    {
      std::set<std::int64_t> ranks;
      Statement list(run, "SELECT DISTINCT rank FROM ranks");
      while (list.step()) ranks.insert(list.integer(0));
      RunSummaries summaries(run);
      for (const std::int64_t rank : ranks) summaries.add_rank(rank);
    }
    run.exec("COMMIT");
  } catch (const database::sqlite::SqliteError& error) {
    if (error.damaged()) throw InputError(path, "is damaged: " + error.reason());
    throw SystemError(path + ": cannot write the summaries: " + error.reason());
  }
}

}  // namespace foldperf::analysis
