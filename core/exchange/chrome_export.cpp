// Trace Event Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
// Names of categories and arguments are those of PyTorch's traces (Kineto), so that its tools read them too.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/database/reader.hpp"
#include "core/exchange/exported_run.hpp"
#include "core/exchange/output_file.hpp"
#include "core/exchange/run_export.hpp"
#include "core/records/records.hpp"

namespace foldperf::exchange {
namespace {

using database::sqlite::Statement;

// Streams are threads behind all threads that an operating system numbers; collectives and steps have tracks too.
constexpr std::int64_t first_stream_tid = 0x1000000;
constexpr std::int64_t steps_tid = 0x8000000;
constexpr std::int64_t collectives_tid = 0x8000001;
constexpr std::int64_t rank_without_number = 999'999;

std::int64_t pid_of_rank(std::int64_t rank) { return rank < 0 ? rank_without_number : rank; }
std::int64_t stream_tid(std::int64_t device, std::int64_t stream) {
  return first_stream_tid + (device & 0x1F) * 0x200000 + (stream & 0x1FFFFF);
}

std::string json_text(std::string_view text) {
  return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Microseconds with all nanoseconds.
std::string us(std::int64_t ns) {
  char text[40];
  const char* sign = ns < 0 ? "-" : "";
  const auto size = static_cast<std::uint64_t>(ns < 0 ? -ns : ns);
  std::snprintf(text, sizeof text, "%s%llu.%03llu", sign, static_cast<unsigned long long>(size / 1000),
                static_cast<unsigned long long>(size % 1000));
  return text;
}

class ChromeExport {
 public:
  ChromeExport(ExportedRun& run, OutputFile& file) : connection_(run.connection()), file_(file) {}

  std::int64_t write(const std::string& path, const ExportOptions& options) {
    limit(path, options);
    Statement run(connection_, "SELECT start_utc_ns,name FROM runs");
    std::int64_t start = 0;
    std::string name;
    if (run.step()) start = run.integer(0), name = run.text(1);
    file_.write("{\"schemaVersion\":1,\"displayTimeUnit\":\"ns\",\"baseTimeNanoseconds\":" + std::to_string(start) +
                ",\"otherData\":{\"writer\":\"foldperf\",\"run\":" + json_text(name) + "},\"traceEvents\":[\n");
    processes();
    steps();
    ranges();
    kernels();
    copies();
    calls();
    collectives();
    counters();
    file_.write("\n]}\n");
    return count_;
  }

 private:
  // Fills temp.parts: which part of the run each rank shows.
  void limit(const std::string& path, const ExportOptions& options) {
    connection_.exec("CREATE TEMP TABLE parts(rank INTEGER PRIMARY KEY,first INTEGER,last INTEGER)");
    const std::string from = std::to_string(options.from_ns.value_or(-database::time_limit_ns));
    const std::string to = std::to_string(options.to_ns.value_or(database::time_limit_ns));
    if (!options.steps) {
      connection_.exec("INSERT OR IGNORE INTO temp.parts SELECT DISTINCT rank," + from + "," + to + " FROM ranks");
      // Rows whose rank has no row of its own are shown too.
      for (const char* table : {"NVTX_EVENTS", "CUPTI_ACTIVITY_KIND_KERNEL", "collectives"}) {
        connection_.exec("INSERT OR IGNORE INTO temp.parts SELECT DISTINCT rank," + from + "," + to + " FROM " +
                         std::string(table));
      }
      return;
    }
    connection_.exec("INSERT INTO temp.parts SELECT rank,max(min(start)," + from + "),min(max(\"end\")," + to +
                     ") FROM step_ranges WHERE step BETWEEN " + std::to_string(options.steps->first) + " AND " +
                     std::to_string(options.steps->second) + " GROUP BY rank");
    if (connection_.query_int("SELECT count(*) FROM temp.parts") == 0) {
      throw InputError(path, "has no steps " + std::to_string(options.steps->first) + " to " +
                                 std::to_string(options.steps->second) + ": see the table step_ranges");
    }
  }

  // Rows of `table` (alias t) that touch their rank's part.
  static std::string in_part(const std::string& table, const std::string& start = "t.start",
                             const std::string& end = "COALESCE(t.\"end\",t.start)") {
    return " FROM temp.parts p JOIN \"" + table + "\" t ON t.rank=p.rank AND " + start + "<p.last AND " + end +
           ">=p.first ";
  }

  void event(const std::string& text) {
    if (count_++ > 0) file_.write(",\n");
    file_.write(text);
  }
  static std::string place(std::int64_t rank, std::int64_t tid) {
    return ",\"pid\":" + std::to_string(pid_of_rank(rank)) + ",\"tid\":" + std::to_string(tid);
  }
  void metadata(const char* what, std::int64_t rank, std::int64_t tid, const std::string& arguments) {
    event(std::string("{\"ph\":\"M\",\"name\":\"") + what + "\"" + place(rank, tid) + ",\"ts\":0,\"args\":{" +
          arguments + "}}");
  }
  void complete(const char* category, std::string_view name, std::int64_t rank, std::int64_t tid, std::int64_t start,
                std::int64_t end, const std::string& arguments) {
    start = database::bounded(start);
    event(std::string("{\"ph\":\"X\",\"cat\":\"") + category + "\",\"name\":" + json_text(name) + place(rank, tid) +
          ",\"ts\":" + us(start) + ",\"dur\":" + us(std::max<std::int64_t>(0, database::bounded(end) - start)) +
          ",\"args\":{" + arguments + "}}");
  }
  static std::string number(const char* name, const Statement& row, int column, const char* comma = ",") {
    return row.is_null(column) ? "" : std::string(comma) + "\"" + name + "\":" + std::to_string(row.integer(column));
  }

  void processes() {
    Statement ranks(connection_,
                    "SELECT p.rank,max(r.host),min(r.pid),max(r.world_size) FROM temp.parts p "
                    "LEFT JOIN ranks r ON r.rank=p.rank GROUP BY p.rank");
    while (ranks.step()) {
      const std::int64_t rank = ranks.integer(0);
      const std::string name = (rank < 0 ? std::string("without rank") : "rank " + std::to_string(rank)) + " (" +
                               std::string(ranks.text(1)) + ", pid " + std::to_string(ranks.integer(2)) + ")";
      metadata("process_name", rank, 0,
               "\"name\":" + json_text(name) + ",\"rank\":" + std::to_string(rank) + number("world_size", ranks, 3));
      metadata("process_sort_index", rank, 0, "\"sort_index\":" + std::to_string(pid_of_rank(rank)));
      metadata("thread_name", rank, steps_tid, "\"name\":\"steps\"");
      metadata("thread_name", rank, collectives_tid, "\"name\":\"collectives\"");
    }
    Statement threads(connection_,
                      "SELECT t.rank,t.globalTid,s.value FROM ThreadNames t "
                      "JOIN temp.parts p ON p.rank=t.rank JOIN StringIds s ON s.id=t.nameId");
    while (threads.step()) {
      metadata("thread_name", threads.integer(0), records::tid_of(threads.integer(1)),
               "\"name\":" + json_text(threads.text(2)));
    }
    Statement streams(connection_,
                      "SELECT DISTINCT rank,deviceId,streamId FROM CUPTI_ACTIVITY_KIND_KERNEL UNION "
                      "SELECT DISTINCT rank,deviceId,streamId FROM CUPTI_ACTIVITY_KIND_MEMCPY UNION "
                      "SELECT DISTINCT rank,deviceId,streamId FROM CUPTI_ACTIVITY_KIND_MEMSET UNION "
                      "SELECT DISTINCT rank,deviceId,streamId FROM CUPTI_ACTIVITY_KIND_GRAPH_TRACE");
    while (streams.step()) {
      metadata("thread_name", streams.integer(0), stream_tid(streams.integer(1), streams.integer(2)),
               "\"name\":\"GPU " + std::to_string(streams.integer(1)) + " stream " +
                   std::to_string(streams.integer(2)) + "\"");
    }
  }

  void steps() {
    Statement rows(connection_, "SELECT t.rank,t.step,t.start,t.\"end\"" + in_part("step_ranges"));
    while (rows.step()) {
      complete("step", "step " + std::to_string(rows.integer(1)), rows.integer(0), steps_tid, rows.integer(2),
               rows.integer(3), "\"step\":" + std::to_string(rows.integer(1)));
    }
  }

  // A range in which the program ended lasts to the run's end or that of the part.
  void ranges() {
    const std::string last =
        std::to_string(connection_.query_int("SELECT COALESCE(max(COALESCE(\"end\",start)),0) FROM NVTX_EVENTS"));
    Statement rows(connection_, "SELECT t.rank,t.eventType,t.start,COALESCE(t.\"end\",min(p.last,max(t.start," + last +
                                    "))),t.globalTid,COALESCE(t.text,s.value,''),t.int64Value,d.value" +
                                    in_part("NVTX_EVENTS", "t.start",
                                            "CASE WHEN t.\"end\" IS NULL AND t.eventType<>34 THEN p.last ELSE "
                                            "COALESCE(t.\"end\",t.start) END") +
                                    "LEFT JOIN StringIds s ON s.id=t.textId LEFT JOIN NvtxDomains n ON n.rank=t.rank "
                                    "AND n.domainId=t.domainId LEFT JOIN StringIds d ON d.id=n.nameId");
    std::int64_t id = 0;
    while (rows.step()) {
      const std::int64_t rank = rows.integer(0);
      const std::int64_t tid = records::tid_of(rows.integer(4));
      std::string arguments = number("value", rows, 6, "");
      if (!rows.is_null(7)) arguments += (arguments.empty() ? "" : ",") + ("\"domain\":" + json_text(rows.text(7)));
      if (rows.integer(1) == 34) {
        event("{\"ph\":\"i\",\"s\":\"t\",\"cat\":\"nvtx\",\"name\":" + json_text(rows.text(5)) + place(rank, tid) +
              ",\"ts\":" + us(database::bounded(rows.integer(2))) + ",\"args\":{" + arguments + "}}");
      } else if (rows.integer(1) == 60) {
        // They need not nest, as a thread's complete events must: asynchronous ones need not either.
        const std::string rest = ",\"cat\":\"nvtx_start_end\",\"name\":" + json_text(rows.text(5)) + place(rank, tid) +
                                 ",\"id\":" + std::to_string(++id) + ",\"ts\":";
        event("{\"ph\":\"b\"" + rest + us(database::bounded(rows.integer(2))) + ",\"args\":{" + arguments + "}}");
        event("{\"ph\":\"e\"" + rest + us(database::bounded(rows.integer(3))) + "}");
      } else {
        complete("user_annotation", rows.text(5), rank, tid, rows.integer(2), rows.integer(3), arguments);
      }
    }
  }

  // Ids are as the process knew them: those of a run have the rank's place in their upper bits.
  void kernels() {
    Statement rows(connection_,
                   "SELECT t.rank,t.deviceId,t.streamId,t.start,t.\"end\",t.raw_correlationId,"
                   "COALESCE(s.value,d.value,'kernel'),t.gridX,t.gridY,t.gridZ,t.blockX,t.blockY,t.blockZ,"
                   "t.registersPerThread,COALESCE(t.staticSharedMemory,0)+COALESCE(t.dynamicSharedMemory,0),"
                   "t.graphId&1099511627775,t.graphNodeId&1099511627775,t.correlationId,EXISTS(SELECT 1 FROM "
                   "CUPTI_ACTIVITY_KIND_RUNTIME r "
                   "WHERE r.correlationId=t.correlationId)" +
                       in_part("CUPTI_ACTIVITY_KIND_KERNEL") +
                       "LEFT JOIN StringIds s ON s.id=t.shortName LEFT JOIN StringIds d ON d.id=t.demangledName");
    const auto three = [&](const char* name, int column) {
      return std::string(",\"") + name + "\":[" + std::to_string(rows.integer(column)) + "," +
             std::to_string(rows.integer(column + 1)) + "," + std::to_string(rows.integer(column + 2)) + "]";
    };
    while (rows.step()) {
      const std::int64_t tid = stream_tid(rows.integer(1), rows.integer(2));
      std::string arguments = "\"device\":" + std::to_string(rows.integer(1)) +
                              ",\"stream\":" + std::to_string(rows.integer(2)) + number("correlation", rows, 5);
      if (!rows.is_null(7)) arguments += three("grid", 7);
      if (!rows.is_null(10)) arguments += three("block", 10);
      arguments += number("registers per thread", rows, 13) + number("shared memory", rows, 14) +
                   number("graph id", rows, 15) + number("graph node id", rows, 16);
      complete("kernel", rows.text(6), rows.integer(0), tid, rows.integer(3), rows.integer(4), arguments);
      if (!rows.is_null(17) && rows.integer(18) != 0)
        flow("f", rows.integer(0), tid, rows.integer(3), rows.integer(17));
    }
  }

  // The arrow from a call to what it launched. A graph's launch has many ends.
  void flow(const char* phase, std::int64_t rank, std::int64_t tid, std::int64_t at, std::int64_t id) {
    event(std::string("{\"ph\":\"") + phase + "\",\"cat\":\"ac2g\",\"name\":\"ac2g\",\"id\":" + std::to_string(id) +
          place(rank, tid) + ",\"ts\":" + us(database::bounded(at)) + (*phase == 'f' ? ",\"bp\":\"e\"}" : "}"));
  }

  void copies() {
    for (const bool copy : {true, false}) {
      Statement rows(connection_, std::string("SELECT t.rank,t.deviceId,t.streamId,t.start,t.\"end\","
                                              "t.raw_correlationId,t.bytes,") +
                                      (copy ? "t.copyKind" : "0") +
                                      in_part(copy ? "CUPTI_ACTIVITY_KIND_MEMCPY" : "CUPTI_ACTIVITY_KIND_MEMSET"));
      while (rows.step()) {
        static const char* const kinds[] = {"",      " HtoD", " DtoH", " HtoA", " AtoH", " AtoA",
                                            " AtoD", " DtoA", " DtoD", " HtoH", " PtoP"};
        const std::int64_t kind = rows.integer(7);
        const std::string name = copy ? std::string("Memcpy") + (kind > 0 && kind <= 10 ? kinds[kind] : "") : "Memset";
        complete(copy ? "gpu_memcpy" : "gpu_memset", name, rows.integer(0),
                 stream_tid(rows.integer(1), rows.integer(2)), rows.integer(3), rows.integer(4),
                 "\"device\":" + std::to_string(rows.integer(1)) + ",\"stream\":" + std::to_string(rows.integer(2)) +
                     number("correlation", rows, 5) + number("bytes", rows, 6));
      }
    }
    Statement graphs(
        connection_,
        "SELECT t.rank,t.deviceId,t.streamId,t.start,t.\"end\",t.raw_correlationId,t.graphId&1099511627775" +
            in_part("CUPTI_ACTIVITY_KIND_GRAPH_TRACE"));
    while (graphs.step()) {
      complete("cuda_graph", "CUDA graph", graphs.integer(0), stream_tid(graphs.integer(1), graphs.integer(2)),
               graphs.integer(3), graphs.integer(4),
               "\"device\":" + std::to_string(graphs.integer(1)) + number("stream", graphs, 2) +
                   number("correlation", graphs, 5) + number("graph id", graphs, 6));
    }
  }

  void calls() {
    Statement rows(connection_,
                   "SELECT t.rank,t.globalTid,t.start,t.\"end\",t.raw_correlationId,t.correlationId,"
                   "COALESCE(s.value,'CUDA call'),t.correlationId IN "
                   "(SELECT correlationId FROM CUPTI_ACTIVITY_KIND_KERNEL)" +
                       in_part("CUPTI_ACTIVITY_KIND_RUNTIME") + "LEFT JOIN StringIds s ON s.id=t.nameId");
    while (rows.step()) {
      const std::int64_t tid = records::tid_of(rows.integer(1));
      const std::string_view name = rows.text(6);
      const bool driver = name.starts_with("cu") && !name.starts_with("cuda");
      complete(driver ? "cuda_driver" : "cuda_runtime", name, rows.integer(0), tid, rows.integer(2), rows.integer(3),
               number("correlation", rows, 4, ""));
      if (rows.integer(7) != 0) flow("s", rows.integer(0), tid, rows.integer(2), rows.integer(5));
    }
  }

  void collectives() {
    Statement rows(connection_,
                   "SELECT t.rank,t.start,COALESCE(t.\"end\",t.start),COALESCE(t.operation,'collective'),"
                   "t.bytes,t.communicator,t.sequence_number,t.graph_replay,t.algorithm,t.protocol" +
                       in_part("collectives"));
    std::int64_t id = 0;
    while (rows.step()) {
      std::string arguments = number("communicator", rows, 5, "") + number("sequence number", rows, 6) +
                              number("graph replay", rows, 7) + number("bytes", rows, 4);
      if (!rows.is_null(8)) arguments += ",\"algorithm\":" + json_text(rows.text(8));
      if (!rows.is_null(9)) arguments += ",\"protocol\":" + json_text(rows.text(9));
      // Those of several communicators overlap.
      const std::string rest = ",\"cat\":\"collective\",\"name\":" + json_text(rows.text(3)) +
                               place(rows.integer(0), collectives_tid) + ",\"id\":" + std::to_string(++id) + ",\"ts\":";
      event("{\"ph\":\"b\"" + rest + us(database::bounded(rows.integer(1))) + ",\"args\":{" + arguments + "}}");
      event("{\"ph\":\"e\"" + rest + us(database::bounded(rows.integer(2))) + "}");
    }
  }

  void counters() {
    struct Counter {
      const char *table, *column, *name, *unit;
    };
    static constexpr Counter all[] = {{"host_samples", "t.rss_bytes", "resident memory", "bytes"},
                                      {"host_samples", "t.run_queue", "run queue", "threads"},
                                      {"host_samples", "t.system_cpu_permille", "machine's CPUs", "permille"},
                                      {"environment", "t.sm_clock_mhz", "GPU clock", "MHz"},
                                      {"environment", "t.power_mw", "GPU power", "mW"},
                                      {"environment", "t.temperature_c", "GPU temperature", "C"}};
    for (const Counter& counter : all) {
      const bool gpu = counter.table == std::string_view("environment");
      Statement rows(connection_, std::string("SELECT t.rank,t.at,") + counter.column + (gpu ? ",t.deviceId" : ",0") +
                                      in_part(counter.table, "t.at", "t.at") + "WHERE " + counter.column +
                                      " IS NOT NULL");
      while (rows.step()) {
        const std::string name = counter.name + (gpu ? " " + std::to_string(rows.integer(3)) : "");
        event("{\"ph\":\"C\",\"name\":" + json_text(name) + place(rows.integer(0), 0) +
              ",\"ts\":" + us(database::bounded(rows.integer(1))) + ",\"args\":{\"" + counter.unit +
              "\":" + std::to_string(rows.integer(2)) + "}}");
      }
    }
  }

  database::sqlite::Connection& connection_;
  OutputFile& file_;
  std::int64_t count_ = 0;
};

}  // namespace

std::int64_t export_chrome(const std::string& run, const std::string& output, const ExportOptions& options) {
  ExportedRun source(run);
  OutputFile file(output);
  const std::int64_t count =
      database::naming_damage(run, [&] { return ChromeExport(source, file).write(run, options); });
  file.close();
  return count;
}

}  // namespace foldperf::exchange
