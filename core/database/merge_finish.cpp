#include "core/database/merge_finish.hpp"

#include <sqlite3.h>

#include <string_view>

namespace foldperf::database {
namespace {

using sqlite::Statement;

bool ends_path(char c) { return std::string_view(" \t\n\"'`,;:()[]{}<>|=").find(c) != std::string_view::npos; }

void fp_redacted(sqlite3_context* context, int, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) != SQLITE_TEXT) return sqlite3_result_value(context, arguments[0]);
  const auto* hosts = static_cast<const std::vector<std::string>*>(sqlite3_user_data(context));
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(arguments[0]));
  const std::string result = redacted({text, static_cast<std::size_t>(sqlite3_value_bytes(arguments[0]))}, *hosts);
  sqlite3_result_text(context, result.data(), static_cast<int>(result.size()), SQLITE_TRANSIENT);
}

}  // namespace

std::string redacted(std::string_view text, const std::vector<std::string>& hosts) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && !ends_path(text[end])) ++end;
    const std::string_view word = text.substr(at, end - at);
    const std::size_t slash = word.rfind('/');
    const bool path = !word.empty() &&
                      (word[0] == '/' || word[0] == '~' || word.starts_with("./") || word.starts_with("../")) &&
                      slash != std::string_view::npos;
    result += path ? word.substr(slash + 1) : word;
    if (end < text.size()) result += text[end++];
    at = end;
  }
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const std::string name = "host" + std::to_string(i + 1);
    for (std::size_t at = 0; (at = result.find(hosts[i], at)) != std::string::npos; at += name.size()) {
      result.replace(at, hosts[i].size(), name);
    }
  }
  return result;
}

void redact(sqlite::Connection& connection) {
  std::vector<std::string> hosts;
  {
    Statement list(connection, "SELECT host FROM ranks WHERE length(host)>0 GROUP BY host ORDER BY min(rank),host");
    while (list.step()) hosts.emplace_back(list.text(0));
  }
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    Statement change(connection, "UPDATE ranks SET host=?1 WHERE host=?2");
    const std::string name = "host" + std::to_string(i + 1);
    change.bind(1, name);
    change.bind(2, hosts[i]);
    change.run();
  }
  // Short names of machines ("a", "gpu") may be parts of any word of the program's own.
  std::erase_if(hosts, [](const std::string& host) { return host.size() < 5; });
  sqlite3_create_function(connection.handle(), "fp_redacted", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, &hosts, fp_redacted,
                          nullptr, nullptr);
  connection.exec(
      "UPDATE ranks SET command=NULL,source_file=NULL,redacted=1;"
      "UPDATE runs SET command=NULL,working_directory=NULL,name=fp_redacted(name);"
      "UPDATE StringIds SET value=fp_redacted(value) WHERE value<>fp_redacted(value);"
      "UPDATE NVTX_EVENTS SET text=fp_redacted(text),jsonText=fp_redacted(jsonText) "
      "WHERE text IS NOT fp_redacted(text) OR jsonText IS NOT fp_redacted(jsonText);"
      "UPDATE NVTX_EVENTS SET binaryData=NULL WHERE binaryData IS NOT NULL;"
      "UPDATE batches SET chain=fp_redacted(chain) WHERE chain IS NOT fp_redacted(chain);"
      "UPDATE metrics SET chain=fp_redacted(chain) WHERE chain IS NOT fp_redacted(chain);"
      "UPDATE communicators SET name=fp_redacted(name),global_id=fp_redacted(global_id);"
      "UPDATE collectors SET detail=fp_redacted(detail)");
  sqlite3_create_function(connection.handle(), "fp_redacted", 1, SQLITE_UTF8, nullptr, nullptr, nullptr, nullptr);
}

std::vector<std::string> what_is_missing(sqlite::Connection& connection) {
  std::vector<std::string> notes;
  Statement off(connection,
                "SELECT name||' was '||state||COALESCE(': '||NULLIF(detail,''),''),count(*) FROM collectors "
                "WHERE state<>'on' GROUP BY 1 ORDER BY 1");
  while (off.step()) {
    notes.push_back(std::string(off.text(0)) +
                    (off.integer(1) > 1 ? " (" + std::to_string(off.integer(1)) + " processes)" : ""));
  }
  Statement lost(connection,
                 "SELECT 'lost: '||sum(count)||' of '||kind||' ('||reason||')' FROM dropped_records "
                 "GROUP BY kind,reason HAVING sum(count)>0 ORDER BY 1");
  while (lost.step()) notes.emplace_back(lost.text(0));
  const auto alone = connection.query_int(
      "SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL k WHERE NOT EXISTS "
      "(SELECT 1 FROM CUPTI_ACTIVITY_KIND_RUNTIME r WHERE r.correlationId=k.correlationId)");
  if (alone > 0) notes.push_back(std::to_string(alone) + " kernels have no call that launched them");
  Statement nodes(connection,
                  "SELECT count(DISTINCT k.graphNodeId) FROM CUPTI_ACTIVITY_KIND_KERNEL k "
                  "WHERE k.graphNodeId IS NOT NULL AND NOT EXISTS "
                  "(SELECT 1 FROM CUDA_GRAPH_NODE_EVENTS n WHERE n.graphNodeId=k.graphNodeId)");
  if (nodes.step() && nodes.integer(0) > 0) {
    notes.push_back(std::to_string(nodes.integer(0)) + " nodes of CUDA graphs were made before recording began");
  }
  Statement clock(connection, "SELECT max(clock_residual_ns) FROM ranks");
  if (clock.step() && !clock.is_null(0)) {
    notes.push_back("clocks of the ranks agree within " + std::to_string(clock.integer(0)) + " ns");
  }
  return notes;
}

}  // namespace foldperf::database
