#include "core/analysis/clock_fit.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "core/database/reader.hpp"
#include "core/database/schema.hpp"
#include "core/database/sqlite.hpp"

namespace foldperf::analysis {
namespace {

namespace sqlite = database::sqlite;

constexpr std::size_t most_slope_anchors = 1000;
// Crystals of computers are within 100 ppm; two may differ by twice that. More is not drift.
constexpr double most_drift = 200e-6;
constexpr std::size_t most_moments = 100'000;

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

double difference(const ClockAnchor& anchor) { return static_cast<double>(anchor.reference - anchor.time); }

std::vector<double> left_over(const std::vector<ClockAnchor>& anchors, double slope) {
  std::vector<double> values;
  values.reserve(anchors.size());
  for (const ClockAnchor& anchor : anchors) {
    values.push_back(difference(anchor) - slope * static_cast<double>(anchor.time));
  }
  return values;
}

// `anchors` by time.
double theil_sen(const std::vector<ClockAnchor>& anchors) {
  std::vector<ClockAnchor> some;
  const std::size_t count = std::min(anchors.size(), most_slope_anchors);
  for (std::size_t i = 0; i < count; ++i) some.push_back(anchors[i * anchors.size() / count]);
  std::vector<double> slopes;
  slopes.reserve(count * (count - 1) / 2);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i + 1; j < count; ++j) {
      const auto apart = static_cast<double>(some[j].time - some[i].time);
      if (apart > 0) slopes.push_back((difference(some[j]) - difference(some[i])) / apart);
    }
  }
  return slopes.empty() ? 0 : median(slopes);
}

// A slope that noise alone may make is worse than none: it moves what lies outside the anchors. Its standard error over
// evenly spread anchors is sigma * sqrt(12 / n) / span.
bool is_significant(double slope, const std::vector<ClockAnchor>& anchors) {
  std::vector<double> values = left_over(anchors, slope);
  const double middle = median(values);
  for (double& value : values) value = std::abs(value - middle);
  const double sigma = 1.4826 * median(values);
  const auto span = static_cast<double>(anchors.back().time - anchors.front().time);
  return std::abs(slope) * span > 4 * sigma * std::sqrt(12.0 / static_cast<double>(anchors.size()));
}

// One moment, by the clocks of several hosts: host's place -> time.
using Moment = std::map<std::size_t, std::int64_t>;

struct Host {
  std::string name;
  std::set<int> ranks;
  std::optional<ClockFit> fit;
};

// The first rank's first. A rank that several machines have (processes without rank) belongs to none.
std::vector<Host> hosts_of(sqlite::Connection& connection) {
  std::vector<Host> hosts;
  sqlite::Statement rows(connection,
                         "SELECT rank,min(host) FROM ranks WHERE host IS NOT NULL GROUP BY rank "
                         "HAVING count(DISTINCT host)=1 ORDER BY rank<0,rank");
  while (rows.step()) {
    const std::string name(rows.text(1));
    auto host = std::find_if(hosts.begin(), hosts.end(), [&](const Host& h) { return h.name == name; });
    if (host == hosts.end()) host = hosts.insert(hosts.end(), Host{name, {}, {}});
    host->ranks.insert(static_cast<int>(rows.integer(0)));
  }
  return hosts;
}

