// What the tests of the run database share: a folder of their own, and small files in it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/database/writer.hpp"
#include "core/facts/conventions.hpp"

namespace foldperf::database {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "foldperf-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline constexpr std::int64_t run_start_ns = 1'700'000'000'000'000'000;

inline ProcessInfo process(int rank, std::int64_t pid = 100, std::int64_t start_after_ns = 0) {
  ProcessInfo info;
  info.rank = rank;
  info.host = "node";
  info.pid = pid;
  info.command = "train";
  info.start_utc_ns = run_start_ns + start_after_ns;
  return info;
}

inline records::NvtxRecord range(std::int64_t start_ns, std::int64_t end_ns, std::string_view text,
                                 std::int64_t domain = 0) {
  records::NvtxRecord record;
  record.start_ns = start_ns;
  record.end_ns = end_ns;
  record.text = text;
  record.domain_id = domain;
  record.global_tid_start = records::global_tid(100, 100);
  return record;
}

inline records::NvtxRecord fact(std::int64_t at_ns, std::string_view json, std::int64_t domain) {
  records::NvtxRecord record;
  record.event_type = records::NvtxEventType::mark;
  record.start_ns = at_ns;
  record.text = json;
  record.domain_id = domain;
  record.category = static_cast<std::uint32_t>(facts::Category::fact);
  return record;
}

inline std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// The message of the exception of type E that `f` throws.
template <class E, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception: " << error.what();
    return "";
  }
  ADD_FAILURE() << "no exception";
  return "";
}

}  // namespace foldperf::database
