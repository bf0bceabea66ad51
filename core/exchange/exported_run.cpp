#include "core/exchange/exported_run.hpp"

#include "core/database/schema.hpp"

namespace foldperf::exchange {

ExportedRun::ExportedRun(const std::string& path) : file_(path) {
  database::naming_damage(path, [&] {
    if (database::check_is_run_database(connection()) < database::schema_version) {
      file_.copy_to_private();
      database::upgrade(connection(), database::migrations());
    }
    database::check_tables(connection());
    connection().distrust();
    // The file's own views are off, since anybody may have written them; temporary ones are not.
    std::string views(database::views_sql());
    const std::string create = "CREATE VIEW";
    for (std::size_t at = 0; (at = views.find(create, at)) != std::string::npos; at += create.size()) {
      views.replace(at, create.size(), "CREATE TEMP VIEW");
    }
    connection().exec(views);
  });
}

std::vector<std::string> ExportedRun::tables_and_views() {
  std::vector<std::string> names = database::schema_tables();
  database::sqlite::Statement views(connection(), "SELECT name FROM temp.sqlite_schema WHERE type='view' ORDER BY 1");
  while (views.step()) names.emplace_back(views.text(0));
  return names;
}

}  // namespace foldperf::exchange