// The ends of collectives that ran on several hosts, on each the earliest: of a machine's ranks the one that saw the
// end with least delay. Evenly thinned out where there are very many.
std::vector<Moment> common_ends(sqlite::Connection& connection, const std::vector<Host>& hosts) {
  std::map<int, std::size_t> host_of;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    for (const int rank : hosts[i].ranks) host_of[rank] = i;
  }
  std::vector<Moment> moments;
  std::size_t stride = 1;
  std::size_t seen = 0;
  Moment present;
  const auto keep = [&] {
    if (present.size() > 1 && seen++ % stride == 0) moments.push_back(present);
    present.clear();
    if (moments.size() < 2 * most_moments) return;
    for (std::size_t i = 0; 2 * i < moments.size(); ++i) moments[i] = std::move(moments[2 * i]);
    moments.resize(moments.size() / 2);
    stride *= 2;
  };
  sqlite::Statement rows(connection,
                         "SELECT rank,\"end\",communicator,sequence_number,operation,graph_replay,"
                         "communicator IS lag(communicator) OVER o AND sequence_number IS lag(sequence_number) OVER o "
                         "AND operation IS lag(operation) OVER o AND graph_replay IS lag(graph_replay) OVER o "
                         "FROM collectives WHERE \"end\" IS NOT NULL AND sequence_number IS NOT NULL "
                         "AND COALESCE(is_p2p,0)=0 "
                         "WINDOW o AS (ORDER BY communicator,sequence_number,operation,graph_replay) "
                         "ORDER BY communicator,sequence_number,operation,graph_replay");
  while (rows.step()) {
    if (rows.integer(6) == 0) keep();
    const auto host = host_of.find(static_cast<int>(rows.integer(0)));
    if (host == host_of.end()) continue;
    const std::int64_t end = database::bounded(rows.integer(1));
    const auto [at, first] = present.try_emplace(host->second, end);
    if (!first) at->second = std::min(at->second, end);
  }
  keep();
  return moments;
}

// What `host` and those that are fitted already saw both.
std::vector<ClockAnchor> anchors_of(std::size_t host, const std::vector<Moment>& moments,
                                    const std::vector<Host>& hosts) {
  std::vector<ClockAnchor> anchors;
  for (const Moment& moment : moments) {
    const auto own = moment.find(host);
    if (own == moment.end()) continue;
    for (const auto& [other, end] : moment) {
      if (other == host || !hosts[other].fit) continue;
      anchors.push_back({own->second, hosts[other].fit->corrected(end)});
      break;
    }
  }
  return anchors;
}

void fit_hosts(std::vector<Host>& hosts, const std::vector<Moment>& moments) {
  hosts[0].fit = ClockFit{};
  while (true) {
    std::size_t best = 0;
    std::vector<ClockAnchor> most;
    for (std::size_t i = 1; i < hosts.size(); ++i) {
      if (hosts[i].fit) continue;
      auto anchors = anchors_of(i, moments, hosts);
      if (anchors.size() > most.size()) best = i, most = std::move(anchors);
    }
    if (best == 0) return;
    auto fit = fit_clock(std::move(most));
    if (!fit) return;  // those that are left have fewer anchors still
    hosts[best].fit = fit;
  }
}

// All times that the machine's own clock gave; `gpu_start` is the GPU's.
bool is_time(const std::string& column) {
  static const std::set<std::string> names{"start", "end", "at", "timestamp", "enqueued"};
  return names.contains(column);
}

void shift_times(sqlite::Connection& connection) {
  for (const std::string& table : database::schema_tables()) {
    const auto columns = database::table_columns(connection, "main", table);
    if (std::find(columns.begin(), columns.end(), "rank") == columns.end()) continue;
    std::string changes;
    for (const std::string& column : columns) {
      if (!is_time(column)) continue;
      const std::string name = "\"" + column + "\"";
      changes +=
          (changes.empty() ? "" : ",") + name + "=" + name + "+f.shift+CAST(round(" + name + "*f.drift) AS INTEGER)";
    }
    if (changes.empty()) continue;
    connection.exec("UPDATE \"" + table + "\" SET " + changes + " FROM temp.clock_shift f WHERE f.rank=\"" + table +
                    "\".rank");
  }
}

void write_fits(sqlite::Connection& connection, const std::vector<Host>& hosts) {
  sqlite::Statement add(connection,
                        "INSERT INTO clock_fit(rank,offset_ns,drift_ppb,residual_ns,anchors) VALUES(?1,?2,?3,?4,?5)");
  sqlite::Statement residual(connection, "UPDATE ranks SET clock_residual_ns=?2 WHERE rank=?1");
  sqlite::Statement shift(connection, "INSERT INTO temp.clock_shift(rank,shift,drift) VALUES(?1,?2,?3)");
  for (const Host& host : hosts) {
    if (!host.fit) continue;
    for (const int rank : host.ranks) {
      add.bind(1, std::int64_t{rank});
      add.bind(2, host.fit->offset_ns);
      add.bind(3, host.fit->drift_ppb);
      add.bind(4, host.fit->residual_ns);
      add.bind(5, host.fit->anchors);
      add.run();
      residual.bind(1, std::int64_t{rank});
      residual.bind(2, host.fit->residual_ns);
      residual.run();
      if (host.fit->offset_ns == 0 && host.fit->drift_ppb == 0) continue;
      shift.bind(1, std::int64_t{rank});
      shift.bind(2, host.fit->offset_ns);
      shift.bind(3, static_cast<double>(host.fit->drift_ppb) * 1e-9);
      shift.run();
    }
  }
}

