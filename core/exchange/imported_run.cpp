#include "core/exchange/imported_run.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/analysis/run_summaries.hpp"
#include "core/analysis/step_finder.hpp"
#include "core/database/merge_sql.hpp"
#include "core/database/schema.hpp"

namespace foldperf::exchange {

using database::sqlite::Statement;

PartFile::~PartFile() { std::remove(path.c_str()); }

ImportedRun::ImportedRun(const std::string& output)
    : output_(output),
      part_(output + ".part-" + std::to_string(getpid())),
      connection_(part_.path, database::sqlite::OpenMode::create, output) {
  connection_.distrust();
  connection_.exec("PRAGMA page_size=8192; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE");
  database::create_schema(connection_);
  connection_.exec("BEGIN");
}

std::int64_t ImportedRun::string_id(const std::string& text) {
  const auto next = static_cast<std::int64_t>(strings_.size()) + 1;
  const auto [at, is_new] = strings_.try_emplace(text, next);
  if (is_new) {
    Statement add(connection_, "INSERT INTO StringIds(id,value) VALUES(?1,?2)");
    add.bind(1, next);
    add.bind(2, at->first);
    add.run();
  }
  return at->second;
}

int ImportedRun::take_rank(std::optional<std::int64_t> wanted) {
  constexpr std::int64_t most = 1'000'000;
  if (wanted && *wanted >= 0 && *wanted < most && ranks_.try_emplace(static_cast<int>(*wanted), true).second) {
    return static_cast<int>(*wanted);
  }
  int rank = 0;
  while (!ranks_.try_emplace(rank, true).second) ++rank;
  return rank;
}

void ImportedRun::add_rank(int rank, std::int64_t pid, std::int64_t start_utc_ns, const std::string& source,
                           std::optional<std::int64_t> world_size) {
  Statement add(connection_,
                "INSERT INTO ranks(rank,world_size,host,pid,start_utc_ns,state,source_file) "
                "VALUES(?1,?2,'unknown ' || ?1,?3,?4,'finished',?5)");
  add.bind(1, std::int64_t{rank});
  add.bind_optional(2, world_size);
  add.bind(3, pid);
  add.bind(4, start_utc_ns);
  add.bind(5, source);
  add.run();
}

void ImportedRun::add_dropped(int rank, const std::string& kind, std::int64_t count) {
  Statement add(connection_, "INSERT INTO dropped_records(rank,kind,reason,count) VALUES(?1,?2,'not imported',?3)");
  add.bind(1, std::int64_t{rank});
  add.bind(2, kind);
  add.bind(3, count);
  add.run();
}

void ImportedRun::finish(const std::string& name, std::int64_t start_utc_ns) {
  {
    Statement add(connection_,
                  "INSERT INTO runs(id,name,start_utc_ns,state,foldperf_version) VALUES(1,?1,?2,'finished',?3)");
    add.bind(1, name);
    add.bind(2, start_utc_ns);
    add.bind(3, std::string_view(FOLDPERF_VERSION));
    add.run();
  }
  for (const std::string& sql : database::index_sql()) connection_.exec(sql);
  connection_.exec(std::string(database::views_sql()));
  connection_.exec("COMMIT; PRAGMA journal_mode=DELETE");
  analysis::find_steps(part_.path);
  analysis::summarize_run(part_.path);
  if (std::rename(part_.path.c_str(), output_.c_str()) != 0) {
    throw SystemError("could not give " + output_ + " its name: may you write into its folder?");
  }
}

}  // namespace foldperf::exchange
