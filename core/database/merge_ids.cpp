#include "core/database/merge_ids.hpp"

#include <sqlite3.h>

namespace foldperf::database {

using sqlite::Statement;

MergeIds::MergeIds(sqlite::Connection& connection) : connection_(connection) {
  domains_[""] = {0};
  // A look-up for each of a million names is too much for a sub-select.
  sqlite3_create_function(connection.handle(), "fp_string", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, this,
                          &MergeIds::fp_string, nullptr, nullptr);
  connection_.exec(
      "CREATE TEMP TABLE domain_map(old INTEGER PRIMARY KEY, new INTEGER);"
      "CREATE TEMP TABLE communicator_map(old INTEGER PRIMARY KEY, new INTEGER)");
}

MergeIds::~MergeIds() {
  sqlite3_create_function(connection_.handle(), "fp_string", 1, SQLITE_UTF8, nullptr, nullptr, nullptr, nullptr);
}

void MergeIds::fp_string(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto* ids = static_cast<const MergeIds*>(sqlite3_user_data(context));
  if (sqlite3_value_type(arguments[0]) != SQLITE_INTEGER) return sqlite3_result_null(context);
  const std::int64_t old_id = sqlite3_value_int64(arguments[0]);
  const auto place = static_cast<std::uint64_t>(old_id);
  if (place < ids->dense_string_map_.size() && ids->dense_string_map_[place] != 0) {
    return sqlite3_result_int64(context, ids->dense_string_map_[place]);
  }
  const auto found = ids->far_string_map_.find(old_id);
  found == ids->far_string_map_.end() ? sqlite3_result_null(context) : sqlite3_result_int64(context, found->second);
}

void MergeIds::map_file(int file, int rank) {
  connection_.exec("DELETE FROM domain_map; DELETE FROM communicator_map");
  map_strings();
  map_domains(rank);
  map_communicators(file, rank);
}

void MergeIds::forget_file() {
  // Domains and communicators are written again with each file that has them; a string only once.
  for (const std::string& text : new_strings_) strings_.erase(text);
  new_strings_.clear();
}

std::int64_t MergeIds::intern(const std::string& text) {
  const auto [found, is_new] = strings_.try_emplace(text, static_cast<std::int64_t>(strings_.size()) + 1);
  if (is_new) {
    new_strings_.push_back(text);
    Statement insert(connection_, "INSERT INTO main.StringIds(id,value) VALUES(?1,?2)");
    insert.bind(1, found->second);
    insert.bind(2, text);
    insert.run();
  }
  return found->second;
}

void MergeIds::map_strings() {
  static constexpr std::int64_t densest = std::int64_t{1} << 22;
  dense_string_map_.clear();
  far_string_map_.clear();
  Statement read(connection_, "SELECT id,value FROM source.StringIds");
  while (read.step()) {
    const std::int64_t old_id = read.integer(0);
    const std::int64_t new_id = intern(std::string(read.text(1)));
    if (old_id >= 0 && old_id < densest) {
      if (const auto place = static_cast<std::size_t>(old_id); place >= dense_string_map_.size()) {
        dense_string_map_.resize(place + 1 + place / 2);
      }
      dense_string_map_[static_cast<std::size_t>(old_id)] = new_id;
    } else {
      far_string_map_[old_id] = new_id;
    }
  }
}

void MergeIds::map_domains(int rank) {
  std::map<std::int64_t, std::string> names{{0, ""}};
  Statement read_domains(connection_,
                         "SELECT d.domainId,s.value FROM source.NvtxDomains d LEFT JOIN source.StringIds s "
                         "ON s.id=d.nameId");
  while (read_domains.step()) names[read_domains.integer(0)] = std::string(read_domains.text(1));
  std::map<std::int64_t, Categories> categories;
  Statement read_categories(connection_,
                            "SELECT c.domainId,c.category,s.value FROM source.NvtxCategories c "
                            "LEFT JOIN source.StringIds s ON s.id=c.nameId");
  while (read_categories.step()) {
    categories[read_categories.integer(0)][read_categories.integer(1)] = std::string(read_categories.text(2));
  }

  Statement map(connection_, "INSERT OR REPLACE INTO domain_map(old,new) VALUES(?1,?2)");
  Statement add_domain(connection_, "INSERT OR IGNORE INTO main.NvtxDomains(rank,domainId,nameId) VALUES(?1,?2,?3)");
  Statement add_category(connection_,
                         "INSERT OR IGNORE INTO main.NvtxCategories(rank,domainId,category,nameId) "
                         "VALUES(?1,?2,?3,?4)");
  for (const auto& [old_id, name] : names) {
    // One id a name, over all ranks. Two processes of one rank may number a domain's categories differently (Python's
    // nvtx does, by first use): then the later one's domain gets an id of its own.
    const Categories& wanted = categories[old_id];
    const auto fits = [&](std::int64_t id) {
      const auto taken = categories_.find({rank, id});
      if (taken == categories_.end()) return true;
      for (const auto& [number, category] : wanted) {
        const auto same = taken->second.find(number);
        if (same != taken->second.end() && same->second != category) return false;
      }
      return true;
    };
    std::vector<std::int64_t>& candidates = domains_[name];
    std::int64_t id = -1;
    for (const std::int64_t candidate : candidates) {
      if (id < 0 && fits(candidate)) id = candidate;
    }
    if (id < 0) {
      id = next_domain_++;
      candidates.push_back(id);
    }
    categories_[{rank, id}].insert(wanted.begin(), wanted.end());

    map.bind(1, old_id);
    map.bind(2, id);
    map.run();
    if (id != 0) {
      add_domain.bind(1, std::int64_t{rank});
      add_domain.bind(2, id);
      name.empty() ? add_domain.bind_null(3) : add_domain.bind(3, intern(name));
      add_domain.run();
    }
    for (const auto& [number, category] : wanted) {
      add_category.bind(1, std::int64_t{rank});
      add_category.bind(2, id);
      add_category.bind(3, number);
      add_category.bind(4, intern(category));
      add_category.run();
    }
  }
}

void MergeIds::map_communicators(int file, int rank) {
  Statement read(connection_, "SELECT communicator,global_id,name,size,rank_in_communicator FROM source.communicators");
  Statement map(connection_, "INSERT OR REPLACE INTO communicator_map(old,new) VALUES(?1,?2)");
  Statement add(connection_,
                "INSERT INTO main.communicators(rank,communicator,global_id,name,size,rank_in_communicator,"
                "raw_communicator) VALUES(?1,?2,?3,?4,?5,?6,?7)");
  while (read.step()) {
    const std::int64_t old_id = read.integer(0);
    const std::string global = read.is_null(1) ? "only in file " + std::to_string(file) + ": " + std::to_string(old_id)
                                               : "global " + std::string(read.text(1));
    const auto [found, is_new] = communicators_.try_emplace(global, next_communicator_);
    if (is_new) ++next_communicator_;
    map.bind(1, old_id);
    map.bind(2, found->second);
    map.run();
    add.bind(1, std::int64_t{rank});
    add.bind(2, found->second);
    read.is_null(1) ? add.bind_null(3) : add.bind(3, read.text(1));
    add.bind_text_or_null(4, read.text(2));
    add.bind_optional(5, read.optional_integer(3));
    add.bind_optional(6, read.optional_integer(4));
    add.bind(7, old_id);
    add.run();
  }
}

}  // namespace foldperf::database