std::vector<std::string> notes_of(const std::vector<Host>& hosts, const std::vector<Moment>& moments) {
  std::vector<std::string> notes;
  std::int64_t worst = 0;
  std::int64_t fewest = 0;
  std::size_t fitted = 0;
  for (std::size_t i = 1; i < hosts.size(); ++i) {
    if (hosts[i].fit) {
      worst = std::max(worst, hosts[i].fit->residual_ns);
      fewest = fitted++ == 0 ? hosts[i].fit->anchors : std::min(fewest, hosts[i].fit->anchors);
      continue;
    }
    notes.push_back("the clock of " + hosts[i].name + " was not compared with the others' (" +
                    std::to_string(anchors_of(i, moments, hosts).size()) + " common collectives, " +
                    std::to_string(fewest_clock_anchors) + " are needed): its times are as it gave them");
  }
  if (fitted > 0) {
    notes.insert(notes.begin(), "the clocks of " + std::to_string(fitted + 1) + " machines were aligned by at least " +
                                    std::to_string(fewest) + " collectives each, and agree within " +
                                    std::to_string(worst) + " ns (95 % of them)");
  }
  return notes;
}

std::vector<std::string> fit(sqlite::Connection& connection) {
  if (connection.query_int("SELECT count(*) FROM clock_fit") > 0) return {};
  std::vector<Host> hosts = hosts_of(connection);
  if (hosts.size() < 2) return {};
  const auto moments = common_ends(connection, hosts);
  fit_hosts(hosts, moments);
  connection.exec(
      "BEGIN IMMEDIATE;"
      "CREATE TEMP TABLE clock_shift(rank INTEGER PRIMARY KEY,shift INTEGER,drift REAL)");
  write_fits(connection, hosts);
  shift_times(connection);
  connection.exec("COMMIT");
  return notes_of(hosts, moments);
}

}  // namespace

std::int64_t ClockFit::corrected(std::int64_t time) const {
  return time + offset_ns +
         static_cast<std::int64_t>(std::round(static_cast<double>(time) * (static_cast<double>(drift_ppb) * 1e-9)));
}

std::optional<ClockFit> fit_clock(std::vector<ClockAnchor> anchors) {
  if (anchors.size() < fewest_clock_anchors) return std::nullopt;
  std::sort(anchors.begin(), anchors.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  ClockFit fit;
  fit.anchors = static_cast<std::int64_t>(anchors.size());
  const double slope = theil_sen(anchors);
  if (std::abs(slope) <= most_drift && is_significant(slope, anchors)) fit.drift_ppb = std::llround(slope * 1e9);
  auto values = left_over(anchors, static_cast<double>(fit.drift_ppb) * 1e-9);
  fit.offset_ns = std::llround(median(values));
  std::vector<std::int64_t> residuals;
  for (const ClockAnchor& anchor : anchors) {
    residuals.push_back(std::abs(anchor.reference - fit.corrected(anchor.time)));
  }
  const auto at = residuals.begin() + static_cast<std::ptrdiff_t>((residuals.size() - 1) * 95 / 100);
  std::nth_element(residuals.begin(), at, residuals.end());
  fit.residual_ns = *at;
  return fit;
}

std::vector<std::string> fit_clocks(const std::string& path) {
  try {
    { const database::RunReader check(path); }  // says what is wrong with a file that is no run
    sqlite::Connection connection(path, sqlite::OpenMode::read_write, path);
    connection.distrust();
    return fit(connection);
  } catch (const sqlite::SqliteError& error) {
    throw SystemError("could not align the clocks in " + std::string(error.what()));
  }
}

}  // namespace foldperf::analysis
